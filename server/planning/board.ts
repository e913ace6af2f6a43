import type { Kept } from './elite.ts';
import type { PlannerProblem } from './problem.ts';
import type { Exchange } from './search.ts';

/** Whom a search shares a board with: shared memory, its own number there, and how many there are. */
export interface Seat {
  memory: SharedArrayBuffer;
  own: number;
  seats: number;
  /**
   * Wait for the others at every swap, so that a run repeats exactly; for searches bounded by rounds. Without it a swap
   * takes what is there.
   */
  waits: boolean;
}

const SHOWN = 0;
const LEFT = 1;
const HEADER = 2;
const WAIT_SLICE_MS = 20;
const LONGEST_WAIT_MS = 60_000;

/** Stops a plan may hold to be shown: each job, and room for landfills and reloads. */
function stopsOf(problem: PlannerProblem): number {
  return 3 * problem.jobs.length + 4 * problem.vehicles.length;
}

/** Memory for the plans of so many searches: a count and a mark each, then two plans each, written by turns. */
export function layBoard(problem: PlannerProblem, seats: number): SharedArrayBuffer {
  const plan = problem.vehicles.length + stopsOf(problem);
  return new SharedArrayBuffer(8 * (seats * HEADER + seats * 2 * (2 + plan)));
}

/**
 * The exchange of one search over shared memory. A plan is written beside the one shown before it and counts as shown
 * when its count has risen; a reader that finds the count changed meanwhile drops what it read.
 */
export function takeSeat(
  problem: PlannerProblem,
  seat: Seat,
  signal: { cancelled: boolean } | undefined,
): Exchange {
  const { memory, own, seats, waits } = seat;
  const vehicles = problem.vehicles.length;
  const most = stopsOf(problem);
  const size = 2 + vehicles + most;
  const marks = new Int32Array(memory, 0, seats * HEADER);
  const plans = new Float64Array(memory, 8 * seats * HEADER);
  const seen = new Int32Array(seats);
  const at = (who: number, count: number): number => (who * 2 + (count & 1)) * size;

  const show = (plan: Kept): void => {
    const count = Atomics.load(marks, own * HEADER + SHOWN) + 1;
    const from = at(own, count);
    const stops = plan.routes.reduce((sum, route) => sum + route.length, 0);
    plans[from] = stops <= most ? plan.missing : Infinity;
    plans[from + 1] = plan.cost;
    let next = from + 2 + vehicles;
    if (stops <= most) {
      plan.routes.forEach((route, v) => {
        plans[from + 2 + v] = route.length;
        for (const x of route) plans[next++] = x;
      });
    }
    Atomics.store(marks, own * HEADER + SHOWN, count);
    Atomics.notify(marks, own * HEADER + SHOWN);
  };

  const read = (who: number): Kept | undefined => {
    const count = Atomics.load(marks, who * HEADER + SHOWN);
    if (count === seen[who]) return undefined;
    const wanted = waits ? Math.min(count, (seen[who] as number) + 1) : count;
    const from = at(who, wanted);
    seen[who] = wanted;
    let next = from + 2 + vehicles;
    const routes = Array.from({ length: vehicles }, (_, v) => {
      const length = plans[from + 2 + v] as number;
      const route = Int32Array.from(plans.subarray(next, next + length));
      next += length;
      return route;
    });
    const plan = { routes, missing: plans[from] as number, cost: plans[from + 1] as number };
    if (!waits && Atomics.load(marks, who * HEADER + SHOWN) !== count) return undefined;
    return plan.missing === Infinity ? undefined : plan;
  };

  /** Until `who` has shown as much as this search has, or shows no more. */
  const awaitOther = (who: number): void => {
    const mine = Atomics.load(marks, own * HEADER + SHOWN);
    for (let waitedMs = 0; waitedMs < LONGEST_WAIT_MS; waitedMs += WAIT_SLICE_MS) {
      const theirs = Atomics.load(marks, who * HEADER + SHOWN);
      if (theirs >= mine || Atomics.load(marks, who * HEADER + LEFT) === 1 || signal?.cancelled) return;
      Atomics.wait(marks, who * HEADER + SHOWN, theirs, WAIT_SLICE_MS);
    }
  };

  return {
    swap(mine) {
      show(mine);
      const others: Kept[] = [];
      for (let who = 0; who < seats; who++) {
        if (who === own) continue;
        if (waits) awaitOther(who);
        const plan = read(who);
        if (plan) others.push(plan);
      }
      return others;
    },
    leave() {
      Atomics.store(marks, own * HEADER + LEFT, 1);
      Atomics.notify(marks, own * HEADER + SHOWN);
    },
  };
}
