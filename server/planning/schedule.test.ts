import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from './model.ts';
import { randomProblem } from './random-problem.ts';
import { Search } from './search.ts';
import { parseProblem } from './vroom-json.ts';

const traits = fc.record({
  jobs: fc.integer({ min: 4, max: 20 }),
  vehicles: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  dims: fc.integer({ min: 1, max: 2 }),
  windows: fc.boolean(),
  severalWindows: fc.boolean(),
  due: fc.boolean(),
  release: fc.boolean(),
  disposals: fc.boolean(),
  reloads: fc.boolean(),
  breaks: fc.boolean(),
  setup: fc.boolean(),
  skills: fc.constant(false),
  pins: fc.constant(false),
  prizes: fc.constant(false),
  steps: fc.constant(false),
  frozen: fc.constant(false),
  aboard: fc.boolean(),
  openEnds: fc.boolean(),
  speeds: fc.boolean(),
  limits: fc.boolean(),
  overtime: fc.boolean(),
  mixed: fc.boolean(),
  // The way over another stop is never shorter: what is decided without a look at the rest of the route is exact then.
  asymmetric: fc.constant(false),
  distances: fc.boolean(),
});

describe('an insertion on trial', () => {
  it('says what the insertion itself comes to', () => {
    let checked = 0;
    fc.assert(
      fc.property(traits, (drawn) => {
        const model = compile(parseProblem({ ...randomProblem(drawn) }));
        const search = new Search(model, drawn.seed);
        search.start('cold');
        search.anneal({ iterations: 60, now: () => 0 }, true);
        const { routes } = search;
        const { schedule } = routes;
        if (!schedule) return;
        const job = drawn.seed % model.jobCount;
        const home = routes.vehicleOf[job] as number;
        if (home >= 0) {
          const slot = routes.beginChange(home);
          const base = slot * routes.stride;
          const at = routes.node.indexOf(job, base + 1);
          routes.node.copyWithin(at, at + 1, base + routes.stride);
          routes.length[slot] = (routes.length[slot] as number) - 1;
          routes.addAbsent(job);
          if (!routes.refresh(home)) return;
          routes.commit();
        }
        for (let v = 0; v < model.vehicleCount; v++) {
          for (let p = 0; p <= (routes.length[routes.slotOf[v] as number] as number); p++) {
            for (let place = model.jobCount - 1; place < model.stopCount; place++) {
              for (const isBefore of place < model.jobCount ? [false] : [false, true]) {
                const isAlone = place < model.jobCount;
                const first = isBefore ? place : job;
                const second = isAlone ? -1 : isBefore ? job : place;
                const isDisposal = place < model.jobCount + model.disposalCount;
                const fits = isAlone
                  ? schedule.fitsAlone(v, p, job)
                  : isBefore
                    ? schedule.fitsBehind(v, p, job, isDisposal)
                    : schedule.fitsBefore(v, p, job, isDisposal);
                const soft = fits ? schedule.tryInsert(v, p, first, second, Infinity) : Infinity;
                const before = schedule.softCost[routes.slotOf[v] as number] as number;
                routes.insert(v, p, first, second);
                const slot = routes.slotOf[v] as number;
                const truth = schedule.feasible[slot]
                  ? (schedule.softCost[slot] as number) - before
                  : Infinity;
                routes.reject();
                // A trip that is split is not timed anew: it could leave earlier, and is taken to leave as before.
                if (truth !== soft && drawn.release && !isAlone)
                  expect(soft).toBeGreaterThanOrEqual(truth - 1e-6);
                else if (truth === Infinity || soft === Infinity)
                  expect([v, p, first, second, soft]).toEqual([v, p, first, second, truth]);
                else expect(soft).toBeCloseTo(truth, 6);
                checked++;
              }
            }
          }
        }
      }),
      { numRuns: Number(process.env['PLANNER_RUNS'] ?? 300), seed: 20261125 },
    );
    expect(checked).toBeGreaterThan(500);
  });
});
