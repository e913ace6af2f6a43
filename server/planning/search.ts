import type { Model } from './model.ts';
import { Pace } from './pace.ts';
import type { Budget } from './pace.ts';
import { Random } from './random.ts';
import { Recreate } from './recreate.ts';
import { Routes } from './routes.ts';
import { Ruin } from './ruin.ts';
import type { RuinOptions } from './ruin.ts';
import { Tails } from './tails.ts';

export interface Found {
  routes: Int32Array[];
  missing: number;
  cost: number;
  iterations: number;
}

const BLINK = 0.01;
/** First and last temperature, in average legs: with windows a plan has to bend further before it gets better. */
const COOLING = { from: 0.3, to: 0.003 };
const TIMED_COOLING = { from: 1, to: 0.01 };
const WARM_FROM = 0.05;
/** Windows hold stops apart, so more routes have to open at once; where a round is dear, smaller ruins pay. */
const PLAIN_RUIN: RuinOptions = { averageRemoved: 8, longestString: 10 };
const WINDOW_RUIN: RuinOptions = { averageRemoved: 16, longestString: 10 };
const GENERAL_RUIN: RuinOptions = { averageRemoved: 10, longestString: 6 };
/** At most this part of a search goes into needing fewer vehicles. */
const SHEDDING_SHARE = 0.4;
/** Small moves tried after each ruin and recreate. */
const TAIL_TRIES = 20;

/**
 * Simulated annealing over ruin and recreate. `hot` false starts at a low temperature: for a search that begins
 * from a good plan and has little time.
 */
export class Search {
  readonly routes: Routes;
  private readonly model: Model;
  private readonly random: Random;
  private readonly ruin: Ruin;
  private readonly recreate: Recreate;
  private readonly tails: Tails;
  private readonly logs: Float64Array;
  private readonly bestNodes: Int32Array;
  private readonly bestLength: Int32Array;
  private bestMissing = Infinity;
  private bestCost = Infinity;
  iterations = 0;

  constructor(model: Model, seed: number) {
    this.model = model;
    this.random = new Random(seed);
    this.routes = new Routes(model);
    this.ruin = new Ruin(this.routes, this.random);
    this.recreate = new Recreate(this.routes, this.random);
    this.logs = Float64Array.from({ length: 4096 }, (_, i) => -Math.log((i + 0.5) / 4096));
    this.tails = new Tails(this.routes, this.ruin.neighbours, this.random, this.logs);
    this.bestNodes = new Int32Array(model.vehicleCount * this.routes.stride);
    this.bestLength = new Int32Array(model.vehicleCount);
  }

  /** Lays the present plan (or only its frozen part) and inserts the rest greedily. */
  start(from: 'steps' | 'cold'): void {
    const { model } = this;
    for (let v = 0; v < model.vehicleCount; v++) {
      const planned = model.planned[v] as Int32Array;
      const frozen = model.frozen[v] as number;
      this.lay(v, planned.subarray(0, from === 'steps' ? planned.length : frozen), frozen);
    }
    this.recreate.run({ blink: 0, temperature: 0, openRoutes: true, limit: Infinity });
    this.keepBest();
  }

  /** Puts the frozen prefix, then each further stop that keeps the route sound. */
  private lay(v: number, nodes: Int32Array, frozen: number): void {
    const { model, routes } = this;
    for (let i = 0; i < nodes.length; i++) {
      if (i < frozen) this.append(v, nodes[i] as number);
    }
    this.ensureEmptied(v);
    if (nodes.length <= frozen) return;
    const slot = routes.beginChange(v);
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    for (let i = frozen; i < nodes.length; i++) {
      const x = nodes[i] as number;
      if (x < model.jobCount && !model.allowed[x * model.vehicleCount + v]) continue;
      routes.node[base + 1 + (routes.length[slot] as number)] = x;
      routes.length[slot] = (routes.length[slot] as number) + 1;
    }
    routes.node[base + 1 + (routes.length[slot] as number)] = model.endNode[v] as number;
    // The forced disposal of a loaded truck gives way to those of the plan.
    const forced = length > frozen ? (routes.node[base + length] as number) : -1;
    if (forced >= 0) this.removeAt(slot, length);
    for (let p = 1; p <= (routes.length[slot] as number); p++) {
      const x = routes.node[base + p] as number;
      if (x < model.jobCount && (routes.absentAt[x] as number) >= 0) routes.dropAbsent(x);
    }
    if (routes.refresh(v)) return;
    // The plan as a whole does not hold: keep what can be appended stop by stop.
    for (let p = routes.length[slot] as number; p > frozen; p--) {
      const x = routes.node[base + p] as number;
      if (x < model.jobCount) routes.addAbsent(x);
      this.removeAt(slot, p);
    }
    routes.refresh(v);
    this.ensureEmptied(v);
    for (let i = frozen; i < nodes.length; i++) this.appendIfSound(v, nodes[i] as number);
  }

  private append(v: number, x: number): void {
    const { model, routes } = this;
    const slot = routes.beginChange(v);
    const base = slot * routes.stride;
    const length = (routes.length[slot] as number) + 1;
    routes.node[base + length + 1] = routes.node[base + length] as number;
    routes.node[base + length] = x;
    routes.length[slot] = length;
    if (x < model.jobCount && (routes.absentAt[x] as number) >= 0) routes.dropAbsent(x);
    routes.refresh(v);
  }

  private removeAt(slot: number, p: number): void {
    const { routes } = this;
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    for (let i = p; i <= length; i++) routes.node[base + i] = routes.node[base + i + 1] as number;
    routes.length[slot] = length - 1;
  }

  /** Inserts a planned stop before the closing disposal, or at the end; drops it again when a rule breaks. */
  private appendIfSound(v: number, x: number): void {
    const { model, routes } = this;
    if (x < model.jobCount && !model.allowed[x * model.vehicleCount + v]) return;
    const slot = routes.beginChange(v);
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    const lastNode = routes.node[base + length] as number;
    const closing =
      model.endEmpty[v] === 1 && length > (model.frozen[v] as number) && lastNode >= model.jobCount;
    const at = closing ? length : length + 1;
    for (let i = length + 2; i > at; i--) routes.node[base + i] = routes.node[base + i - 1] as number;
    routes.node[base + at] = x;
    routes.length[slot] = length + 1;
    if (routes.refresh(v)) {
      if (x < model.jobCount) routes.dropAbsent(x);
      return;
    }
    this.removeAt(slot, at);
    if (x < model.jobCount) routes.vehicleOf[x] = -1;
    routes.refresh(v);
  }

  /** A loaded truck that must end empty gets the nearest disposal even without further jobs. */
  private ensureEmptied(v: number): void {
    const { model, routes } = this;
    if (!model.endEmpty[v] || model.disposalCount === 0) return;
    if (routes.refresh(v) && !(routes.length[routes.slotOf[v] as number] === 0 && model.hasInitialLoad[v]))
      return;
    const slot = routes.beginChange(v);
    let best = -1;
    let bestCost = Infinity;
    for (let place = model.jobCount; place < model.jobCount + model.disposalCount; place++) {
      this.append(v, place);
      // Where no disposal can be reached by the rules, the nearest one still is where the truck has to go.
      const broken = routes.schedule?.feasible[slot] ? 0 : 1e12;
      const cost = broken + (routes.cost[slot] as number);
      if (cost < bestCost) {
        best = place;
        bestCost = cost;
      }
      this.removeAt(slot, routes.length[slot] as number);
      routes.refresh(v);
    }
    if (best >= 0) this.append(v, best);
  }

  /** Searches until the budget is spent; the best routes are kept aside. A cold search first sheds dear vehicles. */
  anneal(budget: Budget, hot: boolean): void {
    const { model, routes, random, ruin, recreate } = this;
    if (model.jobCount === 0) return;
    const pace = new Pace(budget);
    const placed = Math.max(1, model.jobCount - routes.absentCount);
    const scale = this.travelCost() / (placed + routes.usedCount);
    const size = !model.timed ? PLAIN_RUIN : model.general ? GENERAL_RUIN : WINDOW_RUIN;
    const ruinOptions = { ...size, averageRemoved: Math.min(size.averageRemoved, Math.max(1, placed / 2)) };
    if (hot && this.vehiclesAreDear(scale)) this.shedVehicles(pace, scale, ruinOptions);
    const begun = pace.spent;
    const cooling = model.timed ? TIMED_COOLING : COOLING;
    const from = (hot ? cooling.from : WARM_FROM) * scale;
    const to = Math.min(cooling.to * scale, from);
    const recreateOptions = { blink: BLINK, temperature: from, openRoutes: true, limit: Infinity };
    const mustServeAll = model.optional.every((may) => may === 0);
    while (pace.next()) {
      const temperature = from * (to / from) ** ((pace.spent - begun) / (1 - begun));
      recreateOptions.temperature = temperature;
      const missing = routes.missing;
      const cost = routes.routesCost + routes.prizes;
      const allowance = temperature * (this.logs[random.below(4096)] as number);
      recreateOptions.limit = mustServeAll && routes.absentCount === 0 ? cost + allowance : Infinity;
      const sound = ruin.run(ruinOptions) && recreate.run(recreateOptions);
      const newCost = routes.routesCost + routes.prizes;
      if (sound && (routes.missing < missing || (routes.missing === missing && newCost < cost + allowance))) {
        routes.commit();
        this.keepIfBest();
      } else {
        routes.reject();
      }
      if (this.tails.run(TAIL_TRIES, temperature)) this.keepIfBest();
    }
    this.iterations += pace.rounds;
  }

  /** Cost of the routes without the fixed cost of their vehicles. */
  private travelCost(): number {
    const { routes, model } = this;
    let fixed = 0;
    for (let i = 0; i < routes.usedCount; i++) fixed += model.fixedCost[routes.used[i] as number] as number;
    return routes.routesCost - fixed;
  }

  private vehiclesAreDear(scale: number): boolean {
    const { model } = this;
    const nobodyFixed =
      model.frozen.every((count) => count === 0) && model.hasInitialLoad.every((has) => has === 0);
    return (
      nobodyFixed &&
      model.problem.options.stability === 0 &&
      model.fixedCost.every((cost) => cost > 8 * scale)
    );
  }

  /**
   * Fewest vehicles first (Christiaens & Vanden Berghe 2020, section 5.4): a route is given up, its jobs look for room
   * in the others, and a job counts for more the more often it found none. Ends with the best complete plan.
   */
  private shedVehicles(pace: Pace, scale: number, ruinOptions: RuinOptions): void {
    const { routes, model, random, ruin, recreate } = this;
    const missed = new Float64Array(model.jobCount);
    const shut = { blink: BLINK, temperature: 0, openRoutes: false, limit: Infinity };
    const fewest = this.fewestVehicles();
    let sum = 0;
    while (pace.spent < SHEDDING_SHARE && pace.next()) {
      if (routes.missing === 0) {
        this.keepIfBest();
        if (routes.usedCount <= fewest) break;
        this.emptyLeastMissed(missed);
        sum = this.sumMissed(missed);
      }
      const { absentCount } = routes;
      const cost = routes.routesCost;
      if (ruin.run(ruinOptions)) recreate.run(shut);
      const newSum = this.sumMissed(missed);
      for (let i = 0; i < routes.absentCount; i++) missed[routes.absent[i] as number]!++;
      const allowance = 0.3 * scale * (this.logs[random.below(4096)] as number);
      const alike = routes.absentCount === absentCount && routes.routesCost < cost + allowance;
      if (routes.absentCount === 0 || newSum < sum || alike) {
        routes.commit();
        sum = this.sumMissed(missed);
      } else {
        routes.reject();
        sum = this.sumMissed(missed);
      }
    }
    this.keepIfBest();
    this.restoreBest();
  }

  private fewestVehicles(): number {
    const { model } = this;
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

  private sumMissed(missed: Float64Array): number {
    const { routes } = this;
    let sum = 0;
    for (let i = 0; i < routes.absentCount; i++) sum += missed[routes.absent[i] as number] as number;
    return sum;
  }

  private emptyLeastMissed(missed: Float64Array): void {
    const { routes, model } = this;
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

  /** Puts the best routes back as the present ones. */
  private restoreBest(): void {
    const { model, routes, bestNodes, bestLength } = this;
    for (let v = 0; v < model.vehicleCount; v++) {
      const slot = routes.beginChange(v);
      const base = slot * routes.stride;
      const length = bestLength[v] as number;
      for (let i = 1; i <= length; i++) routes.node[base + i] = bestNodes[v * routes.stride + i] as number;
      routes.node[base + length + 1] = model.endNode[v] as number;
      routes.length[slot] = length;
    }
    for (let job = 0; job < model.jobCount; job++)
      if ((routes.absentAt[job] as number) < 0) routes.addAbsent(job);
    for (let v = 0; v < model.vehicleCount; v++) {
      for (let i = 1; i <= (bestLength[v] as number); i++) {
        const x = bestNodes[v * routes.stride + i] as number;
        if (x < model.jobCount) routes.dropAbsent(x);
      }
      routes.refresh(v);
    }
    routes.commit();
  }

  private keepIfBest(): void {
    const { routes } = this;
    if (routes.missing > this.bestMissing) return;
    const cost = routes.routesCost + routes.prizes;
    if (routes.missing < this.bestMissing || cost < this.bestCost - 1e-7) this.keepBest();
  }

  private keepBest(): void {
    const { routes, bestNodes, bestLength, model } = this;
    routes.commit();
    this.bestMissing = routes.missing;
    this.bestCost = routes.routesCost + routes.prizes;
    const { stride } = routes;
    for (let v = 0; v < model.vehicleCount; v++) {
      const slot = routes.slotOf[v] as number;
      const length = routes.length[slot] as number;
      bestLength[v] = length;
      for (let i = 1; i <= length; i++) bestNodes[v * stride + i] = routes.node[slot * stride + i] as number;
    }
  }

  found(): Found {
    const { stride } = this.routes;
    const routes = Array.from(this.bestLength, (length, v) =>
      this.bestNodes.slice(v * stride + 1, v * stride + 1 + length),
    );
    return { routes, missing: this.bestMissing, cost: this.bestCost, iterations: this.iterations };
  }
}
