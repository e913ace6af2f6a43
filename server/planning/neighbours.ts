import type { Model, Travel } from './model.ts';

const MOST = 500;

/** For every job the other jobs by increasing distance (there and back), as many as are kept, row by row. */
export interface Neighbours {
  count: number;
  list: Int32Array;
}

/** Sorts the jobs around each job; O(n² log n), so only the search asks for it. */
export function layNeighbours(model: Model): Neighbours {
  const { jobCount, nodeCount } = model;
  const { cost, costTo } = model.travels[0] as Travel;
  const count = Math.max(0, Math.min(jobCount - 1, MOST));
  const list = new Int32Array(jobCount * count);
  const keys = new Float64Array(Math.max(0, jobCount - 1));
  for (let a = 0; a < jobCount; a++) {
    let filled = 0;
    for (let b = 0; b < jobCount; b++) {
      if (b === a) continue;
      const between = (cost[a * nodeCount + b] as number) + (costTo[a * nodeCount + b] as number);
      // Distance above, number below in one double: a numeric sort without a comparator is ten times faster.
      keys[filled++] = Math.round(between * 8) * 16384 + b;
    }
    keys.sort();
    for (let i = 0; i < count; i++) list[a * count + i] = (keys[i] as number) % 16384;
  }
  return { count, list };
}
