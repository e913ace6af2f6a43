/** Which ends of a round of stops are given. */
export interface TripEnds {
  /** Stop 0 comes first. */
  fixedFirst: boolean;
  /** The last stop of the list comes last. */
  fixedLast: boolean;
  /** The cost of going from the last stop back to the first counts. */
  closed: boolean;
}

/** Up to here the best order is found exactly. */
const EXACT_STOPS = 12;

/**
 * A short order of all stops. `cost[i * n + j]` is the cost from stop i to j; NaN where there is no way. Null when no
 * order exists. Exact by dynamic programming (Held and Karp 1962) for few stops, else cheapest insertion from several
 * starts improved by moving runs of stops (Or 1976) and turning them round.
 */
export function tripOrder(cost: Float64Array, n: number, ends: TripEnds): number[] | null {
  const clean = cost.map((value) => (Number.isNaN(value) ? Infinity : value));
  const order = n <= EXACT_STOPS ? exactOrder(clean, n, ends) : goodOrder(clean, n, ends);
  return order && orderCost(clean, n, order, ends) < Infinity ? order : null;
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

function goodOrder(cost: Float64Array, n: number, ends: TripEnds): number[] {
  let best: number[] | null = null;
  let bestCost = Infinity;
  const seeds = Math.min(n, 12);
  for (let k = 0; k < seeds; k++) {
    const start = Math.floor((k * n) / seeds);
    const order = improved(cost, n, inserted(cost, n, start, ends), ends);
    const total = orderCost(cost, n, order, ends);
    if (best === null || total < bestCost) [best, bestCost] = [order, total];
  }
  return best!;
}

function inserted(cost: Float64Array, n: number, seed: number, ends: TripEnds): number[] {
  const order: number[] = [];
  if (ends.fixedFirst) order.push(0);
  if (ends.fixedLast) order.push(n - 1);
  if (!order.includes(seed)) order.splice(ends.fixedFirst ? 1 : 0, 0, seed);
  const left = new Set([...Array(n).keys()].filter((stop) => !order.includes(stop)));
  while (left.size > 0) {
    let pick = -1;
    let place = 0;
    let least = Infinity;
    for (const stop of left) {
      const from = ends.fixedFirst ? 1 : 0;
      const to = ends.fixedLast ? order.length - 1 : order.length;
      for (let at = from; at <= to; at++) {
        const a = order[at - 1] ?? (ends.closed ? order.at(-1) : undefined);
        const b = order[at] ?? (ends.closed ? order[0] : undefined);
        const added =
          (a === undefined ? 0 : cost[a * n + stop]!) +
          (b === undefined ? 0 : cost[stop * n + b]!) -
          (a === undefined || b === undefined ? 0 : cost[a * n + b]!);
        if (pick < 0 || added < least) [pick, place, least] = [stop, at, added];
      }
    }
    order.splice(place, 0, pick);
    left.delete(pick);
  }
  return order;
}

function improved(cost: Float64Array, n: number, start: number[], ends: TripEnds): number[] {
  let order = start;
  let total = orderCost(cost, n, order, ends);
  const first = ends.fixedFirst ? 1 : 0;
  const end = n - (ends.fixedLast ? 1 : 0);
  for (let found = true; found;) {
    found = false;
    for (let from = first; from < end && !found; from++) {
      for (let to = from + 1; to <= end && !found; to++) {
        const run = order.slice(from, to);
        const rest = [...order.slice(0, from), ...order.slice(to)];
        const turned = run.toReversed();
        const limit = run.length <= 3 ? rest.length - (ends.fixedLast ? 1 : 0) : first - 1;
        const places = [from];
        for (let at = first; at <= limit; at++) places.push(at);
        for (const at of places) {
          for (const piece of [run, turned]) {
            const next = [...rest.slice(0, at), ...piece, ...rest.slice(at)];
            const value = orderCost(cost, n, next, ends);
            if (value < total - 1e-9) {
              order = next;
              total = value;
              found = true;
            }
          }
        }
      }
    }
  }
  return order;
}
