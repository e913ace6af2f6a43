import type { Model, Travel } from './model.ts';

const MOST = 500;

/** For every job the other jobs by increasing distance (there and back), as many as are kept, row by row. */
export interface Neighbours {
  count: number;
  list: Int32Array;
}

/** A distance above, times 16,384 jobs, is still a whole number in a double. */
const LARGEST_DISTANCE = 2 ** 38;

function largestBetween({ jobCount, nodeCount, travels }: Model): number {
  const { cost, costTo } = travels[0] as Travel;
  let largest = 1;
  for (let a = 0; a < jobCount; a++) {
    for (let b = 0; b < jobCount; b++) {
      const between = (cost[a * nodeCount + b] as number) + (costTo[a * nodeCount + b] as number);
      if (between > largest) largest = between;
    }
  }
  return largest;
}

/** Sorts the jobs around each job; O(n² log n), so only the search asks for it. */
export function layNeighbours(model: Model): Neighbours {
  const { jobCount, nodeCount } = model;
  const { cost, costTo } = model.travels[0] as Travel;
  const count = Math.max(0, Math.min(jobCount - 1, MOST));
  const list = new Int32Array(jobCount * count);
  const keys = new Float64Array(Math.max(0, jobCount - 1));
  const grain = Math.min(8, LARGEST_DISTANCE / largestBetween(model));
  for (let a = 0; a < jobCount; a++) {
    let filled = 0;
    for (let b = 0; b < jobCount; b++) {
      if (b === a) continue;
      const between = (cost[a * nodeCount + b] as number) + (costTo[a * nodeCount + b] as number);
      // Distance above, number below in one double: a numeric sort without a comparator is ten times faster.
      keys[filled++] = Math.round(between * grain) * 16384 + b;
    }
    const nearest = count * 2 < filled ? nearKeys(keys, count) : keys;
    nearest.sort();
    for (let i = 0; i < count; i++) list[a * count + i] = (nearest[i] as number) % 16384;
  }
  return { count, list };
}

const SAMPLE = 256;

/** Of many keys those that may be among the `count` smallest: sorting what is far away takes most of the time. */
function nearKeys(keys: Float64Array, count: number): Float64Array {
  const step = Math.floor(keys.length / SAMPLE);
  const sample = Float64Array.from({ length: SAMPLE }, (_, i) => keys[i * step] as number).sort();
  const most = sample[Math.min(SAMPLE - 1, Math.ceil((1.5 * SAMPLE * count) / keys.length))] as number;
  const near = keys.filter((key) => key <= most);
  return near.length < count ? keys : near;
}
