import type { PlannerProblem } from './problem.ts';
import { Random } from './random.ts';
import { solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';

/** A made-up day of a few trucks with a landfill, deadlines and a plan: it touches every path of the search. */
export function sampleDay(trucks: number, stops: number, seed: number): PlannerProblem {
  const random = new Random(seed);
  const points = Array.from({ length: stops + 2 }, () => [random.below(6000), random.below(6000)] as const);
  const durations = points.map(([ax, ay]) =>
    points.map(([bx, by]) => Math.round(Math.hypot(ax - bx, ay - by) / 7)),
  );
  return parseProblem({
    vehicles: Array.from({ length: trucks }, (_, i) => ({
      id: i + 1,
      start_index: 0,
      end_index: 0,
      capacity: [25],
      time_window: [0, 28_800],
      end_empty: true,
      steps: Array.from({ length: stops }, (_, j) => j)
        .filter((j) => j % trucks === i)
        .map((j) => ({ type: 'job', id: j + 1 })),
    })),
    jobs: Array.from({ length: stops }, (_, j) => ({
      id: j + 1,
      location_index: j + 2,
      pickup: [1 + random.below(5)],
      service: 300,
      priority: 1 + random.below(5),
      due: 3600 * (1 + random.below(8)),
    })),
    disposals: [{ id: 1, location_index: 1, service: 900 }],
    matrices: { car: { durations } },
    options: { stability: 60 },
  });
}

/** Runs small searches of both kinds until the thread is hot. */
export function warmUp(now: () => number): void {
  const day = sampleDay(4, 40, 1);
  solve(day, { iterations: 2000, seed: 1, now });
  const plain: PlannerProblem = {
    ...day,
    disposals: [],
    vehicles: day.vehicles.map((vehicle) => ({ ...vehicle, end_empty: false, steps: [], capacity: [200] })),
    jobs: day.jobs.map((job) => ({ ...job, due: undefined, time_windows: [[0, 20_000]] })),
  };
  solve(plain, { iterations: 3000, seed: 1, now });
  const timeless: PlannerProblem = {
    ...plain,
    vehicles: plain.vehicles.map((vehicle) => ({ ...vehicle, time_window: undefined, capacity: [60] })),
    jobs: plain.jobs.map((job) => ({ ...job, time_windows: undefined })),
  };
  solve(timeless, { iterations: 6000, seed: 1, now });
}
