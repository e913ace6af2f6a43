import { Ejection } from './ejection.ts';
import type { Pace } from './pace.ts';
import type { Random } from './random.ts';
import type { Recreate } from './recreate.ts';
import type { Routes } from './routes.ts';
import type { Ruin, RuinOptions } from './ruin.ts';

/** Rounds of ruin and recreate between two ejections: they mix the routes. */
const MIXING_ROUNDS = 2;

/**
 * Fewest vehicles (Christiaens & Vanden Berghe 2020, section 5.4): a route is given up, its jobs look for room in the
 * others, and a job counts for more the more often it found none. Where capacity and windows are all there is, a job
 * that finds no room from time to time throws out others.
 */
export class Shedding {
  private readonly routes: Routes;
  private readonly ruin: Ruin;
  private readonly recreate: Recreate;
  private readonly random: Random;
  private readonly logs: Float64Array;
  private readonly missed: Float64Array;
  private readonly ejection: Ejection | undefined;

  constructor(routes: Routes, ruin: Ruin, recreate: Recreate, random: Random, logs: Float64Array) {
    this.routes = routes;
    this.ruin = ruin;
    this.recreate = recreate;
    this.random = random;
    this.logs = logs;
    this.missed = new Float64Array(routes.model.jobCount);
    this.ejection = routes.model.general ? undefined : new Ejection(routes, random, this.missed);
  }

  /**
   * Gives up vehicles until `until` of the budget is spent or no fewer could carry the load. `complete` is told of each
   * plan that serves everything with fewer vehicles than the one before.
   */
  run(pace: Pace, until: number, scale: number, ruinOptions: RuinOptions, complete: () => void): void {
    const { routes, random, ruin, recreate, missed } = this;
    const shut = { blink: 0.01, temperature: 0, mostRoutes: 0, limit: Infinity };
    const fewest = this.fewestVehicles();
    if (routes.missing > 0 || routes.usedCount <= fewest) return;
    let sum = 0;
    while (pace.spent < until && pace.next()) {
      if (routes.missing === 0) {
        complete();
        if (routes.usedCount <= fewest) return;
        this.emptyLeastMissed();
        sum = this.sumMissed();
      }
      const { absentCount } = routes;
      const cost = routes.routesCost;
      if (ruin.run(ruinOptions)) recreate.run(shut);
      const newSum = this.sumMissed();
      for (let i = 0; i < routes.absentCount; i++) missed[routes.absent[i] as number]!++;
      const allowance = 0.3 * scale * (this.logs[random.below(4096)] as number);
      const alike = routes.absentCount === absentCount && routes.routesCost < cost + allowance;
      if (routes.absentCount === 0 || newSum < sum || alike) routes.commit();
      else routes.reject();
      sum = this.sumMissed();
      if (this.ejection && routes.absentCount > 0 && pace.rounds % MIXING_ROUNDS === 0) {
        const job = routes.absent[random.below(routes.absentCount)] as number;
        missed[job]!++;
        if (this.ejection.run(job)) sum = this.sumMissed();
      }
    }
    if (routes.missing === 0) complete();
  }

  /** How many of the largest vehicles the whole load would fill. */
  private fewestVehicles(): number {
    const { model } = this.routes;
    if (model.general || model.dims === 0) return 1;
    let most = 0;
    let wanted = 0;
    for (let v = 0; v < model.vehicleCount; v++)
      most = Math.max(most, model.capacity[v * model.dims] as number);
    for (let job = 0; job < model.jobCount; job++) {
      const at = job * model.dims;
      wanted += (model.delivery[at] as number) + (model.pickup[at] as number);
    }
    return Math.max(1, Math.ceil(wanted / Math.max(1e-9, most)));
  }

  private sumMissed(): number {
    const { routes, missed } = this;
    let sum = 0;
    for (let i = 0; i < routes.absentCount; i++) sum += missed[routes.absent[i] as number] as number;
    return sum;
  }

  private emptyLeastMissed(): void {
    const { routes, missed } = this;
    const { model } = routes;
    let least = Infinity;
    let chosen = -1;
    for (let i = 0; i < routes.usedCount; i++) {
      const v = routes.used[i] as number;
      const base = (routes.slotOf[v] as number) * routes.stride;
      let sum = 0;
      for (let p = routes.length[routes.slotOf[v] as number] as number; p > 0; p--) {
        const x = routes.node[base + p] as number;
        if (x < model.jobCount) sum += (missed[x] as number) + 1e-3;
      }
      if (sum < least) {
        least = sum;
        chosen = v;
      }
    }
    if (chosen >= 0) this.ruin.emptyVehicle(chosen);
    routes.commit();
  }
}
