import type { Kept } from './elite.ts';
import type { Random } from './random.ts';
import type { Routes } from './routes.ts';
import type { Ruin } from './ruin.ts';

/**
 * Selective route exchange (after Nagata & Bräysy 2009): the present plan takes over routes that lie side by side in
 * another plan, and gives up for each the route it resembles most. What is left over by that is absent afterwards.
 */
export class Graft {
  private readonly routes: Routes;
  private readonly ruin: Ruin;
  private readonly random: Random;
  private readonly ownerInB: Int32Array;
  private readonly chosen: Uint8Array;
  private readonly given: Uint8Array;
  private readonly shared: Int32Array;
  private readonly vehicles: number[] = [];
  private readonly stops: Int32Array[] = [];

  constructor(routes: Routes, ruin: Ruin, random: Random) {
    const { jobCount, vehicleCount } = routes.model;
    this.routes = routes;
    this.ruin = ruin;
    this.random = random;
    this.ownerInB = new Int32Array(jobCount);
    this.chosen = new Uint8Array(vehicleCount);
    this.given = new Uint8Array(vehicleCount);
    this.shared = new Int32Array(vehicleCount);
  }

  /** Crosses the present plan, which is `a`, with `b`. False when a route would break a rule: reject the trial then. */
  run(a: Kept, b: Kept): boolean {
    const { routes, ruin, vehicles, stops } = this;
    const { model } = routes;
    this.choose(a, b);
    for (const vehicle of vehicles) ruin.emptyVehicle(vehicle);
    for (const nodes of stops) ruin.mark(nodes);
    let sound = ruin.takeOutMarked();
    for (let i = 0; i < vehicles.length; i++) {
      const v = vehicles[i] as number;
      const nodes = stops[i] as Int32Array;
      const slot = routes.beginChange(v);
      const base = slot * routes.stride;
      for (let p = 0; p < nodes.length; p++) routes.node[base + 1 + p] = nodes[p] as number;
      routes.node[base + 1 + nodes.length] = model.endNode[v] as number;
      routes.length[slot] = nodes.length;
      for (const x of nodes)
        if (x < model.jobCount && (routes.absentAt[x] as number) >= 0) routes.dropAbsent(x);
      sound = routes.refresh(v) && sound;
    }
    return sound;
  }

  private choose(a: Kept, b: Kept): void {
    const { routes, random, ownerInB, chosen, given, vehicles, stops } = this;
    const { model } = routes;
    const { count, list } = this.ruin.neighbours;
    ownerInB.fill(-1);
    for (let v = 0; v < model.vehicleCount; v++) {
      for (const x of b.routes[v] as Int32Array) if (x < model.jobCount) ownerInB[x] = v;
    }
    chosen.fill(0);
    given.fill(0);
    vehicles.length = 0;
    stops.length = 0;
    const most = 1 + random.below(Math.max(1, routes.usedCount >> 1));
    const seed = random.below(model.jobCount);
    for (let i = -1; i < count && vehicles.length < most; i++) {
      const v = ownerInB[i < 0 ? seed : (list[seed * count + i] as number)] as number;
      if (v < 0 || chosen[v]) continue;
      chosen[v] = 1;
      const nodes = b.routes[v] as Int32Array;
      const like = this.mostAlike(v, nodes);
      if (like < 0) continue;
      given[like] = 1;
      // A route that both plans have brings nothing new.
      if (this.shared[like] === nodes.length && (a.routes[like] as Int32Array).length === nodes.length)
        continue;
      vehicles.push(like);
      stops.push(nodes);
    }
  }

  /** The vehicle interchangeable with v that serves most of these stops now; -1 when all such have given theirs. */
  private mostAlike(v: number, nodes: Int32Array): number {
    const { routes, shared, given } = this;
    const { jobCount, vehicleCount, vehicleClass } = routes.model;
    shared.fill(0);
    for (const x of nodes) {
      const owner = x < jobCount ? (routes.vehicleOf[x] as number) : -1;
      if (owner >= 0) shared[owner] = (shared[owner] as number) + 1;
    }
    let like = -1;
    for (let w = 0; w < vehicleCount; w++) {
      if (given[w] || vehicleClass[w] !== vehicleClass[v]) continue;
      if (like < 0 || (shared[w] as number) > (shared[like] as number)) like = w;
    }
    return like;
  }
}
