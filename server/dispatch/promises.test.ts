import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../shared/rules.ts';
import type { PlannedRoute } from '../../shared/plan.ts';
import { serviceFactor, travelFactor } from '../sim/crew-pace.ts';
import { streamOf } from '../sim/random.ts';
import { projectArrivals } from './arrivals.ts';
import { paceFrom, USUAL_PACE, type Pace, type PaceSample } from './pace.ts';
import { reliability, reliabilityLines, type Told } from './reliability.ts';
import type { RouteRow, Snapshot, StopRow } from './snapshot.ts';

const START_MS = Date.parse('2026-11-24T12:00:00Z');

interface Drive {
  legS: number[];
  serviceS: number[];
  /** What happens: seconds after the start. */
  leftS: number[];
  arrivedS: number[];
  doneS: number[];
}

/** A round of a crew as the simulation drives it. */
function drive(random: () => number, count: number, haste = 1): Drive {
  const round: Drive = { legS: [], serviceS: [], leftS: [], arrivedS: [], doneS: [] };
  let clock = 0;
  for (let n = 0; n < count; n++) {
    const legS = Math.round(90 + 700 * random());
    const serviceS = random() < 0.5 ? 600 : 120;
    round.legS.push(legS);
    round.serviceS.push(serviceS);
    round.leftS.push(clock);
    clock += haste * legS * travelFactor(random());
    round.arrivedS.push(clock);
    clock += haste * serviceS * serviceFactor(random());
    round.doneS.push(clock);
  }
  return round;
}

/** The plan and the records as dispatch would see them at an instant of the round. */
function seenAt(round: Drive, nowS: number): { snapshot: Snapshot; planned: PlannedRoute; route: RouteRow } {
  const at = (seconds: number) => new Date(START_MS + 1_000 * seconds);
  const stops = new Map<number, StopRow>();
  const planned: PlannedRoute = {
    routeId: 1,
    truckId: 1,
    zone: 'oriental',
    startAt: at(0).toISOString(),
    distanceM: 0,
    durationS: 0,
    stops: round.legS.map((legS, index) => ({
      stopId: index + 1,
      arrival: at(0).toISOString(),
      departure: at(0).toISOString(),
      legS,
      legM: 0,
      serviceS: round.serviceS[index]!,
      loadAfter: 0,
      leg: '',
    })),
  };
  round.legS.forEach((_, index) => {
    const isDone = round.doneS[index]! <= nowS;
    const hasLeft = round.leftS[index]! <= nowS;
    stops.set(index + 1, {
      id: index + 1,
      kind: 'incident',
      incidentId: index + 1,
      containerId: null,
      lat: 0,
      lon: 0,
      address: null,
      load: 1,
      serviceS: round.serviceS[index]!,
      windowEnd: null,
      state: isDone ? 'done' : hasLeft ? 'enroute' : 'planned',
      routeId: 1,
      position: index,
      departedAt: hasLeft ? at(round.leftS[index]!) : null,
      finishedAt: isDone ? at(round.doneS[index]!) : null,
      failReason: null,
      clientId: null,
      pin: null,
      arrivedAt: null,
      leftAt: null,
      closedBy: null,
      evidence: null,
      loaded: null,
      draftedAt: null,
    });
  });
  const route: RouteRow = {
    id: 1,
    zone: 'oriental',
    truckId: 1,
    state: 'running',
    current: true,
    createdAt: at(0),
    startedAt: at(0),
    finishedAt: null,
  };
  const snapshot: Snapshot = {
    nowMs: START_MS + 1_000 * nowS,
    rules: DEFAULT_RULES,
    version: 1,
    document: { routes: [planned], degraded: false },
    routes: new Map([[1, route]]),
    stops,
    trucks: new Map(),
    incidents: new Map(),
    assignments: new Map(),
  };
  return { snapshot, planned, route };
}

/** Rounds looked at from any moment, each with a window that ends at any instant about the expected one. */
function tell(rounds: number, seed: number, pace: Pace, haste = 1): Told[] {
  const random = streamOf(seed, 'promises');
  const told: Told[] = [];
  for (let n = 0; n < rounds; n++) {
    const round = drive(random, 10, haste);
    const nowS = random() * round.doneS.at(-1)! * 0.8;
    const { snapshot, planned, route } = seenAt(round, nowS);
    projectArrivals(snapshot, planned, route, pace).forEach((arrival, index) => {
      if (round.arrivedS[index]! <= nowS) return;
      const spreadMs = arrival.latestMs - arrival.earliestMs;
      const windowEndMs = arrival.etaMs + (2.4 * random() - 1) * spreadMs;
      if (windowEndMs <= snapshot.nowMs) return;
      told.push({
        said: arrival.keep(windowEndMs),
        kept: START_MS + 1_000 * round.arrivedS[index]! <= windowEndMs,
      });
    });
  }
  return told;
}

const keptOf = (told: readonly Told[], saidPct: number) =>
  reliability(told).find((bin) => bin.saidPct === saidPct)!;

describe('the promise keeper', () => {
  it('of those said 80 %, 75–85 % are kept, and so for every other tenth', () => {
    const told = tell(2_500, 1, USUAL_PACE);
    const table = reliability(told);
    // The table of docs/rules.md is this one.
    process.stdout.write(`${reliabilityLines(table).join('\n')}\n`);
    const eighty = keptOf(told, 80);
    expect(eighty.count).toBeGreaterThan(500);
    expect(eighty.keptPct).toBeGreaterThanOrEqual(75);
    expect(eighty.keptPct).toBeLessThanOrEqual(85);
    for (const bin of table) expect(Math.abs(bin.keptPct - bin.meanSaidPct)).toBeLessThan(6);
  });

  it('learns a slow day: after its first stops it is right again, where the usual pace would not be', () => {
    const haste = 1.25;
    const random = streamOf(3, 'samples');
    const samples: PaceSample[] = [];
    for (let n = 0; n < 40; n++) {
      const round = drive(random, 10, haste);
      round.legS.forEach((legS, index) =>
        samples.push({
          legS,
          serviceS: round.serviceS[index]!,
          tookS: round.doneS[index]! - round.leftS[index]!,
        }),
      );
    }
    const pace = paceFrom(samples);
    expect(pace.travelMean).toBeGreaterThan(1.15);
    const learned = keptOf(tell(2_500, 4, pace, haste), 80);
    expect(Math.abs(learned.keptPct - 80)).toBeLessThan(7);
    const usual = keptOf(tell(2_500, 4, USUAL_PACE, haste), 80);
    expect(usual.keptPct).toBeLessThan(60);
  });

  it('few stops change little', () => {
    expect(paceFrom([{ legS: 100, serviceS: 100, tookS: 900 }])).toEqual(USUAL_PACE);
  });

  it('a crew that is still at its stop is not thought to begin it anew', () => {
    const round: Drive = {
      legS: [300, 300],
      serviceS: [600, 600],
      leftS: [0, 920],
      arrivedS: [300, 1_220],
      doneS: [920, 1_800],
    };
    const { snapshot, planned, route } = seenAt(round, 600);
    const [, second] = projectArrivals(snapshot, planned, route);
    const expectedS = (second!.etaMs - START_MS) / 1_000;
    expect(expectedS).toBeGreaterThan(1_150);
    expect(expectedS).toBeLessThan(1_350);
  });
});
