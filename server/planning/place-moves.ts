import type { Model, Travel } from './model.ts';
import type { Random } from './random.ts';
import type { Routes } from './routes.ts';

/** How far a disposal or reload is shifted along its route at most. */
const FARTHEST_SHIFT = 3;

/**
 * Insertion puts disposals and reloads beside the stop that first needs them. Here one moves on its own: a little along
 * its route, or to another landfill or reload. Accepted by the same annealing rule.
 */
export class PlaceMoves {
  private readonly routes: Routes;
  private readonly model: Model;
  private readonly random: Random;
  private readonly positions: Int32Array;

  constructor(routes: Routes, random: Random) {
    this.routes = routes;
    this.model = routes.model;
    this.random = random;
    this.positions = new Int32Array(routes.stride);
  }

  /** Tries one move and commits it when it costs less than `allowance` more. Returns whether it did. */
  run(allowance: number): boolean {
    const { model, routes, random } = this;
    if (model.stopCount === model.jobCount || routes.usedCount === 0) return false;
    const v = routes.used[random.below(routes.usedCount)] as number;
    const count = this.listPlaces(v);
    if (count === 0) return false;
    const p = this.positions[random.below(count)] as number;
    const before = routes.slotOf[v] as number;
    const length = routes.length[before] as number;
    const place = routes.node[before * routes.stride + p] as number;
    const other = this.anotherLike(place);
    const shift = 1 + random.below(FARTHEST_SHIFT);
    const to = random.unit() < 0.5 ? p - shift : p + shift;
    const shifts = other === place || random.unit() < 0.5;
    if (shifts && (to <= (model.frozen[v] as number) || to > length)) return false;
    if (this.leastChange(v, p, shifts ? to : p, shifts ? place : other) >= allowance) return false;
    const cost = routes.cost[before] as number;
    const base = routes.beginChange(v) * routes.stride;
    if (shifts) {
      const step = to > p ? 1 : -1;
      for (let i = p; i !== to; i += step) routes.node[base + i] = routes.node[base + i + step] as number;
      routes.node[base + to] = place;
    } else routes.node[base + p] = other;
    if (routes.refresh(v) && (routes.cost[routes.slotOf[v] as number] as number) < cost + allowance) {
      routes.commit();
      return true;
    }
    routes.reject();
    return false;
  }

  /** By how much v's route changes at least when the visit at `p` becomes one of `place` at `to`. */
  private leastChange(v: number, p: number, to: number, place: number): number {
    const { model, routes } = this;
    const { cost } = model.travels[model.travelOf[v] as number] as Travel;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    const { node, leg } = routes;
    const n = model.nodeCount;
    const between = (a: number, b: number): number => cost[a * n + b] as number;
    const before = node[base + p - 1] as number;
    const after = node[base + p + 1] as number;
    let change = -(leg[base + p - 1] as number) - (leg[base + p] as number);
    if (to === p) change += between(before, place) + between(place, after);
    else {
      const from = to > p ? to : to - 1;
      const a = node[base + from] as number;
      const b = node[base + from + 1] as number;
      change += between(before, after) - (leg[base + from] as number) + between(a, place) + between(place, b);
    }
    return change - (routes.schedule?.softCost[slot] ?? 0);
  }

  private listPlaces(v: number): number {
    const { model, routes, positions } = this;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    let count = 0;
    for (let p = (model.frozen[v] as number) + 1; p <= (routes.length[slot] as number); p++) {
      if ((routes.node[base + p] as number) >= model.jobCount) positions[count++] = p;
    }
    return count;
  }

  /** A disposal for a disposal, a reload for a reload; possibly the same one. */
  private anotherLike(place: number): number {
    const { model, random } = this;
    const reloads = model.jobCount + model.disposalCount;
    return place < reloads
      ? model.jobCount + random.below(model.disposalCount)
      : reloads + random.below(model.stopCount - reloads);
  }
}
