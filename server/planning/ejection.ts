import type { Model, Travel } from './model.ts';
import type { Random } from './random.ts';
import type { Routes } from './routes.ts';
import { earliestStart, latestStart } from './schedule.ts';

const MOST_EJECTED = 3;

/**
 * Makes room for a job that fits nowhere by throwing out up to three others of one route, those that were missed least
 * (Nagata & Bräysy, "A powerful route minimization heuristic for the vehicle routing problem with time windows",
 * Operations Research Letters 2009). For problems of capacity and windows alone.
 */
export class Ejection {
  private readonly routes: Routes;
  private readonly model: Model;
  private readonly random: Random;
  private readonly missed: Float64Array;
  /** The route looked at without what is thrown out: nodes with both ends, departures, latest arrivals. */
  private readonly rest: Int32Array;
  private readonly departS: Float64Array;
  private readonly latestS: Float64Array;
  private readonly out = new Int32Array(MOST_EJECTED);
  private readonly bestOut = new Int32Array(MOST_EJECTED);
  private bestCount = 0;
  private bestVehicle = -1;
  private bestPosition = 0;
  private bestSum = Infinity;
  private ties = 0;

  constructor(routes: Routes, random: Random, missed: Float64Array) {
    this.routes = routes;
    this.model = routes.model;
    this.random = random;
    this.missed = missed;
    this.rest = new Int32Array(routes.stride + 2);
    this.departS = new Float64Array(routes.stride + 2);
    this.latestS = new Float64Array(routes.stride + 2);
  }

  /** Puts an absent job into a used route at the least sum of `missed` thrown out; false when no route can take it. */
  run(job: number): boolean {
    const { model, routes } = this;
    this.bestSum = Infinity;
    this.bestVehicle = -1;
    for (let i = 0; i < routes.usedCount; i++) {
      const v = routes.used[i] as number;
      if (!model.allowed[job * model.vehicleCount + v]) continue;
      this.throwOut(v, job, 0, 1, 0);
    }
    if (this.bestVehicle < 0) return false;
    this.apply(job);
    return true;
  }

  /** Tries the sets that extend the `count` positions chosen so far by one from `from` on, cheapest sums only. */
  private throwOut(v: number, job: number, count: number, from: number, sum: number): void {
    const { model, routes, missed, out } = this;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    for (let p = from; p <= length; p++) {
      const x = routes.node[base + p] as number;
      const newSum = sum + (missed[x] as number) + 1;
      if (model.frozenJob[x] || newSum > this.bestSum) continue;
      out[count] = p;
      if (this.hasRoom(v, slot, base, job, count + 1)) this.place(v, job, count + 1, newSum);
      if (count + 1 < MOST_EJECTED && newSum < this.bestSum) this.throwOut(v, job, count + 1, p + 1, newSum);
    }
  }

  private hasRoom(v: number, slot: number, base: number, job: number, count: number): boolean {
    const { model, routes, out } = this;
    const { dims } = model;
    for (let d = 0; d < dims; d++) {
      let amount = routes.amount[slot * dims + d] as number;
      amount += (model.delivery[job * dims + d] as number) + (model.pickup[job * dims + d] as number);
      for (let i = 0; i < count; i++) {
        const at = (routes.node[base + (out[i] as number)] as number) * dims + d;
        amount -= (model.delivery[at] as number) + (model.pickup[at] as number);
      }
      if (amount > (model.capacity[v * dims + d] as number)) return false;
    }
    return true;
  }

  /** Looks for a place in what is left of the route; among equal sums one is drawn. */
  private place(v: number, job: number, count: number, sum: number): void {
    const { model, rest, departS, latestS } = this;
    const { durationS } = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    const length = this.layRest(v, count);
    for (let p = 0; p <= length; p++) {
      if (model.timed) {
        const start = earliestStart(
          model,
          job,
          (departS[p] as number) + (durationS[(rest[p] as number) * n + job] as number),
        );
        if (start === Infinity) break;
        const onward = start + (model.serviceS[job] as number);
        if (onward + (durationS[job * n + (rest[p + 1] as number)] as number) > (latestS[p + 1] as number))
          continue;
      }
      if (sum < this.bestSum) this.ties = 0;
      if (this.random.below(++this.ties) > 0) continue;
      this.bestSum = sum;
      this.bestVehicle = v;
      this.bestPosition = p;
      this.bestCount = count;
      this.bestOut.set(this.out);
    }
  }

  /** Writes the route of v without the positions in `out`, with its times; returns its length. */
  private layRest(v: number, count: number): number {
    const { model, routes, out, rest, departS, latestS } = this;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    const { durationS } = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    let kept = 0;
    let skipped = 0;
    for (let p = 0; p <= length + 1; p++) {
      if (skipped < count && out[skipped] === p) skipped++;
      else rest[kept++] = routes.node[base + p] as number;
    }
    if (!model.timed) return kept - 2;
    let clock = model.shiftStartS[v] as number;
    departS[0] = clock;
    for (let p = 1; p < kept - 1; p++) {
      const x = rest[p] as number;
      const arrival = clock + (durationS[(rest[p - 1] as number) * n + x] as number);
      clock = earliestStart(model, x, arrival) + (model.serviceS[x] as number);
      departS[p] = clock;
    }
    let latest = model.shiftEndS[v] as number;
    latestS[kept - 1] = latest;
    for (let p = kept - 2; p > 0; p--) {
      const x = rest[p] as number;
      const legS = durationS[x * n + (rest[p + 1] as number)] as number;
      latest = latestStart(model, x, latest - legS - (model.serviceS[x] as number));
      latestS[p] = latest;
    }
    return kept - 2;
  }

  private apply(job: number): void {
    const { routes, rest } = this;
    const v = this.bestVehicle;
    this.out.set(this.bestOut);
    const length = this.layRest(v, this.bestCount);
    const slot = routes.beginChange(v);
    const base = slot * routes.stride;
    for (let i = 0; i < this.bestCount; i++) {
      routes.addAbsent(routes.node[base + (this.bestOut[i] as number)] as number);
    }
    routes.dropAbsent(job);
    for (let p = 1; p <= length + 1; p++) {
      routes.node[base + p + (p > this.bestPosition ? 1 : 0)] = rest[p] as number;
    }
    routes.node[base + this.bestPosition + 1] = job;
    routes.length[slot] = length + 1;
    routes.refresh(v);
    routes.commit();
  }
}
