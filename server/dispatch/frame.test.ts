import { beforeAll, describe, expect, it } from 'vitest';
import type { PlannedRoute } from '../../shared/plan.ts';
import type { Rules } from '../../shared/rules.ts';
import { framePlanning, type FramedVehicle } from './frame.ts';
import { randomDay, writeRows, type RandomDay } from './random-day.ts';
import type { LiveAssignment, Snapshot, TruckRow } from './snapshot.ts';
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
