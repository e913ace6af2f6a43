import { describe, expect, it } from 'vitest';
import type { Travel } from './model.ts';
import { compile } from './model.ts';
import { layNeighbours } from './neighbours.ts';
import { plainTraits, randomProblem } from './random-problem.ts';
import { solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';

/** The problem with every duration times `factor`. */
function stretched(jobs: number, factor: number) {
  const problem = parseProblem(randomProblem(plainTraits(jobs, 2, 7)));
  const matrices = problem.matrices['car'];
  const durations = matrices?.durations?.map((row) => row.map((entry) => entry * factor));
  return { ...problem, matrices: { car: { ...matrices, durations } } };
}

describe('the neighbours of a job', () => {
  it.each([
    ['of few jobs', 40, 1],
    ['of more jobs than are kept', 1_100, 1],
    ['at distances that only fit a double', 40, 1e12],
  ])('are those that are near, %s', (_name, jobs, factor) => {
    const model = compile(stretched(jobs, factor));
    const { count, list } = layNeighbours(model);
    const { cost, costTo } = model.travels[0] as Travel;
    const between = (a: number, b: number) =>
      (cost[a * model.nodeCount + b] as number) + (costTo[a * model.nodeCount + b] as number);
    for (const a of [0, 7, jobs - 1]) {
      const others = Array.from({ length: jobs }, (_, b) => b).filter((b) => b !== a);
      const distances = others.map((b) => between(a, b)).sort((x, y) => x - y);
      const found = Array.from(list.subarray(a * count, (a + 1) * count), (b) => between(a, b));
      expect(found).toEqual(distances.slice(0, count));
    }
  });
});

describe('the time a search is given', () => {
  it('holds the laying of the first routes, too', () => {
    let asked = 0;
    // Loading takes no time, the first routes five seconds, and each look at the clock a quarter of a millisecond.
    const now = () => (++asked <= 2 ? 0 : 5_000 + asked / 4);
    const { summary } = solve(stretched(20, 1), { seconds: 1, seed: 1, now });
    expect(summary.computing_times.iterations).toBeLessThan(1_000);
  });
});
