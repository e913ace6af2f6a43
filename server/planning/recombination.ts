import type { Neighbours } from './neighbours.ts';
import type { Pace } from './pace.ts';
import { MOST_ROWS, Partition } from './partition.ts';
import type { Random } from './random.ts';
import type { RoutePool } from './route-pool.ts';
import type { Routes } from './routes.ts';

/** Nodes of the search for an exact cover, for each part of the gap. */
const MOST_NODES = 300;

/**
 * Takes neighbouring routes of the present plan and looks in the pool for routes that serve the same jobs for less: a
 * large neighbourhood over whole routes (set partitioning as in Foster & Ryan 1976; inside a search as in Subramanian,
 * Uchoa & Ochi 2013).
 */
export class Recombination {
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  private readonly pool: RoutePool;
  private readonly random: Random;
  private readonly size: { least: number; most: number };
  private readonly partition = new Partition();
  private readonly seeds: Int32Array;
  /** Clusters of the present plan that were looked at, by their vehicles and the versions of their routes. */
  private readonly tried = new Set<string>();
  private readonly vehicles: number[] = [];
  /** Row of each job of the cluster, and the cluster's jobs as a bit set. */
  private readonly rowOf: Int32Array;
  private readonly union: Int32Array;
  private readonly rows = new Int32Array(MOST_ROWS);
  /** Where each column comes from: a route of the pool, or -1 - v for the present route of vehicle v. */
  private readonly origin: number[] = [];
  private readonly incumbent: number[] = [];

  /** `size` bounds how many jobs a cluster has; each draws its own bound between the two. */
  constructor(
    routes: Routes,
    neighbours: Neighbours,
    pool: RoutePool,
    random: Random,
    size: { least: number; most: number },
  ) {
    const { jobCount } = routes.model;
    this.routes = routes;
    this.neighbours = neighbours;
    this.pool = pool;
    this.random = random;
    this.size = size;
    this.seeds = Int32Array.from({ length: jobCount }, (_, job) => job);
    this.rowOf = new Int32Array(jobCount);
    this.union = new Int32Array(pool.words);
  }

  /**
   * Looks around every job, in random order, until the share `until` of the budget is spent. Improvements of the present
   * plan are committed; whether there was one.
   */
  run(pace: Pace, until: number): boolean {
    const { seeds, random } = this;
    let improved = false;
    this.tried.clear();
    for (let i = seeds.length - 1; i >= 0; i--) {
      pace.look();
      if (pace.spent >= until) break;
      const k = random.below(i + 1);
      const seed = seeds[k] as number;
      seeds[k] = seeds[i] as number;
      seeds[i] = seed;
      if (!this.gather(seed)) continue;
      this.layColumns();
      if (this.partition.solve(this.incumbent, MOST_NODES) && this.apply()) improved = true;
    }
    return improved;
  }

  /** The vehicles that serve a job and its neighbours; false where there is one alone, or they were looked at before. */
  private gather(seed: number): boolean {
    const { routes, neighbours, vehicles, random } = this;
    const { least, most } = this.size;
    const bound = least + random.below(most - least + 1);
    vehicles.length = 0;
    let size = 0;
    for (let i = -1; i < neighbours.count; i++) {
      const job = i < 0 ? seed : (neighbours.list[seed * neighbours.count + i] as number);
      const v = routes.vehicleOf[job] as number;
      if (v < 0 || vehicles.includes(v)) continue;
      const length = routes.length[routes.slotOf[v] as number] as number;
      if (size + length > (vehicles.length < 2 ? MOST_ROWS : bound)) break;
      vehicles.push(v);
      size += length;
    }
    if (vehicles.length < 2) return false;
    vehicles.sort((a, b) => a - b);
    const name = vehicles.map((v) => `${v}.${routes.version[v]}`).join(' ');
    if (this.tried.has(name)) return false;
    this.tried.add(name);
    return true;
  }

  /** The present routes of the cluster, and each route of the pool that serves jobs of the cluster alone. */
  private layColumns(): void {
    const { routes, vehicles, rowOf, union, rows, origin, incumbent, pool, partition } = this;
    union.fill(0);
    origin.length = 0;
    incumbent.length = 0;
    let rowCount = 0;
    partition.begin();
    for (const v of vehicles) {
      const slot = routes.slotOf[v] as number;
      const base = slot * routes.stride;
      const length = routes.length[slot] as number;
      for (let p = 1; p <= length; p++) {
        const job = routes.node[base + p] as number;
        rows[p - 1] = rowOf[job] = rowCount++;
        union[job >> 5]! |= 1 << (job & 31);
      }
      incumbent.push(origin.length);
      partition.add(rows, length, routes.cost[slot] as number);
      origin.push(-1 - v);
    }
    partition.rowCount = rowCount;
    const { words, mask, from, stops } = pool;
    for (let r = 0; r < pool.count; r++) {
      let outside = 0;
      for (let w = 0; w < words && outside === 0; w++)
        outside = (mask[r * words + w] as number) & ~(union[w] as number);
      if (outside !== 0) continue;
      const begin = from[r] as number;
      const count = (from[r + 1] as number) - begin;
      for (let i = 0; i < count; i++) rows[i] = rowOf[stops[begin + i] as number] as number;
      if (!partition.add(rows, count, pool.cost[r] as number)) return;
      origin.push(r);
    }
  }

  /** Drives the routes of the answer; false when there are not as many vehicles. */
  private apply(): boolean {
    const { routes, vehicles, origin, pool, partition } = this;
    const { model } = routes;
    const chosen = partition.answer.map((column) => origin[column] as number);
    const free = vehicles.filter((v) => !chosen.includes(-1 - v));
    const fresh = chosen.filter((r) => r >= 0);
    for (let v = 0; v < model.vehicleCount && free.length < fresh.length; v++) {
      if ((routes.usedAt[v] as number) < 0) free.push(v);
    }
    if (free.length < fresh.length) return false;
    const before = routes.routesCost;
    free.forEach((v, i) => {
      const slot = routes.beginChange(v);
      const base = slot * routes.stride + 1;
      const r = fresh[i];
      const nodes = r === undefined ? [] : pool.stops.subarray(pool.from[r], pool.from[r + 1]);
      routes.node.set(nodes, base);
      routes.node[base + nodes.length] = model.endNode[v] as number;
      routes.length[slot] = nodes.length;
    });
    let sound = true;
    for (const v of free) sound = routes.refresh(v) && sound;
    if (sound && routes.routesCost < before) {
      routes.commit();
      return true;
    }
    routes.reject();
    return false;
  }
}
