import { describe, expect, it } from 'vitest';
import { solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';

describe('what is released later', () => {
  it('waits for the next trip, also where nothing has a weight', () => {
    const problem = parseProblem({
      vehicles: [{ id: 1, start_index: 0, end_index: 0 }],
      jobs: [
        { id: 1, location_index: 1, time_windows: [[0, 1_000]] },
        { id: 2, location_index: 1, release: 3_000 },
      ],
      reloads: [{ id: 1, location_index: 0, service: 0 }],
      matrix: [
        [0, 100],
        [100, 0],
      ],
    });
    const { summary, routes } = solve(problem, { iterations: 50, seed: 1, now: () => 0 });
    expect(summary.unassigned).toBe(0);
    expect(routes[0]?.steps.map((step) => step.type)).toEqual(['start', 'job', 'reload', 'job', 'end']);
  });
});
