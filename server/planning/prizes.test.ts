import { describe, expect, it } from 'vitest';
import { solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';

describe('jobs that may be left for a price', () => {
  it('are served where they pay only together', () => {
    // Twenty stops beside each other, a thousand seconds away: one alone is worth less than the way, fifteen are not.
    const places = [0, ...Array.from({ length: 20 }, (_, i) => 1_000 + i)];
    const problem = parseProblem({
      vehicles: [{ id: 1, start_index: 0, end_index: 0, capacity: [15] }],
      jobs: places.slice(1).map((_, i) => ({ id: i, location_index: i + 1, pickup: [1], prize: 300 })),
      matrix: places.map((from) => places.map((to) => Math.abs(from - to))),
    });
    const { summary } = solve(problem, { iterations: 500, seed: 1, now: () => 0 });
    expect(summary.unassigned).toBe(5);
    expect(summary.objective).toBe(2 * 1_014 + 5 * 300);
  });
});
