import { beforeAll, describe, expect, it } from 'vitest';
import type { PlannedRoute } from '../../shared/plan.ts';
import type { Rules } from '../../shared/rules.ts';
import { framePlanning, type FramedVehicle, type JobSource } from './frame.ts';
import { randomDay, writeRows, type RandomDay } from './random-day.ts';
import type { LiveAssignment, Snapshot, StopRow, TruckRow } from './snapshot.ts';
import { solve } from './solve.ts';

const HOUR_S = 3_600;
let day: RandomDay;
let route: PlannedRoute;
beforeAll(async () => {
  day = await randomDay(7, { trucks: 1, stops: 6, fresh: 8, iterations: 200 });
  route = day.snapshot.document.routes[0]!;
});

interface About {
  rules?: Partial<Rules>;
  truck?: Partial<TruckRow>;
  /** When its plan brings it home, in seconds after its shift began. */
  homeS?: number;
  driverShiftS?: number | null;
}

/** The day's one truck, ten minutes into its shift, with other rules, papers and plan. */
function pictured({ rules = {}, truck = {}, homeS, driverShiftS = null }: About): Snapshot {
  const { snapshot } = day;
  const startedMs = snapshot.routes.get(route.routeId)!.startedAt!.getTime();
  const stops = [...route.stops];
  if (homeS !== undefined) {
    const arrival = new Date(startedMs + homeS * 1_000).toISOString();
    stops[stops.length - 1] = { ...stops.at(-1)!, arrival, departure: arrival };
  }
  const assignment: LiveAssignment = {
    id: 1,
    routeId: route.routeId,
    driverId: 1,
    driverName: 'Conductora',
    startedAt: new Date(startedMs),
    scheduledStart: null,
    shiftS: driverShiftS,
  };
  return {
    ...snapshot,
    rules: { ...snapshot.rules, ...rules },
    trucks: new Map([[route.truckId, { ...snapshot.trucks.get(route.truckId)!, ...truck }]]),
    assignments: new Map([[route.routeId, assignment]]),
    document: { ...snapshot.document, routes: [{ ...route, stops }] },
  };
}

/** Its hours counted from the beginning of its shift. */
function hours(about: About): { shiftS: number; endS: number; overtimeMaxS: number } {
  const vehicle: FramedVehicle = framePlanning({
    snapshot: pictured(about),
    truckIds: [route.truckId],
    addIncidents: [],
    addContainers: [],
    outTruckIds: [],
    positionOf: () => null,
  }).vehicles[0]!;
  const { shiftFromS, shiftEndS, endS, overtimeMaxS } = vehicle;
  return { shiftS: shiftEndS - shiftFromS, endS: endS - shiftFromS, overtimeMaxS };
}

describe('how long a crew may be out (rule 83)', () => {
  const rules = { shiftS: 8 * HOUR_S, overtimeMaxS: 900 };

  it("the rules' shift and overtime where neither truck nor driver has its own", () => {
    expect(hours({ rules })).toEqual({ shiftS: 8 * HOUR_S, endS: 8 * HOUR_S, overtimeMaxS: 900 });
  });

  it("a truck's own, shorter or longer than the rules'", () => {
    for (const shiftS of [6 * HOUR_S, 10 * HOUR_S])
      expect(hours({ rules, truck: { shiftS } })).toMatchObject({ shiftS, endS: shiftS });
    for (const overtimeMaxS of [0, 2_700])
      expect(hours({ rules, truck: { overtimeMaxS } }).overtimeMaxS).toBe(overtimeMaxS);
  });

  it("a driver's longest shift ends it earlier, never later", () => {
    expect(hours({ rules, driverShiftS: 5 * HOUR_S }).shiftS).toBe(5 * HOUR_S);
    expect(hours({ rules, driverShiftS: 12 * HOUR_S }).shiftS).toBe(8 * HOUR_S);
    expect(hours({ rules, truck: { shiftS: 6 * HOUR_S }, driverShiftS: 7 * HOUR_S }).shiftS).toBe(6 * HOUR_S);
  });

  it('a shift already over leaves two hours to come home', () => {
    const { shiftS } = hours({ rules, truck: { shiftS: 600 } });
    expect(shiftS).toBe(600 + 2 * HOUR_S);
  });
});

describe('overtime in the plan', () => {
  const rules = { shiftS: 8 * HOUR_S, overtimeMaxS: 1_800, overtimeByHandMaxS: 2 * HOUR_S };
  const shiftS = rules.shiftS;

  it('that the planner may use by itself is no order: its limit stays where it was', () => {
    for (const homeS of [shiftS - 600, shiftS, shiftS + 1, shiftS + 900, shiftS + 1_800])
      expect(hours({ rules, homeS }), `home after ${homeS} s`).toEqual({
        shiftS,
        endS: shiftS,
        overtimeMaxS: 1_800,
      });
  });

  it('beyond that was ordered by hand: it is kept, up to what may be ordered, and nothing comes on top', () => {
    expect(hours({ rules, homeS: shiftS + 5_000 })).toEqual({
      shiftS,
      endS: shiftS + 5_000,
      overtimeMaxS: 0,
    });
    expect(hours({ rules, homeS: shiftS + 20_000 })).toEqual({
      shiftS,
      endS: shiftS + 7_200,
      overtimeMaxS: 0,
    });
  });

  it('does not grow with each re-plan, however much waits', async () => {
    // Room enough aboard: each incident costs its way and service, none a visit to the landfill.
    const begun = pictured({ truck: { capacity: 1_000 } });
    const startedMs = begun.routes.get(route.routeId)!.startedAt!.getTime();
    const homeMs = (of: PlannedRoute) => Date.parse(of.stops.at(-1)!.arrival);
    // The plan it set out with fills its shift; two hours are what is always left to come home.
    const shift = Math.max((homeMs(route) - startedMs) / 1_000, 2 * HOUR_S + 600);
    let snapshot: Snapshot = {
      ...begun,
      rules: { ...begun.rules, shiftS: Math.round(shift), overtimeMaxS: 1_800, overtimePriceSPerHour: 0 },
    };
    const limitMs = startedMs + Math.round(shift) * 1_000 + 1_800_000;
    let overtimeUsed = false;
    let turnedDown = 0;
    for (const incident of day.fresh) {
      const solved = await solve(day.dispatch, snapshot, {
        zone: 'oriental',
        truckIds: [route.truckId],
        addIncidents: [incident],
      });
      turnedDown += solved.diff.unassigned.length;
      if (solved.draft.routes.length === 0) continue;
      const made = writeRows(solved.draft, 1_000, 10_000 + 100 * incident.id);
      const home = homeMs(made.routes[0]!);
      expect(home).toBeLessThanOrEqual(limitMs + 1_000);
      overtimeUsed ||= home > limitMs - 1_800_000;
      snapshot = {
        ...snapshot,
        stops: new Map([...snapshot.stops, ...made.stops]),
        document: { ...snapshot.document, routes: made.routes },
      };
    }
    expect(overtimeUsed).toBe(true);
    expect(turnedDown).toBeGreaterThan(0);
  });
});

describe('what a stop is worth where not all can be served', () => {
  /** Two side loaders with containers alone, each with a shift that its round fills. */
  async function fullRounds(seed: number): Promise<{ day: RandomDay; snapshot: Snapshot }> {
    const full = await randomDay(seed, { trucks: 2, stops: 40, fresh: 0, iterations: 400 });
    const { snapshot } = full;
    const startedMs = Math.min(...[...snapshot.routes.values()].map((one) => one.startedAt!.getTime()));
    const home = snapshot.document.routes.map(({ stops }) => Date.parse(stops.at(-1)!.arrival));
    const shiftS = Math.round((Math.max(...home) - startedMs) / 1_000) + 900;
    const asContainer = (stop: StopRow): StopRow => ({
      ...stop,
      kind: 'container',
      incidentId: null,
      windowEnd: null,
      load: 1,
    });
    return {
      day: full,
      snapshot: {
        ...snapshot,
        rules: { ...snapshot.rules, shiftS },
        trucks: new Map([...snapshot.trucks].map(([id, truck]) => [id, { ...truck, type: 'lateral' }])),
        stops: new Map(
          [...snapshot.stops].map(([id, stop]) => [id, stop.kind === 'incident' ? asContainer(stop) : stop]),
        ),
      },
    };
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'a broken truck: for a container of the round that takes its containers at least three are taken, day %i',
    async (seed) => {
      const { day: full, snapshot } = await fullRounds(seed);
      const [serving, broken] = full.truckIds as [number, number];
      const { diff } = await solve(full.dispatch, snapshot, {
        zone: 'oriental',
        truckIds: [serving],
        addIncidents: [],
        outTruckIds: [broken],
      });
      const dropped = diff.moved.filter((move) => move.fromTruckId === serving && move.toTruckId === null);
      const taken = diff.moved.filter((move) => move.fromTruckId === broken && move.toTruckId === serving);
      expect(taken.length).toBeGreaterThanOrEqual(3 * dropped.length);
    },
  );

  /** Prices of leaving a container of a working and of a broken truck, and a fresh incident. */
  async function prices(severity: number) {
    const { day: full, snapshot } = await fullRounds(1);
    const [serving, broken] = full.truckIds as [number, number];
    const given = (await randomDay(2, { trucks: 1, stops: 2, fresh: 1, iterations: 20 })).fresh[0]!;
    const frame = framePlanning({
      snapshot,
      truckIds: [serving],
      addIncidents: [{ ...given, severity }],
      addContainers: [],
      outTruckIds: [broken],
      positionOf: full.dispatch.positionOf,
    });
    const { jobs } = frame.toProblem({ durationsS: [], distancesM: [] }, 0);
    const priceOf = (wanted: (source: JobSource) => boolean) =>
      jobs.find((job) => wanted(frame.jobs.get(job.id)!))!.prize!;
    const routeOf = (truckId: number) =>
      [...snapshot.routes.values()].find((route) => route.truckId === truckId)!.id;
    return {
      own: priceOf((source) => source.kind === 'stop' && source.stop.routeId === routeOf(serving)),
      stranded: priceOf((source) => source.kind === 'stop' && source.stop.routeId === routeOf(broken)),
      incident: priceOf((source) => source.kind === 'incident'),
    };
  }

  it.each([1, 3, 5])(
    'an incident of severity %i takes the place of as many planned containers, and of no more',
    async (severity) => {
      const { own, stranded, incident } = await prices(severity);
      expect(own).toBeGreaterThanOrEqual(3 * stranded);
      expect(incident).toBeGreaterThan(severity * own);
      expect(incident).toBeLessThan((severity + 1) * own);
    },
  );
});
