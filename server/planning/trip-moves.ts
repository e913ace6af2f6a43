import type { Model, Travel } from './model.ts';
import type { Random } from './random.ts';
import type { Routes } from './routes.ts';

/** The stops that a vehicle is proposed to serve. */
interface Draft {
  readonly nodes: Int32Array;
  length: number;
}

/**
 * A trip is what a vehicle serves between two visits of a disposal or reload. Insertion builds trips where they are
 * cheapest and hardly ever hands a whole one over: it would have to take it apart. Here a trip goes to another vehicle or
 * to another turn of its own, or two vehicles exchange all that comes after a visit of each. Often that costs nothing
 * and gives room in time. Accepted by the same annealing rule.
 */
export class TripMoves {
  private readonly routes: Routes;
  private readonly model: Model;
  private readonly random: Random;
  /** Where trips of the two vehicles begin and end: see `listBounds`. */
  private readonly bounds: Int32Array;
  private readonly otherBounds: Int32Array;
  private readonly draft: Draft;
  private readonly otherDraft: Draft;
  private readonly usable: boolean;

  constructor(routes: Routes, random: Random) {
    const { model, stride } = routes;
    this.routes = routes;
    this.model = model;
    this.random = random;
    this.bounds = new Int32Array(stride);
    this.otherBounds = new Int32Array(stride);
    this.draft = { nodes: new Int32Array(2 * stride), length: 0 };
    this.otherDraft = { nodes: new Int32Array(2 * stride), length: 0 };
    this.usable = model.stopCount > model.jobCount;
  }

  /** Tries one move and commits it when it costs less than `allowance` more. Returns whether it did. */
  run(allowance: number): boolean {
    const { routes, random, model } = this;
    if (!this.usable || routes.usedCount === 0) return false;
    const v = routes.used[random.below(routes.usedCount)] as number;
    const w = random.below(model.vehicleCount);
    this.draft.length = 0;
    this.otherDraft.length = 0;
    if (v === w) return this.draftTurn(v) && this.take(v, -1, allowance);
    const isDrafted = random.unit() < 0.5 ? this.draftHandover(v, w) : this.draftExchange(v, w);
    return isDrafted && this.take(v, w, allowance);
  }

  /** A trip of v goes behind later trips of v, or before earlier ones; the visit between stays between. */
  private draftTurn(v: number): boolean {
    const { random, bounds, draft } = this;
    const trips = this.listBounds(v, bounds) - 1;
    if (trips < 2) return false;
    const first = random.below(trips - 1);
    const last = first + 1 + random.below(trips - 1 - first);
    const from = bounds[first] as number;
    const to = bounds[last + 1] as number;
    const between = (random.unit() < 0.5 ? bounds[first + 1] : bounds[last]) as number;
    this.copy(v, 1, from, draft);
    this.copy(v, between + 1, to - 1, draft);
    this.copy(v, between, between, draft);
    this.copy(v, from + 1, between - 1, draft);
    this.copy(v, to, this.lengthOf(v), draft);
    return true;
  }

  /** A trip of v, with the visit before or behind it, goes into w at a bound. */
  private draftHandover(v: number, w: number): boolean {
    const { routes, random, model, bounds, otherBounds, draft, otherDraft } = this;
    const trips = this.listBounds(v, bounds) - 1;
    if (trips < 1) return false;
    const trip = random.below(trips);
    const from = bounds[trip] as number;
    const to = bounds[trip + 1] as number;
    if (to - from < 2) return false;
    const length = this.lengthOf(v);
    const otherLength = this.lengthOf(w);
    const endsWithVisit = to <= length;
    const takesVisitBefore = trip > 0 && (!endsWithVisit || random.unit() < 0.5);
    const cell = (routes.slotOf[v] as number) * routes.stride;
    let visit: number;
    if (takesVisitBefore) visit = routes.node[cell + from] as number;
    else if (endsWithVisit) visit = routes.node[cell + to] as number;
    else visit = model.jobCount + random.below(model.stopCount - model.jobCount);
    this.copy(v, 1, takesVisitBefore ? from - 1 : from, draft);
    this.copy(v, takesVisitBefore || !endsWithVisit ? to : to + 1, length, draft);

    const isReload = visit >= model.jobCount + model.disposalCount;
    const otherCount = this.listBounds(w, otherBounds);
    const bound = otherLength === 0 ? 0 : (otherBounds[random.below(otherCount)] as number);
    const isBehindAll = otherLength > 0 && bound > otherLength;
    // Before a bound the visit leads the trip in, behind one it closes it; a first trip needs no reload.
    const isLeading = isBehindAll || (bound > (model.frozen[w] as number) && random.unit() < 0.5);
    const needsVisit = otherLength > 0 || (!isReload && model.endEmpty[w] === 1);
    const at = isLeading ? bound - 1 : bound;
    this.copy(w, 1, at, otherDraft);
    if (isLeading && needsVisit) otherDraft.nodes[otherDraft.length++] = visit;
    this.copy(v, from + 1, to - 1, otherDraft);
    if (!isLeading && needsVisit) otherDraft.nodes[otherDraft.length++] = visit;
    this.copy(w, at + 1, otherLength, otherDraft);
    this.dropLastReload(w, otherDraft);
    return true;
  }

  /** v and w exchange all that comes after a bound of each. */
  private draftExchange(v: number, w: number): boolean {
    const { random, bounds, otherBounds, draft, otherDraft } = this;
    const length = this.lengthOf(v);
    const otherLength = this.lengthOf(w);
    const p = Math.min(length, bounds[random.below(this.listBounds(v, bounds))] as number);
    const q = Math.min(otherLength, otherBounds[random.below(this.listBounds(w, otherBounds))] as number);
    if (p === length && q === otherLength) return false;
    this.copy(v, 1, p, draft);
    this.copy(w, q + 1, otherLength, draft);
    this.copy(w, 1, q, otherDraft);
    this.copy(v, p + 1, length, otherDraft);
    this.dropLastReload(v, draft);
    this.dropLastReload(w, otherDraft);
    return true;
  }

  private lengthOf(v: number): number {
    return this.routes.length[this.routes.slotOf[v] as number] as number;
  }

  /** Appends the stops of v from position `from` to `to` to a draft. */
  private copy(v: number, from: number, to: number, draft: Draft): void {
    const { node, slotOf, stride } = this.routes;
    const base = (slotOf[v] as number) * stride;
    const { nodes } = draft;
    let { length } = draft;
    for (let i = from; i <= to; i++) nodes[length++] = node[base + i] as number;
    draft.length = length;
  }

  private dropLastReload(v: number, draft: Draft): void {
    const { model } = this;
    const reloads = model.jobCount + model.disposalCount;
    const frozen = model.frozen[v] as number;
    while (draft.length > frozen && (draft.nodes[draft.length - 1] as number) >= reloads) draft.length--;
  }

  /** Commits the drafts of v and w (-1: of v alone) when they keep every rule and cost little enough. */
  private take(v: number, w: number, allowance: number): boolean {
    const { routes } = this;
    const { cost, slotOf } = routes;
    let before = cost[slotOf[v] as number] as number;
    let least = this.leastCost(v, this.draft);
    if (w >= 0) {
      before += cost[slotOf[w] as number] as number;
      least += this.leastCost(w, this.otherDraft);
    }
    if (!(least < before + allowance)) return false;
    let isSound = this.write(v, this.draft);
    if (isSound && w >= 0) isSound = this.write(w, this.otherDraft);
    if (isSound) {
      let after = cost[slotOf[v] as number] as number;
      if (w >= 0) after += cost[slotOf[w] as number] as number;
      if (after < before + allowance) {
        routes.commit();
        return true;
      }
    }
    routes.reject();
    return false;
  }

  /** What a draft costs without lateness and overtime; Infinity when v may not serve one of its stops. */
  private leastCost(v: number, draft: Draft): number {
    const { model, routes } = this;
    const { nodes, length } = draft;
    // A loaded truck that must come home empty has to drive even without a job.
    if (length === 0) return model.endEmpty[v] && model.hasInitialLoad[v] ? Infinity : 0;
    if (length + 2 > routes.stride) return Infinity;
    const { cost } = model.travels[model.travelOf[v] as number] as Travel;
    const movePrice = model.movePrice[v] as number;
    const n = model.nodeCount;
    let sum = model.fixedCost[v] as number;
    let prev = model.startNode[v] as number;
    for (let i = 0; i < length; i++) {
      const x = nodes[i] as number;
      if (x < model.jobCount) {
        if (!model.allowed[x * model.vehicleCount + v]) return Infinity;
        if (movePrice > 0 && model.home[x] !== v && model.home[x] !== -1) sum += movePrice;
      }
      sum += cost[prev * n + x] as number;
      prev = x;
    }
    return sum + (cost[prev * n + (model.endNode[v] as number)] as number);
  }

  private write(v: number, draft: Draft): boolean {
    const { routes, model } = this;
    const slot = routes.beginChange(v);
    const base = slot * routes.stride;
    const { nodes, length } = draft;
    for (let i = 0; i < length; i++) routes.node[base + 1 + i] = nodes[i] as number;
    routes.node[base + 1 + length] = model.endNode[v] as number;
    routes.length[slot] = length;
    return routes.refresh(v);
  }

  /** The end of the frozen part, every visit behind it, and where the last stop is none, the place behind it. */
  private listBounds(v: number, bounds: Int32Array): number {
    const { model, routes } = this;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    const frozen = model.frozen[v] as number;
    let count = 0;
    bounds[count++] = frozen;
    for (let p = frozen + 1; p <= length; p++) {
      if ((routes.node[base + p] as number) >= model.jobCount) bounds[count++] = p;
    }
    if (length > frozen && (routes.node[base + length] as number) < model.jobCount)
      bounds[count++] = length + 1;
    return count;
  }
}
