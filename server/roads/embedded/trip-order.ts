/** Which ends of a round of stops are given. */
export interface TripEnds {
  /** Stop 0 comes first. */
  fixedFirst: boolean;
  /** The last stop of the list comes last. */
  fixedLast: boolean;
  /** The cost of going from the last stop back to the first counts. */
  closed: boolean;
}

/** Stands for no way: more than any trip, yet a number to reckon with. */
const NO_WAY = 1e12;
/** Up to here the best order is found exactly. */
const EXACT_STOPS = 12;

/**
 * A short order of all stops. `cost[i * n + j]` is the cost from stop i to j; NaN where there is no way. Null when no
 * order exists. Exact by dynamic programming (Held and Karp 1962) for few stops, else farthest insertion improved by
 * moving runs of stops (Or 1976) and turning them round, from several shaken starts.
 */
export function tripOrder(cost: Float64Array, n: number, ends: TripEnds): number[] | null {
  const clean = cost.map((value) => (Number.isNaN(value) ? NO_WAY : value));
  const order = n <= EXACT_STOPS ? exactOrder(clean, n, ends) : goodOrder(clean, n, ends);
  return order && orderCost(clean, n, order, ends) < NO_WAY ? order : null;
}

export function orderCost(cost: Float64Array, n: number, order: readonly number[], ends: TripEnds): number {
  let total = ends.closed ? cost[order.at(-1)! * n + order[0]!]! : 0;
  for (let i = 0; i + 1 < order.length; i++) total += cost[order[i]! * n + order[i + 1]!]!;
  return total;
}

function exactOrder(cost: Float64Array, n: number, ends: TripEnds): number[] | null {
  // A closed round may be cut anywhere, so its first stop is as good as any.
  const starts = ends.fixedFirst || (ends.closed && !ends.fixedLast) ? [0] : [...Array(n).keys()];
  let best: number[] | null = null;
  let bestCost = Infinity;
  for (const start of starts) {
    if (n > 1 && ends.fixedLast && start === n - 1) continue;
    const order = exactFrom(cost, n, start, ends);
    const total = order ? orderCost(cost, n, order, ends) : Infinity;
    if (total < bestCost) [best, bestCost] = [order, total];
  }
  return best;
}

function exactFrom(cost: Float64Array, n: number, start: number, ends: TripEnds): number[] | null {
  const sets = 1 << n;
  const reach = new Float64Array(sets * n).fill(Infinity);
  const before = new Int8Array(sets * n).fill(-1);
  reach[(1 << start) * n + start] = 0;
  for (let set = 1; set < sets; set++) {
    if (!(set & (1 << start))) continue;
    for (let at = 0; at < n; at++) {
      const here = reach[set * n + at]!;
      if (here === Infinity) continue;
      for (let next = 0; next < n; next++) {
        if (set & (1 << next)) continue;
        const slot = (set | (1 << next)) * n + next;
        const total = here + cost[at * n + next]!;
        if (total < reach[slot]!) {
          reach[slot] = total;
          before[slot] = at;
        }
      }
    }
  }
  let last = -1;
  let least = Infinity;
  for (let at = 0; at < n; at++) {
    if (ends.fixedLast && at !== n - 1) continue;
    const total = reach[(sets - 1) * n + at]! + (ends.closed ? cost[at * n + start]! : 0);
    if (total < least) [last, least] = [at, total];
  }
  if (last < 0) return null;
  const order: number[] = [];
  for (let set = sets - 1, at = last; at >= 0;) {
    order.unshift(at);
    const previous = before[set * n + at]!;
    set &= ~(1 << at);
    at = previous;
  }
  return order;
}

/** Rounds of shaking loose from a local best; more for short trips, where a round is cheap. */
const ROUNDS_FOR = (n: number): number => Math.max(8, Math.min(150, Math.floor(1_500_000 / n ** 3)));

function goodOrder(cost: Float64Array, n: number, ends: TripEnds): number[] {
  // A closed round is a path from a stop back to itself; which stop does not matter.
  const start = ends.fixedFirst ? 0 : !ends.closed ? -1 : ends.fixedLast ? n - 1 : 0;
  const end = ends.fixedLast && (ends.fixedFirst || !ends.closed) ? n - 1 : ends.closed ? start : -1;
  const path = new Path(cost, n, start, end);
  let best = path.descend(path.inserted());
  let bestCost = path.cost(best);
  let current = best;
  let seed = 12_345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((seed / 0x80000000) * below);
  };
  for (let round = ROUNDS_FOR(n); round > 0; round--) {
    const next = path.descend(shaken(current, random));
    const total = path.cost(next);
    if (total < bestCost) [best, bestCost] = [next, total];
    current = total <= bestCost * 1.01 ? next : best;
  }
  const order = [...(start >= 0 ? [start] : []), ...best, ...(end >= 0 && end !== start ? [end] : [])];
  // Turn a round so that its given stop is where it was asked for.
  return start === n - 1 && ends.closed && ends.fixedLast ? [...order.slice(1), order[0]!] : order;
}

/** Exchanges two neighbouring runs: a change that single moves do not undo at once. */
function shaken(order: readonly number[], random: (below: number) => number): number[] {
  const n = order.length;
  const cuts = [random(n + 1), random(n + 1), random(n + 1)].sort((a, b) => a - b) as [
    number,
    number,
    number,
  ];
  return [
    ...order.slice(0, cuts[0]),
    ...order.slice(cuts[1], cuts[2]),
    ...order.slice(cuts[0], cuts[1]),
    ...order.slice(cuts[2]),
  ];
}

/** Orders of the stops between a given start and end (-1 where free), and how to better them. */
class Path {
  private readonly legs: Float64Array;
  private readonly n: number;
  private readonly start: number;
  private readonly end: number;

  constructor(cost: Float64Array, n: number, start: number, end: number) {
    this.legs = cost;
    this.n = n;
    this.start = start;
    this.end = end;
  }

  private leg(a: number, b: number): number {
    return a < 0 || b < 0 ? 0 : this.legs[a * this.n + b]!;
  }

  cost(order: readonly number[]): number {
    let total = 0;
    for (let i = 0; i <= order.length; i++) total += this.leg(this.at(order, i - 1), this.at(order, i));
    return total;
  }

  private at(order: readonly number[], i: number): number {
    return i < 0 ? this.start : i >= order.length ? this.end : order[i]!;
  }

  /** Each stop in turn where it lengthens the way least, the costliest to leave out first. */
  inserted(): number[] {
    const left = new Set(
      [...Array(this.n).keys()].filter((stop) => stop !== this.start && stop !== this.end),
    );
    const order: number[] = [];
    while (left.size > 0) {
      let pick = -1;
      let place = 0;
      let most = -Infinity;
      for (const stop of left) {
        let least = Infinity;
        let where = 0;
        for (let i = 0; i <= order.length; i++) {
          const [a, b] = [this.at(order, i - 1), this.at(order, i)];
          const added = this.leg(a, stop) + this.leg(stop, b) - this.leg(a, b);
          if (added < least) [least, where] = [added, i];
        }
        if (pick < 0 || least > most) [pick, place, most] = [stop, where, least];
      }
      order.splice(place, 0, pick);
      left.delete(pick);
    }
    return order;
  }

  /** Moves runs of stops, as they are or turned round, while that shortens the way. */
  descend(start: number[]): number[] {
    let order = start;
    for (;;) {
      const next = this.bestMove(order);
      if (!next) return order;
      order = next;
    }
  }

  private bestMove(order: readonly number[]): number[] | null {
    const n = order.length;
    const forward = new Float64Array(n);
    const backward = new Float64Array(n);
    for (let i = 1; i < n; i++) {
      forward[i] = forward[i - 1]! + this.leg(order[i - 1]!, order[i]!);
      backward[i] = backward[i - 1]! + this.leg(order[i]!, order[i - 1]!);
    }
    let most = 1e-6;
    let move: { i: number; j: number; k: number; turned: boolean } | null = null;
    for (let i = 0; i < n; i++) {
      for (let j = i; j < n; j++) {
        const [before, first, last, after] = [
          this.at(order, i - 1),
          order[i]!,
          order[j]!,
          this.at(order, j + 1),
        ];
        const freed = this.leg(before, first) + this.leg(last, after);
        const turning = backward[j]! - backward[i]! - (forward[j]! - forward[i]!);
        const inPlace = freed - this.leg(before, last) - this.leg(first, after) - turning;
        if (inPlace > most) [most, move] = [inPlace, { i, j, k: i, turned: true }];
        const gain = freed - this.leg(before, after);
        for (let k = 0; k <= n; k++) {
          if (k >= i && k <= j + 1) continue;
          const [a, b] = [this.at(order, k - 1), this.at(order, k)];
          const open = gain + this.leg(a, b);
          const straight = open - this.leg(a, first) - this.leg(last, b);
          const turned = open - this.leg(a, last) - this.leg(first, b) - turning;
          if (straight > most) [most, move] = [straight, { i, j, k, turned: false }];
          if (turned > most) [most, move] = [turned, { i, j, k, turned: true }];
        }
      }
    }
    if (!move) return null;
    const { i, j, k, turned } = move;
    const run = order.slice(i, j + 1);
    const rest = [...order.slice(0, i), ...order.slice(j + 1)];
    rest.splice(k > j ? k - run.length : k, 0, ...(turned ? run.reverse() : run));
    return rest;
  }
}
