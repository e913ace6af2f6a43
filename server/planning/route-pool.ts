import type { Random } from './random.ts';
import type { Routes } from './routes.ts';

/** Nothing more is added beyond so many routes or stops: they take a few megabytes. */
const MOST_ROUTES = 16_384;
const MOST_STOPS = 400_000;
/** Spreads keys over the index (2³² divided by the golden ratio). */
const SPREAD = 0x9e3779b1;

/**
 * Routes that the search came by, each set of jobs once, in the cheapest order seen. For problems of capacity and windows
 * alone whose vehicles are all alike: a route of the pool is then a route for any of them.
 */
export class RoutePool {
  count = 0;
  /** Stops of route r in driving order: `stops[from[r]] .. stops[from[r + 1] - 1]`. */
  readonly from = new Int32Array(MOST_ROUTES + 1);
  readonly stops = new Int32Array(MOST_STOPS);
  readonly cost = new Float64Array(MOST_ROUTES);
  /** The jobs of route r as a bit set of so many words, from `r * words`. */
  readonly words: number;
  readonly mask: Int32Array;
  private readonly routes: Routes;
  /** A set of jobs is known by two exclusive ors of random numbers. */
  private readonly keyOf: Int32Array;
  private readonly checkOf: Int32Array;
  private readonly key = new Int32Array(MOST_ROUTES);
  private readonly check = new Int32Array(MOST_ROUTES);
  /** Open addressing: number of the route plus one, 0 where there is none. */
  private readonly index = new Int32Array(4 * MOST_ROUTES);
  private readonly seenVersion: Int32Array;

  constructor(routes: Routes, random: Random) {
    const { jobCount, vehicleCount } = routes.model;
    this.routes = routes;
    this.words = (jobCount + 31) >> 5;
    this.mask = new Int32Array(MOST_ROUTES * this.words);
    this.keyOf = Int32Array.from({ length: jobCount }, () => random.bits());
    this.checkOf = Int32Array.from({ length: jobCount }, () => random.bits());
    this.seenVersion = new Int32Array(vehicleCount);
  }

  /** Adds the present (committed) routes. */
  sample(): void {
    const { routes, seenVersion } = this;
    for (let i = 0; i < routes.usedCount; i++) {
      const v = routes.used[i] as number;
      if (seenVersion[v] === routes.version[v]) continue;
      seenVersion[v] = routes.version[v] as number;
      const slot = routes.slotOf[v] as number;
      this.add(slot * routes.stride + 1, routes.length[slot] as number, routes.cost[slot] as number);
    }
  }

  /** Adds the route of `length` stops that stands from `begin` in the nodes of the search. */
  private add(begin: number, length: number, cost: number): void {
    const { index } = this;
    const { node } = this.routes;
    let key = 0;
    let check = 0;
    for (let i = begin; i < begin + length; i++) {
      key ^= this.keyOf[node[i] as number] as number;
      check ^= this.checkOf[node[i] as number] as number;
    }
    const wrap = index.length - 1;
    let at = (Math.imul(key, SPREAD) >>> 8) & wrap;
    for (; index[at] !== 0; at = (at + 1) & wrap) {
      const r = (index[at] as number) - 1;
      if (this.key[r] !== key || this.check[r] !== check) continue;
      if (cost < (this.cost[r] as number)) this.write(r, begin, length, cost);
      return;
    }
    if (this.count === MOST_ROUTES || (this.from[this.count] as number) + length > MOST_STOPS) return;
    const r = this.count++;
    index[at] = r + 1;
    this.key[r] = key;
    this.check[r] = check;
    this.from[r + 1] = (this.from[r] as number) + length;
    this.write(r, begin, length, cost);
    for (let i = begin; i < begin + length; i++) {
      const job = node[i] as number;
      this.mask[r * this.words + (job >> 5)]! |= 1 << (job & 31);
    }
  }

  private write(r: number, begin: number, length: number, cost: number): void {
    this.cost[r] = cost;
    this.stops.set(this.routes.node.subarray(begin, begin + length), this.from[r] as number);
  }
}
