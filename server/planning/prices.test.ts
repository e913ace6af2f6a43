import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestPlaces, insertionPrices, liftsFor, pricedPlan, whyLeft } from './prices.ts';
import { sequencesOf, type PlannerProblem } from './problem.ts';
import { randomProblem } from './random-problem.ts';
import { evaluate, solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';

const clock = () => 0;

const traits = fc.record({
  jobs: fc.integer({ min: 3, max: 14 }),
  vehicles: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer({ min: 1, max: 100_000 }),
  dims: fc.integer({ min: 1, max: 2 }),
  windows: fc.boolean(),
  severalWindows: fc.boolean(),
  due: fc.boolean(),
  release: fc.constant(false),
  disposals: fc.boolean(),
  reloads: fc.boolean(),
  breaks: fc.boolean(),
  setup: fc.boolean(),
  skills: fc.boolean(),
  pins: fc.boolean(),
  prizes: fc.boolean(),
  steps: fc.boolean(),
  frozen: fc.boolean(),
  aboard: fc.boolean(),
  openEnds: fc.constant(false),
  speeds: fc.boolean(),
  limits: fc.constant(false),
  overtime: fc.boolean(),
  mixed: fc.boolean(),
  asymmetric: fc.boolean(),
  distances: fc.boolean(),
});

describe('bestPlaces', () => {
  it('property: says of every vehicle what pricing every place of it says', () => {
    let open = 0;
    fc.assert(
      fc.property(traits, (given) => {
        const problem = parseProblem(randomProblem(given));
        const sequences = sequencesOf(solve(problem, { iterations: 20, seed: given.seed, now: clock }));
        const plan = pricedPlan(problem, sequences);
        for (const job of problem.jobs) {
          const all = insertionPrices(problem, sequences, job.id);
          for (const best of bestPlaces(plan, job.id)) {
            const own = all.filter((price) => price.vehicleId === best.vehicleId);
            const cheapest = own.find((price) => price.refused === undefined);
            expect(best.refused === undefined).toBe(cheapest !== undefined);
            if (cheapest === undefined || best.refused !== undefined) continue;
            open++;
            // Reports round the cost of travel to whole units.
            expect(Math.abs(best.costS - cheapest.costS)).toBeLessThan(1.01);
            const same = own.find((price) => price.index === best.index && price.refused === undefined)!;
            expect(Math.abs(best.seconds - same.seconds)).toBeLessThan(1.01);
          }
        }
      }),
      { numRuns: 40, seed: 11 },
    );
    expect(open).toBeGreaterThan(150);
  });
});

/** One truck on a line, a second a metre; the landfill lies at the depot. */
function day(change: {
  shiftS?: number;
  capacity?: number;
  closesS?: number;
  skills?: number[];
}): PlannerProblem {
  const places = [0, 100, 200, 600];
  const durations = places.map((a) => places.map((b) => Math.abs(a - b)));
  return parseProblem({
    vehicles: [
      {
        id: 7,
        start_index: 0,
        end_index: 0,
        capacity: [change.capacity ?? 20],
        time_window: [0, change.shiftS ?? 5_000],
        end_empty: true,
      },
    ],
    jobs: [
      { id: 1, location_index: 1, pickup: [5], service: 60, prize: 90_000 },
      { id: 2, location_index: 2, pickup: [5], service: 60, prize: 90_000 },
      { id: 3, location_index: 3, pickup: [5], service: 60, prize: 90_000, skills: change.skills ?? [] },
    ],
    disposals: [{ id: 1, location_index: 0, service: 30, time_windows: [[0, change.closesS ?? 9_000]] }],
    matrices: { car: { durations } },
  });
}

const BEFORE = [
  { type: 'job', id: 1 },
  { type: 'job', id: 2 },
  { type: 'disposal', id: 1 },
] as const;

function left(problem: PlannerProblem) {
  return whyLeft(pricedPlan(problem, new Map([[7, [...BEFORE]]])), 3);
}

describe('a job that was left out', () => {
  // With it the round takes 2 × 600 s of driving, 3 × 60 s of service and 30 s at the landfill: 1,410 s.
  it('fits when the shift is longer: by how much', () => {
    const { reason, lifts } = left(day({ shiftS: 1_000 }));
    expect(reason).toBe('shift');
    expect(lifts).toEqual([
      { rule: 'shift', vehicleId: 7, seconds: 410, costS: 800, travelS: 800, metres: 0 },
    ]);
    const longer = day({ shiftS: 1_410 });
    expect(evaluate(longer, new Map([[7, [...BEFORE]]])).routes).toHaveLength(1);
    expect(bestPlaces(pricedPlan(longer, new Map([[7, [...BEFORE]]])), 3)[0]!.refused).toBeUndefined();
  });

  it('fits when the landfill stays open: until how much later', () => {
    const { reason, lifts } = left(day({ closesS: 1_000 }));
    expect(reason).toBe('window');
    expect(lifts[0]).toMatchObject({ rule: 'place-hours', seconds: 380 });
  });

  it('takes more than the truck holds', () => {
    const { reason, lifts } = left(day({ capacity: 4 }));
    expect(reason).toBe('capacity');
    expect(lifts[0]).toMatchObject({ rule: 'capacity', vehicleId: 7 });
  });

  it('needs what no truck in play has: nothing to bend', () => {
    const problem = day({ skills: [9] });
    expect(left(problem)).toMatchObject({ reason: 'skill', lifts: [] });
    expect(liftsFor(pricedPlan(problem, new Map()), 3)).toEqual([]);
  });

  it('that would fit costs more than leaving it: the price is the reason', () => {
    expect(left(day({}))).toMatchObject({ reason: 'price', costS: 800, vehicleId: 7, lifts: [] });
  });
});
