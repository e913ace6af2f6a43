import type { Model } from './model.ts';
import { layNeighbours } from './neighbours.ts';
import type { Neighbours } from './neighbours.ts';
import type { Random } from './random.ts';
import type { Routes } from './routes.ts';

/** Sizes of a ruin: how many jobs on average, and how long a string may be. */
export interface RuinOptions {
  averageRemoved: number;
  longestString: number;
}

const SPLIT_CHANCE = 0.5;
const SPLIT_GROWTH = 0.01;

/**
 * Removal of adjacent strings of jobs around a seed (Christiaens & Vanden Berghe 2020, section 5.2). Frozen stops
 * stay; disposals and reloads stay too, unless the route no longer needs them.
 */
export class Ruin {
  private readonly routes: Routes;
  private readonly model: Model;
  private readonly random: Random;
  readonly neighbours: Neighbours;
  private readonly gone: Uint8Array;
  private readonly ruined: Uint8Array;
  private readonly ruinedList: Int32Array;
  private readonly movable: Int32Array;

  constructor(routes: Routes, random: Random) {
    this.routes = routes;
    this.model = routes.model;
    this.random = random;
    this.neighbours = layNeighbours(routes.model);
    this.gone = new Uint8Array(this.model.jobCount);
    this.ruined = new Uint8Array(this.model.vehicleCount);
    this.ruinedList = new Int32Array(this.model.vehicleCount);
    this.movable = new Int32Array(routes.stride);
  }

  /** Takes strings of jobs out of routes; false when a remaining route would break a rule (reject the trial then). */
  run(options: RuinOptions): boolean {
    const { model, routes, random } = this;
    const placed = model.jobCount - routes.absentCount;
    if (placed === 0) return true;
    const averageLength = placed / Math.max(1, routes.usedCount);
    const longest = Math.max(1, Math.min(options.longestString, averageLength));
    const mostStrings = (4 * options.averageRemoved) / (1 + longest) - 1;
    const strings = Math.floor(1 + random.unit() * Math.max(0, mostStrings));
    const seed = random.below(model.jobCount);
    const { count, list } = this.neighbours;
    let ruinedCount = 0;
    for (let i = -1; i < count && ruinedCount < strings; i++) {
      const job = i < 0 ? seed : (list[seed * count + i] as number);
      const v = routes.vehicleOf[job] as number;
      if (v < 0 || this.ruined[v] || model.frozenJob[job]) continue;
      this.ruined[v] = 1;
      this.ruinedList[ruinedCount++] = v;
      this.markString(v, job, longest);
    }
    let sound = true;
    for (let i = 0; i < ruinedCount; i++) {
      const v = this.ruinedList[i] as number;
      this.ruined[v] = 0;
      sound = this.takeOut(v) && sound;
    }
    return sound;
  }

  /** Empties vehicle v of all that is not frozen. */
  emptyVehicle(v: number): boolean {
    const { routes, model } = this;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    for (let p = (model.frozen[v] as number) + 1; p <= (routes.length[slot] as number); p++) {
      const x = routes.node[base + p] as number;
      if (x < model.jobCount) this.gone[x] = 1;
    }
    return this.takeOut(v);
  }

  /** Marks jobs for `takeOutMarked`. */
  mark(nodes: Int32Array): void {
    const { model, gone, routes } = this;
    for (const x of nodes) {
      const v = x < model.jobCount ? (routes.vehicleOf[x] as number) : -1;
      if (v < 0) continue;
      gone[x] = 1;
      this.ruined[v] = 1;
    }
  }

  /** Takes the marked jobs out of their routes; false when a remaining route would break a rule. */
  takeOutMarked(): boolean {
    let sound = true;
    for (let v = 0; v < this.model.vehicleCount; v++) {
      if (!this.ruined[v]) continue;
      this.ruined[v] = 0;
      sound = this.takeOut(v) && sound;
    }
    return sound;
  }

  private markString(v: number, job: number, longest: number): void {
    const { routes, model, random, movable, gone } = this;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    let count = 0;
    let centre = 0;
    if (model.general) {
      for (let p = (model.frozen[v] as number) + 1; p <= length; p++) {
        const x = routes.node[base + p] as number;
        if (x >= model.jobCount) continue;
        if (x === job) centre = count;
        movable[count++] = x;
      }
    } else {
      count = length;
      centre = (routes.positionOf[job] as number) - 1;
    }
    const size = Math.min(count, Math.floor(1 + random.unit() * Math.min(count, longest)));
    let kept = 0;
    if (size > 1 && size < count && random.unit() < SPLIT_CHANCE) {
      kept = 1;
      while (size + kept < count && random.unit() > SPLIT_GROWTH) kept++;
    }
    const span = size + kept;
    const first = Math.max(0, centre - span + 1);
    const last = Math.min(centre, count - span);
    const from = first + random.below(last - first + 1);
    const keepFrom = kept > 0 ? from + 1 + random.below(size - 1) : -1;
    for (let i = from; i < from + span; i++) {
      if (kept > 0 && i >= keepFrom && i < keepFrom + kept) continue;
      gone[model.general ? (movable[i] as number) : (routes.node[base + 1 + i] as number)] = 1;
    }
  }

  /** Rewrites v's route without what is marked as gone, and without the places it needs no more. */
  private takeOut(v: number): boolean {
    const { routes, model, gone } = this;
    const slot = routes.beginChange(v);
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    let kept = 0;
    let places = 0;
    for (let p = 1; p <= length; p++) {
      const x = routes.node[base + p] as number;
      if (x < model.jobCount && gone[x]) {
        gone[x] = 0;
        routes.addAbsent(x);
        continue;
      }
      if (x >= model.jobCount) places++;
      routes.node[base + ++kept] = x;
    }
    routes.node[base + kept + 1] = routes.node[base + length + 1] as number;
    routes.length[slot] = kept;
    let sound = routes.refresh(v);
    if (places > 0) sound = this.dropPlaces(v, slot, base) || sound;
    return sound;
  }

  /** Drops disposals and reloads one by one where the route stays sound and gets cheaper. */
  private dropPlaces(v: number, slot: number, base: number): boolean {
    const { routes, model } = this;
    let sound = routes.schedule?.feasible[slot] === 1;
    for (let p = routes.length[slot] as number; p > (model.frozen[v] as number); p--) {
      const place = routes.node[base + p] as number;
      if (place < model.jobCount || (sound && !routes.schedule?.fitsWithout(v, p))) continue;
      const length = routes.length[slot] as number;
      const cost = routes.cost[slot] as number;
      for (let i = p; i <= length; i++) routes.node[base + i] = routes.node[base + i + 1] as number;
      routes.length[slot] = length - 1;
      const mustEmpty = length === 1 && model.endEmpty[v] === 1 && model.hasInitialLoad[v] === 1;
      if (!mustEmpty && routes.refresh(v) && (!sound || (routes.cost[slot] as number) <= cost)) {
        sound = true;
        continue;
      }
      for (let i = length + 1; i > p; i--) routes.node[base + i] = routes.node[base + i - 1] as number;
      routes.node[base + p] = place;
      routes.length[slot] = length;
      routes.refresh(v);
    }
    return sound;
  }
}
