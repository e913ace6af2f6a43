import type { Model, Travel } from './model.ts';
import type { Neighbours } from './neighbours.ts';
import type { Random } from './random.ts';
import type { Routes } from './routes.ts';

const NEAREST = 16;

/**
 * Small moves that string removal finds hardly: two routes exchange their tails (2-opt*, Potvin & Rousseau 1995), one
 * route or a pair reverses a stretch (2-opt). Tried at random near pairs and accepted by the same annealing rule. Only
 * where time constrains nothing: with windows, measured, the same processor time is better spent on ruin and recreate.
 */
export class Tails {
  private readonly routes: Routes;
  private readonly model: Model;
  private readonly random: Random;
  private readonly neighbours: Neighbours;
  private readonly logs: Float64Array;
  private readonly scratch: Int32Array;
  private readonly usable: boolean;
  /** Distances are the same both ways: stretches may be reversed. */
  private readonly reversible: boolean;
  private readonly anyoneMay: boolean;

  constructor(routes: Routes, neighbours: Neighbours, random: Random, logs: Float64Array) {
    const { model } = routes;
    this.routes = routes;
    this.model = model;
    this.random = random;
    this.neighbours = neighbours;
    this.logs = logs;
    this.scratch = new Int32Array(2 * routes.stride);
    this.usable = !model.timed && model.problem.options.stability === 0 && neighbours.count > 0;
    this.reversible =
      model.travels.every((travel) => travel.cost === travel.costTo) &&
      model.startNode.every((node, v) => node === model.endNode[v]);
    this.anyoneMay = model.allowed.every((may) => may === 1);
  }

  /** Tries some random moves up to the first that is taken, which is committed. Returns whether one was. */
  run(tries: number, temperature: number): boolean {
    if (!this.usable) return false;
    const { model, routes, random, neighbours } = this;
    const { vehicleOf, positionOf } = routes;
    const near = Math.min(NEAREST, neighbours.count);
    for (let t = 0; t < tries; t++) {
      const i = random.below(model.jobCount);
      const v = vehicleOf[i] as number;
      const j = neighbours.list[i * neighbours.count + random.below(near)] as number;
      const w = vehicleOf[j] as number;
      if (v < 0 || w < 0) continue;
      const p = positionOf[i] as number;
      const q = positionOf[j] as number;
      const allowance = temperature * (this.logs[random.below(4096)] as number);
      if (v === w) {
        if (this.reversible && this.reverse(v, Math.min(p, q), Math.max(p, q), allowance)) return true;
      } else if (this.reversible && (t & 1) === 1) {
        if (this.crossReversed(v, p, w, q, allowance)) return true;
      } else if (this.crossTails(v, p, w, q - 1, allowance)) return true;
    }
    return false;
  }

  /** Reverses positions p + 1 to q. */
  private reverse(v: number, p: number, q: number, allowance: number): boolean {
    const { routes } = this;
    const base = (routes.slotOf[v] as number) * routes.stride;
    if (q - p < 2 || this.change(v, base + p, base + q, base + p + 1, base + q + 1) >= allowance)
      return false;
    const slot = routes.beginChange(v);
    const to = slot * routes.stride;
    for (let i = p + 1, k = q; i < k; i++, k--) {
      const x = routes.node[to + i] as number;
      routes.node[to + i] = routes.node[to + k] as number;
      routes.node[to + k] = x;
    }
    routes.refresh(v);
    routes.commit();
    return true;
  }

  /** v keeps its stops up to p and goes on with w's after q, and the other way round. */
  private crossTails(v: number, p: number, w: number, q: number, allowance: number): boolean {
    const { model, routes } = this;
    const a = (routes.slotOf[v] as number) * routes.stride;
    const b = (routes.slotOf[w] as number) * routes.stride;
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    const x = routes.node[a + p] as number;
    const y = routes.node[b + q + 1] as number;
    const change =
      (travel.cost[x * n + y] as number) +
      (travel.cost[(routes.node[b + q] as number) * n + (routes.node[a + p + 1] as number)] as number) -
      (routes.leg[a + p] as number) -
      (routes.leg[b + q] as number);
    if (change >= allowance || !this.alike(v, w)) return false;
    const { scratch } = this;
    let count = 0;
    for (let i = 1; i <= p; i++) scratch[count++] = routes.node[a + i] as number;
    const lengthB = routes.length[routes.slotOf[w] as number] as number;
    for (let i = q + 1; i <= lengthB; i++) scratch[count++] = routes.node[b + i] as number;
    const split = count;
    for (let i = 1; i <= q; i++) scratch[count++] = routes.node[b + i] as number;
    const lengthA = routes.length[routes.slotOf[v] as number] as number;
    for (let i = p + 1; i <= lengthA; i++) scratch[count++] = routes.node[a + i] as number;
    return this.take(v, w, split, count);
  }

  /** v goes on from p with w's stops up to q, backwards; w begins with v's stops after p, backwards. */
  private crossReversed(v: number, p: number, w: number, q: number, allowance: number): boolean {
    const { routes } = this;
    const a = (routes.slotOf[v] as number) * routes.stride;
    const b = (routes.slotOf[w] as number) * routes.stride;
    if (this.change(v, a + p, b + q, a + p + 1, b + q + 1) >= allowance || !this.alike(v, w)) return false;
    const { scratch } = this;
    let count = 0;
    for (let i = 1; i <= p; i++) scratch[count++] = routes.node[a + i] as number;
    for (let i = q; i >= 1; i--) scratch[count++] = routes.node[b + i] as number;
    const split = count;
    const lengthA = routes.length[routes.slotOf[v] as number] as number;
    for (let i = lengthA; i > p; i--) scratch[count++] = routes.node[a + i] as number;
    const lengthB = routes.length[routes.slotOf[w] as number] as number;
    for (let i = q + 1; i <= lengthB; i++) scratch[count++] = routes.node[b + i] as number;
    return this.take(v, w, split, count);
  }

  /** Cost of joining the nodes of cells (i, j) and (iNext, jNext) instead of each with its successor. */
  private change(v: number, i: number, j: number, iNext: number, jNext: number): number {
    const { model, routes } = this;
    const { cost } = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    return (
      (cost[(routes.node[i] as number) * n + (routes.node[j] as number)] as number) +
      (cost[(routes.node[iNext] as number) * n + (routes.node[jNext] as number)] as number) -
      (routes.leg[i] as number) -
      (routes.leg[j] as number)
    );
  }

  /** May these two vehicles finish each other's routes? */
  private alike(v: number, w: number): boolean {
    const { model } = this;
    return (
      model.travelOf[v] === model.travelOf[w] &&
      model.endNode[v] === model.endNode[w] &&
      (!this.reversible || model.startNode[v] === model.startNode[w])
    );
  }

  /** Gives v the scratch stops before `split`, w the rest, when amounts and skills allow. */
  private take(v: number, w: number, split: number, count: number): boolean {
    const { routes } = this;
    if (!this.fits(v, 0, split) || !this.fits(w, split, count)) return false;
    this.write(v, 0, split);
    this.write(w, split, count);
    const sound = routes.refresh(v);
    if (!routes.refresh(w) || !sound) {
      routes.reject();
      return false;
    }
    routes.commit();
    return true;
  }

  private fits(v: number, from: number, to: number): boolean {
    const { model, scratch } = this;
    const { dims } = model;
    if (to - from > (model.maxTasks[v] as number)) return false;
    for (let d = 0; d < dims; d++) {
      let sum = 0;
      for (let i = from; i < to; i++) {
        const at = (scratch[i] as number) * dims + d;
        sum += (model.delivery[at] as number) + (model.pickup[at] as number);
      }
      if (sum > (model.capacity[v * dims + d] as number)) return false;
    }
    if (this.anyoneMay) return true;
    for (let i = from; i < to; i++) {
      if (!model.allowed[(scratch[i] as number) * model.vehicleCount + v]) return false;
    }
    return true;
  }

  private write(v: number, from: number, to: number): void {
    const { routes, scratch, model } = this;
    const slot = routes.beginChange(v);
    const base = slot * routes.stride;
    for (let i = from; i < to; i++) routes.node[base + 1 + i - from] = scratch[i] as number;
    routes.node[base + 1 + to - from] = model.endNode[v] as number;
    routes.length[slot] = to - from;
  }
}
