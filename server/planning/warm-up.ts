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

/** Capacity alone, or capacity and windows. */
function plainDay(trucks: number, stops: number, timed: boolean): PlannerProblem {
  const day = sampleDay(trucks, stops, 1);
  const load = day.jobs.reduce((sum, job) => sum + (job.pickup[0] as number), 0);
  return {
    ...day,
    disposals: [],
    options: { ...day.options, stability: 0 },
    vehicles: day.vehicles.map((vehicle) => ({
      ...vehicle,
      end_empty: false,
      steps: [],
      capacity: [Math.ceil((1.15 * load) / trucks)],
      time_window: timed ? [0, 28_800] : undefined,
    })),
    jobs: day.jobs.map((job, j) => ({
      ...job,
      due: undefined,
      time_windows: timed ? [[3000 * (j % 5), 3000 * (j % 5) + 9000]] : undefined,
    })),
  };
}

/** Runs small searches of every kind until the thread is hot, the last ones with routes as many as a city has. */
export function warmUp(now: () => number): void {
  solve(sampleDay(4, 40, 1), { iterations: 2000, seed: 1, now });
  for (const timed of [true, false]) {
    solve(plainDay(4, 40, timed), { iterations: 3000, seed: 1, now });
    solve(plainDay(30, 150, timed), { iterations: timed ? 6000 : 20_000, seed: 1, now });
  }
}
