import { compile, nodeNumbers } from './model.ts';
import type { PlannerProblem, PlannerSolution, Sequences } from './problem.ts';
import { report } from './report.ts';
import type { Budget } from './pace.ts';
import { Search } from './search.ts';
import type { Exchange, Found } from './search.ts';

export interface SolveOptions {
  /** Stop after this many ruin-and-recreate rounds; with it alone a run repeats exactly for a seed. */
  iterations?: number | undefined;
  /** Stop when `now` has advanced by this much. Without either bound 1 s is searched. */
  seconds?: number | undefined;
  seed: number;
  /** Milliseconds of any clock: CPU time for one thread, wall time for several. */
  now: () => number;
  /** Start from `steps`, from nothing, or both one after the other (the better wins). Default: both with steps. */
  startFrom?: 'steps' | 'cold' | 'both' | undefined;
  signal?: { cancelled: boolean } | undefined;
  /** Searches of the same problem on other threads. */
  exchange?: Exchange | undefined;
}

/** What is left to a search whose first routes alone took all its time. */
const LEAST_SECONDS = 0.001;

/**
 * Plans: assigns the jobs to vehicles in the cheapest sequence found within the budget, every hard rule kept.
 * Throws PlannerInputError when the problem lacks matrices.
 */
export function solve(problem: PlannerProblem, options: SolveOptions): PlannerSolution {
  const began = options.now();
  const model = compile(problem);
  const hasPlan = model.planned.some((nodes, v) => nodes.length > (model.frozen[v] as number));
  const from = hasPlan ? (options.startFrom ?? 'both') : 'cold';
  const seconds = options.seconds ?? (options.iterations === undefined ? 1 : undefined);
  const loaded = options.now();
  const starts = from === 'both' ? (['steps', 'cold'] as const) : [from];
  const share = (startsLeft: number): Budget => ({
    now: options.now,
    signal: options.signal,
    iterations: options.iterations === undefined ? undefined : Math.ceil(options.iterations / starts.length),
    // Laying the first routes is part of the search: of thousands of jobs it takes seconds.
    seconds:
      seconds === undefined
        ? undefined
        : Math.max(LEAST_SECONDS, seconds - (options.now() - loaded) / 1000) / startsLeft,
  });
  const found: Found[] = [];
  starts.forEach((start, i) => {
    const search = new Search(model, options.seed + i);
    search.start(start);
    for (const plan of found) search.elite.add(plan);
    search.anneal(
      share(starts.length - i),
      start === 'cold',
      starts.length === 1 ? options.exchange : undefined,
    );
    found.push(search.found());
  });
  options.exchange?.leave();
  const best = found.reduce((a, b) =>
    b.missing < a.missing || (b.missing === a.missing && b.cost < a.cost) ? b : a,
  );
  const solution = report(model, best.routes);
  solution.summary.computing_times = {
    loading: Math.round(loaded - began),
    solving: Math.round(options.now() - loaded),
    routing: 0,
    iterations: found.reduce((sum, one) => sum + one.iterations, 0),
  };
  return solution;
}

/** VROOM's order: higher priorities served, then more jobs, then the lower objective; prizes count as cost. */
export function isBetter(problem: PlannerProblem, a: PlannerSolution, b: PlannerSolution): boolean {
  const missing = (solution: PlannerSolution): number => {
    const left = new Set(solution.unassigned.map((job) => job.id));
    return problem.jobs.reduce(
      (sum, job) =>
        left.has(job.id) && job.prize === undefined
          ? sum + 1 + job.priority * (problem.jobs.length + 1)
          : sum,
      0,
    );
  };
  const more = missing(a) - missing(b);
  return more === 0 ? a.summary.objective < b.summary.objective : more < 0;
}

/**
 * Schedule, cost and violations of given sequences, as a solution; vehicles left out stay empty, jobs left out are
 * unassigned. Throws PlannerInputError for an unknown vehicle or stop.
 */
export function evaluate(problem: PlannerProblem, sequences: Sequences): PlannerSolution {
  const model = compile(problem);
  const nodeOf = nodeNumbers(problem);
  const routes = problem.vehicles.map((vehicle) =>
    (sequences.get(vehicle.id) ?? [])
      .filter((step) => step.type !== 'break')
      .map((step) => nodeOf(step.type, step.id)),
  );
  return report(model, routes);
}
