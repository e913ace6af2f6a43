import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSolution } from './checker.ts';
import type { PlannerSolution } from './problem.ts';
import { plainTraits, randomProblem } from './random-problem.ts';
import type { ProblemTraits } from './random-problem.ts';
import { solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';

const traits: fc.Arbitrary<ProblemTraits> = fc.record({
  jobs: fc.integer({ min: 1, max: 24 }),
  vehicles: fc.integer({ min: 1, max: 4 }),
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
  skills: fc.boolean(),
  pins: fc.boolean(),
  prizes: fc.boolean(),
  steps: fc.boolean(),
  frozen: fc.boolean(),
  aboard: fc.boolean(),
  openEnds: fc.boolean(),
  speeds: fc.boolean(),
  limits: fc.boolean(),
  overtime: fc.boolean(),
  mixed: fc.boolean(),
  asymmetric: fc.boolean(),
  distances: fc.boolean(),
});

const clock = () => 0;

describe('every solution', () => {
  it('keeps every hard rule and adds up, whatever rules the problem has', () => {
    fc.assert(
      fc.property(traits, (drawn) => {
        const problem = parseProblem(randomProblem(drawn));
        const solution = solve(problem, { iterations: 150, seed: 1, now: clock });
        expect(checkSolution(problem, solution)).toEqual([]);
      }),
      { numRuns: Number(process.env['PLANNER_RUNS'] ?? 60), seed: 20261124 },
    );
  });

  it('is as sound where the search is long enough to anneal anew and to cross plans', () => {
    fc.assert(
      fc.property(traits, (drawn) => {
        const problem = parseProblem(randomProblem({ ...drawn, jobs: 1 + (drawn.jobs % 4) }));
        const solution = solve(problem, { iterations: 14_000, seed: 1, now: clock });
        expect(checkSolution(problem, solution)).toEqual([]);
      }),
      { numRuns: 8, seed: 20261124 },
    );
  });

  it('is the same for the same seed and number of iterations', () => {
    fc.assert(
      fc.property(traits, (drawn) => {
        const problem = parseProblem(randomProblem(drawn));
        const once = solve(problem, { iterations: 60, seed: 3, now: clock });
        expect(solve(problem, { iterations: 60, seed: 3, now: clock })).toEqual(once);
      }),
      { numRuns: 15, seed: 7 },
    );
  });
});

describe('the checker', () => {
  const problem = parseProblem(
    randomProblem({ ...plainTraits(12, 2, 5), windows: true, disposals: true, distances: true }),
  );
  const sound = solve(problem, { iterations: 100, seed: 1, now: clock });
  const tampered = (change: (solution: PlannerSolution) => void): string[] => {
    const copy = structuredClone(sound);
    change(copy);
    return checkSolution(problem, copy);
  };
  const stepsOf = (solution: PlannerSolution) => solution.routes[0]?.steps ?? [];

  it('finds nothing in a sound solution', () => expect(checkSolution(problem, sound)).toEqual([]));
  it('sees a stop reached too early', () =>
    expect(tampered((s) => ((stepsOf(s)[1] as { arrival: number }).arrival -= 50))).not.toEqual([]));
  it('sees a job done twice', () =>
    expect(tampered((s) => s.unassigned.push({ id: 1, type: 'job' }))).not.toEqual([]));
  it('sees a wrong load', () =>
    expect(tampered((s) => ((stepsOf(s)[1] as { load: number[] }).load = [99]))).not.toEqual([]));
  it('sees a wrong cost', () => expect(tampered((s) => (s.summary.cost += 5))).not.toEqual([]));
  it('sees a truck that comes home loaded', () =>
    expect(
      tampered((s) => {
        const steps = stepsOf(s);
        steps.splice(
          steps.findIndex((step) => step.type === 'disposal'),
          1,
        );
      }),
    ).not.toEqual([]));
});
