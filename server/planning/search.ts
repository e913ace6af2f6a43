import type { Model } from './model.ts';
import { Random } from './random.ts';
import { Recreate } from './recreate.ts';
import { Routes } from './routes.ts';
import { Ruin } from './ruin.ts';

/** When a search stops: at whichever bound comes first. */
export interface Budget {
  iterations?: number | undefined;
  seconds?: number | undefined;
  /** Milliseconds of whatever clock bounds `seconds`. */
  now: () => number;
  signal?: { cancelled: boolean } | undefined;
}

export interface Found {
  routes: Int32Array[];
  missing: number;
  cost: number;
  iterations: number;
}

/** The clock is read about this often; reading it each round would cost as much as the round. */
const CLOCK_EVERY_MS = 1;
const BLINK = 0.01;

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
    this.recreate.run({ blink: 0, temperature: 0, openRoutes: true });
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

  /** Anneals until the budget is spent; the best routes are kept aside. */
  anneal(budget: Budget, hot: boolean): void {
    const { model, routes, random, ruin, recreate } = this;
    if (model.jobCount === 0) return;
    const started = budget.now();
    const placed = Math.max(1, model.jobCount - routes.absentCount);
    const scale = routes.routesCost / (placed + routes.usedCount);
    const from = (hot ? 0.3 : 0.05) * scale;
    const to = 0.003 * scale;
    let temperature = from;
    let progress = 0;
    let nextLook = 0;
    const most = budget.iterations ?? Infinity;
    const ruinOptions = { averageRemoved: Math.min(10, Math.max(1, placed / 2)), longestString: 10 };
    const recreateOptions = { blink: BLINK, temperature, openRoutes: true };
    for (let i = 0; i < most; i++) {
      if (i >= nextLook) {
        if (budget.signal?.cancelled) break;
        progress = i / most;
        if (budget.seconds !== undefined) {
          const elapsedMs = budget.now() - started;
          progress = Math.max(progress, elapsedMs / (1000 * budget.seconds));
          const perRound = elapsedMs / Math.max(1, i);
          nextLook = i + Math.max(1, Math.min(i + 1, 512, Math.floor(CLOCK_EVERY_MS / (perRound + 1e-6))));
        } else {
          nextLook = i + 64;
        }
        if (progress >= 1) break;
        temperature = from * (to / from) ** progress;
        recreateOptions.temperature = temperature;
      }
      const missing = routes.missing;
      const cost = routes.routesCost + routes.prizes;
      const sound = ruin.run(ruinOptions);
      if (sound) recreate.run(recreateOptions);
      const allowance = temperature * (this.logs[random.below(4096)] as number);
      const newCost = routes.routesCost + routes.prizes;
      if (sound && (routes.missing < missing || (routes.missing === missing && newCost < cost + allowance))) {
        if (
          routes.missing < this.bestMissing ||
          (routes.missing === this.bestMissing && newCost < this.bestCost - 1e-7)
        ) {
          this.keepBest();
        } else {
          routes.commit();
        }
      } else {
        routes.reject();
      }
      this.iterations++;
    }
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
