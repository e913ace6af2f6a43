import { describe, expect, it } from 'vitest';
import { checkSolution } from './checker.ts';
import { Random } from './random.ts';
import { solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';

/** Six pairs of sizes that only fill six vehicles of capacity ten when each pair rides together. */
function tightlyPacked(seed: number, windows: boolean): unknown {
  const random = new Random(seed);
  const points = Array.from({ length: 13 }, () => [random.below(1000), random.below(1000)] as const);
  const sizes = [6, 4, 7, 3, 8, 2, 5, 5, 9, 1, 6, 4];
  return {
    vehicles: Array.from({ length: 12 }, (_, i) => ({
      id: i + 1,
      start_index: 0,
      end_index: 0,
      capacity: [10],
      time_window: [0, 20_000],
      costs: { fixed: 1_000_000 },
    })),
    jobs: sizes.map((size, i) => ({
      id: i + 1,
      location_index: i + 1,
      delivery: [size],
      service: 60,
      ...(windows && { time_windows: [[1000 * (i % 3), 1000 * (i % 3) + 9000]] }),
    })),
    matrix: points.map(([ax, ay]) => points.map(([bx, by]) => Math.round(Math.hypot(ax - bx, ay - by)))),
  };
}

describe('dear vehicles', () => {
  it.each([false, true])('are as few as the load allows (windows: %s)', (windows) => {
    for (let seed = 1; seed <= 6; seed++) {
      const problem = parseProblem(tightlyPacked(seed, windows));
      const solution = solve(problem, { iterations: 1500, seed, now: () => 0 });
      expect(checkSolution(problem, solution)).toEqual([]);
      expect([solution.summary.unassigned, solution.summary.routes]).toEqual([0, 6]);
    }
  });
});
