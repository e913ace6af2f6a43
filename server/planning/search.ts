import { Elite } from './elite.ts';
import type { Kept } from './elite.ts';
import { Graft } from './graft.ts';
import type { Model } from './model.ts';
import { Pace } from './pace.ts';
import type { Budget } from './pace.ts';
import { PlaceMoves } from './place-moves.ts';
import { Random } from './random.ts';
import { Recombination } from './recombination.ts';
import { Recreate } from './recreate.ts';
import { RoutePool } from './route-pool.ts';
import { Routes } from './routes.ts';
import { Ruin } from './ruin.ts';
import type { RuinOptions } from './ruin.ts';
import { Shedding } from './shedding.ts';
import { Start } from './start.ts';
import { Tails } from './tails.ts';
import { TripMoves } from './trip-moves.ts';

export interface Found extends Kept {
  iterations: number;
}

/** Searches that run beside each other tell each other the best plan they know. */
export interface Exchange {
  /** Shows `mine` and answers what the others have shown since the last call. */
  swap(mine: Kept): Kept[];
  /** Nothing more will be shown by this search: nobody has to wait for it. */
  leave(): void;
}

const BLINK = 0.01;
/**
 * First and last temperature. Without windows in average legs between jobs: how far away the depot is says nothing of
 * what an exchange of neighbours costs. With windows in average legs: there a plan has to bend further to get better.
 */
const COOLING = { from: 0.55, to: 0.015 };
const TIMED_COOLING = { from: 1, to: 0.03 };
/** A dear round leaves fewer of them: too few to cool from that far up. */
const GENERAL_COOLING = { from: 0.5, to: 0.03 };
const WARM_FROM = 0.05;
/**
 * While it is hotter than this part of the first temperature, no more vehicles come into use than the plan with the
 * fewest had: a hot search opens a route easily and hardly ever closes one. Without windows, where the best plans often
 * need one more than the fewest, only the second of several legs is held so.
 */
const OPENING_HEAT = { timed: 0.3, plain: 0.1 };
/** Plans filled in different orders, of which the one with fewest vehicles is where a search without windows begins. */
const FILLINGS = 12;
/** Chance that a better place is passed over, in such a filling, and where an annealing begins from another plan. */
const FILLING_BLINK = 0.02;
const FRESH_BLINK = 0.3;
/** Times that a search adds its routes to the pool; without windows only below this part of the first temperature. */
const POOL_SAMPLES = { timed: 4000, plain: 3000 };
const POOL_HEAT = 0.3;
/** At the end of a leg, at most this part of it goes into combining routes of the pool; of the search, this at its end. */
const RECOMBINING_SHARE = 0.15;
const FINAL_SHARE = 0.04;
const RECOMBINING_SWEEPS = 2;
/** Jobs of the routes that are recombined at once. */
const CLUSTER = { timed: { least: 40, most: 60 }, plain: { least: 24, most: 40 } };
/** Windows hold stops apart, so more routes have to open at once; where a round is dear, smaller ruins pay. */
const PLAIN_RUIN: RuinOptions = { averageRemoved: 8, longestString: 10 };
const WINDOW_RUIN: RuinOptions = { averageRemoved: 10, longestString: 10 };
const GENERAL_RUIN: RuinOptions = { averageRemoved: 10, longestString: 6 };
/** At most this part of a search goes into needing fewer vehicles, where they are dear and where they are not. */
const SHEDDING_SHARE = { dear: 0.6, cheap: 0.08 };
/** Small moves tried after each ruin and recreate. */
const TAIL_TRIES = 20;
/**
 * Rounds a job from which on a search crosses the plans it found, and from which on it anneals several times from
 * nothing before that. A shorter search gains more by one slow annealing.
 */
const CROSSING_SEARCH = 2000;
const LONG_SEARCH = 3000;
const LONG_LEGS = 3;
/** Part of the budget that goes into annealing where crossing follows. */
const LEGS_SHARE = 0.6;
/** A child is cooled for so many rounds a job, from so many times the last temperature. */
const CHILD_ROUNDS = 50;
const CHILD_HEAT = 2;
/** What was recombined is cooled once more, from so many times the last temperature. */
const AGAIN_HEAT = 2;
const ELITE_SIZE = 8;
/** How often, after annealing, searches beside each other swap plans. */
const SWAPS = 6;

/**
 * Simulated annealing over ruin and recreate, then crossing of the plans it found. `hot` false starts at a low
 * temperature: for a search that begins from a good plan and has little time.
 */
export class Search {
  readonly routes: Routes;
  /** Plans to cross; one known from elsewhere may be added before `anneal`. */
  readonly elite = new Elite(ELITE_SIZE);
  private readonly model: Model;
  private readonly random: Random;
  private readonly ruin: Ruin;
  private readonly recreate: Recreate;
  private readonly tails: Tails;
  private readonly placeMoves: PlaceMoves;
  private readonly tripMoves: TripMoves;
  private readonly graft: Graft;
  /** Only where any vehicle may drive any route. */
  private readonly pool: RoutePool | undefined;
  private readonly recombination: Recombination | undefined;
  private sampleEvery = Infinity;
  private sampleBelow = Infinity;
  /** Most vehicles in use while it is hotter than `openBelow`. */
  private mostRoutes = Infinity;
  private openBelow = Infinity;
  private readonly mustServeAll: boolean;
  private readonly logs: Float64Array;
  private readonly bestNodes: Int32Array;
  private readonly bestLength: Int32Array;
  /** Version of each route that is kept as the best: only the others are copied. */
  private readonly bestVersion: Int32Array;
  private bestMissing = Infinity;
  private bestCost = Infinity;
  private bestUnevenness = Infinity;
  iterations = 0;

  constructor(model: Model, seed: number) {
    this.model = model;
    this.random = new Random(seed);
    this.routes = new Routes(model);
    this.ruin = new Ruin(this.routes, this.random);
    this.recreate = new Recreate(this.routes, this.random, this.ruin.neighbours);
    this.logs = Float64Array.from({ length: 4096 }, (_, i) => -Math.log((i + 0.5) / 4096));
    this.tails = new Tails(this.routes, this.ruin.neighbours, this.random, this.logs);
    this.placeMoves = new PlaceMoves(this.routes, this.random);
    this.tripMoves = new TripMoves(this.routes, this.random);
    this.graft = new Graft(this.routes, this.ruin, this.random);
    if (model.classCount === 1 && model.vehicleCount > 1 && !model.general) {
      const { neighbours } = this.ruin;
      const size = model.timed ? CLUSTER.timed : CLUSTER.plain;
      this.pool = new RoutePool(this.routes, new Random(seed));
      this.recombination = new Recombination(this.routes, neighbours, this.pool, this.random, size);
    }
    this.mustServeAll = model.optional.every((may) => may === 0);
    this.bestNodes = new Int32Array(model.vehicleCount * this.routes.stride);
    this.bestLength = new Int32Array(model.vehicleCount);
    this.bestVersion = new Int32Array(model.vehicleCount);
  }

  /** Lays the present plan (or only its frozen part) and inserts the rest greedily. */
  start(from: 'steps' | 'cold'): void {
    new Start(this.routes).run(from);
    this.recreate.run({ blink: 0, temperature: 0, mostRoutes: Infinity, limit: Infinity });
    this.keepBest();
  }

  /** Searches until the budget is spent; the best routes are kept aside. A cold search first sheds vehicles. */
  anneal(budget: Budget, hot: boolean, exchange?: Exchange): void {
    const { model, routes } = this;
    if (model.jobCount === 0) return;
    const pace = new Pace(budget);
    if (hot && routes.absentCount > 0 && !this.mustServeAll) this.takeAll();
    const placed = Math.max(1, model.jobCount - routes.absentCount);
    const scale = this.travelCost() / (placed + routes.usedCount);
    const size = !model.timed ? PLAIN_RUIN : model.general ? GENERAL_RUIN : WINDOW_RUIN;
    const ruinOptions = { ...size, averageRemoved: Math.min(size.averageRemoved, Math.max(1, placed / 2)) };
    this.elite.add(this.found());
    if (hot) this.shedVehicles(pace, scale, ruinOptions);
    const cooling = !model.timed ? COOLING : model.general ? GENERAL_COOLING : TIMED_COOLING;
    const unit = model.timed ? scale : this.legBetweenJobs(scale);
    const from = (hot ? cooling.from : WARM_FROM) * unit;
    const to = Math.min(cooling.to * unit, from);
    if (model.timed) this.openBelow = OPENING_HEAT.timed * from;
    const roundsLeft = this.roundsLeft(pace, ruinOptions, from);
    const begun = pace.spent;
    this.sampleEvery = Math.max(
      4,
      Math.floor(roundsLeft / (model.timed ? POOL_SAMPLES.timed : POOL_SAMPLES.plain)),
    );
    this.sampleBelow = model.timed ? Infinity : POOL_HEAT * from;
    const crosses = (hot || exchange !== undefined) && roundsLeft > CROSSING_SEARCH * model.jobCount;
    const legs = crosses && hot && roundsLeft > LONG_SEARCH * model.jobCount ? LONG_LEGS : 1;
    const share = (crosses ? LEGS_SHARE : 1) * (1 - begun);
    for (let i = 0; i < legs; i++) {
      if (i > 0) this.startAfresh(FRESH_BLINK);
      if (!model.timed) this.openBelow = i === 1 ? OPENING_HEAT.plain * from : Infinity;
      this.leg(pace, ruinOptions, crosses ? begun + (share * (i + 1)) / legs : 1, from, to);
    }
    this.openBelow = Infinity;
    const child = (CHILD_ROUNDS * model.jobCount * (1 - begun)) / roundsLeft;
    this.cross(pace, ruinOptions, { child, heat: Math.min(from, CHILD_HEAT * to), to }, exchange);
    exchange?.leave();
    this.load(this.elite.best);
    this.keepBest();
    if (crosses) this.recombine(pace, 1);
    this.iterations += pace.rounds;
  }

  /**
   * Prizes may pay only together, where no job pays its way alone: a search that begins with every job it can serve
   * meets such plans, and knows how long a leg is. What was found before stays the best until something is better.
   */
  private takeAll(): void {
    this.recreate.run({ blink: 0, temperature: Infinity, mostRoutes: Infinity, limit: Infinity });
    this.routes.commit();
    this.keepIfBest();
  }

  /** How many rounds the rest of the budget will buy: a few are made to see. */
  private roundsLeft(pace: Pace, ruinOptions: RuinOptions, heat: number): number {
    const { rounds, spent } = pace;
    this.cool(pace, ruinOptions, spent + 0.02, heat, heat);
    return ((pace.rounds - rounds) / Math.max(1e-9, pace.spent - spent)) * (1 - pace.spent);
  }

  /** One annealing; near its end the best plan is recombined with what the pool has, and cooled once more. */
  private leg(pace: Pace, ruinOptions: RuinOptions, until: number, from: number, to: number): void {
    const tail = this.pool ? RECOMBINING_SHARE * (until - pace.spent) : 0;
    this.cool(pace, ruinOptions, until - tail, from, to);
    if (this.pool) {
      this.recombine(pace, until);
      this.cool(pace, ruinOptions, until, Math.min(from, AGAIN_HEAT * to), to);
    }
    this.elite.add(this.found());
  }

  /** Crosses the best plans until the budget is spent; `child` is the part of it that goes into cooling one. */
  private cross(
    pace: Pace,
    ruinOptions: RuinOptions,
    { child, heat, to }: { child: number; heat: number; to: number },
    exchange: Exchange | undefined,
  ): void {
    const end = this.pool ? 1 - FINAL_SHARE : 1;
    const swapEvery = (end - pace.spent) / SWAPS;
    let nextSwap = pace.spent;
    while (pace.spent < end) {
      if (exchange && pace.spent >= nextSwap) {
        for (const plan of exchange.swap(this.elite.best)) this.elite.add(plan);
        nextSwap += swapEvery;
      }
      this.breed();
      const until = pace.spent + child;
      this.cool(pace, ruinOptions, until > end - child / 2 ? end : until, heat, to);
      this.elite.add(this.found());
    }
  }

  /** Makes the best plan of the leg the present one, and better where the pool has routes that together cost less. */
  private recombine(pace: Pace, until: number): void {
    const { pool, recombination } = this;
    if (!pool || !recombination) return;
    this.load(this.found());
    pool.sample();
    for (let i = 0; i < RECOMBINING_SWEEPS; i++) if (!recombination.run(pace, until)) break;
    this.keepIfBest();
  }

  /** Few vehicles to begin with: a hot search opens a route easily and hardly ever closes one. */
  private shedVehicles(pace: Pace, scale: number, ruinOptions: RuinOptions): void {
    const { model, routes, ruin, recreate, random, logs } = this;
    const dear = model.fixedCost.every((cost) => cost > 8 * scale);
    const bound =
      model.problem.options.stability > 0 ||
      model.frozen.some((count) => count > 0) ||
      model.hasInitialLoad.some((has) => has > 0);
    if (bound || !this.mustServeAll || (model.general && !dear)) return;
    if (!model.timed) this.fillSeveralTimes();
    const shedding = new Shedding(routes, ruin, recreate, random, logs);
    const until = pace.spent + (dear ? SHEDDING_SHARE.dear : SHEDDING_SHARE.cheap);
    shedding.run(pace, until, scale, ruinOptions, () => {
      this.keepBest();
      this.elite.add(this.found());
    });
    this.load(this.found());
    this.mostRoutes = routes.usedCount;
  }

  /** Of several plans filled in different orders, the one with fewest vehicles becomes the present one. */
  private fillSeveralTimes(): void {
    const { routes } = this;
    let best = this.found();
    let fewest = routes.usedCount;
    for (let i = 0; i < FILLINGS; i++) {
      this.startAfresh(FILLING_BLINK);
      const more = routes.missing - best.missing || routes.usedCount - fewest;
      if (more > 0 || (more === 0 && routes.routesCost >= best.cost)) continue;
      fewest = routes.usedCount;
      best = this.found();
    }
    this.load(best);
    this.keepBest();
  }

  /** Empties all routes but for what is frozen and fills them in another order. */
  private startAfresh(blink: number): void {
    const { model, routes, ruin, recreate } = this;
    for (let v = 0; v < model.vehicleCount; v++) if ((routes.usedAt[v] as number) >= 0) ruin.emptyVehicle(v);
    recreate.run({ blink, temperature: 0, mostRoutes: Infinity, limit: Infinity });
    this.keepBest();
  }

  /** Makes a child of two good plans the present one, or one of them where they do not cross. */
  private breed(): void {
    const { routes, random, recreate, graft } = this;
    const { kept } = this.elite;
    const pick = (): number => Math.min(random.below(kept.length), random.below(kept.length));
    const i = pick();
    this.load(kept[i] as Kept);
    if (kept.length > 1) {
      let j = pick();
      if (j === i) j = (i + 1) % kept.length;
      if (graft.run(kept[i] as Kept, kept[j] as Kept)) {
        recreate.run({ blink: BLINK, temperature: 0, mostRoutes: Infinity, limit: Infinity });
        routes.commit();
      } else routes.reject();
    }
    this.keepBest();
  }

  /** Anneals from temperature `from` to `to` until the share `until` of the budget is spent. */
  private cool(pace: Pace, ruinOptions: RuinOptions, until: number, from: number, to: number): void {
    const { routes, random, ruin, recreate, pool, mustServeAll } = this;
    const begun = pace.spent;
    const recreateOptions = { blink: BLINK, temperature: from, mostRoutes: Infinity, limit: Infinity };
    while (pace.spent < until && pace.next()) {
      const temperature = from * (to / from) ** Math.min(1, (pace.spent - begun) / (until - begun));
      recreateOptions.temperature = temperature;
      recreateOptions.mostRoutes = temperature > this.openBelow ? this.mostRoutes : Infinity;
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
      if (pool && temperature < this.sampleBelow && pace.rounds % this.sampleEvery === 0) pool.sample();
      if (this.tails.run(TAIL_TRIES, temperature) || this.placeMoves.run(allowance)) this.keepIfBest();
      if (this.tripMoves.run(allowance)) this.keepIfBest();
    }
  }

  /** Cost of the routes without the fixed cost of their vehicles. */
  private travelCost(): number {
    const { routes, model } = this;
    let fixed = 0;
    for (let i = 0; i < routes.usedCount; i++) fixed += model.fixedCost[routes.used[i] as number] as number;
    return routes.routesCost - fixed;
  }

  /** Average cost of a leg from job to job; `otherwise` where there is none, or all cost nothing. */
  private legBetweenJobs(otherwise: number): number {
    const { routes } = this;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < routes.usedCount; i++) {
      const slot = routes.slotOf[routes.used[i] as number] as number;
      const length = routes.length[slot] as number;
      for (let p = 1; p < length; p++) sum += routes.leg[slot * routes.stride + p] as number;
      count += Math.max(0, length - 1);
    }
    return sum > 0 ? sum / count : otherwise;
  }

  /** Makes a plan the present one. */
  private load(plan: Kept): void {
    const { model, routes } = this;
    for (let job = 0; job < model.jobCount; job++)
      if ((routes.absentAt[job] as number) < 0) routes.addAbsent(job);
    for (let v = 0; v < model.vehicleCount; v++) {
      const nodes = plan.routes[v] as Int32Array;
      const slot = routes.beginChange(v);
      const base = slot * routes.stride;
      for (let i = 0; i < nodes.length; i++) {
        const x = nodes[i] as number;
        routes.node[base + 1 + i] = x;
        if (x < model.jobCount) routes.dropAbsent(x);
      }
      routes.node[base + 1 + nodes.length] = model.endNode[v] as number;
      routes.length[slot] = nodes.length;
    }
    for (let v = 0; v < model.vehicleCount; v++) routes.refresh(v);
    routes.commit();
  }

  private keepIfBest(): void {
    const { routes } = this;
    if (routes.missing > this.bestMissing) return;
    const cost = routes.routesCost + routes.prizes;
    if (routes.missing < this.bestMissing || cost < this.bestCost - 1e-7) this.keepBest();
    else if (cost < this.bestCost + 1e-7 && this.unevenness() < this.bestUnevenness * (1 - 1e-9))
      this.keepBest();
  }

  /** Sum of squares of what the routes cost: of two plans that cost the same, the lower one shares work more evenly. */
  private unevenness(): number {
    const { routes } = this;
    let sum = 0;
    for (let i = 0; i < routes.usedCount; i++) {
      const cost = routes.cost[routes.slotOf[routes.used[i] as number] as number] as number;
      sum += cost * cost;
    }
    return sum;
  }

  /** Keeps the present plan as the best of this leg, whatever was kept before. */
  private keepBest(): void {
    const { routes, bestNodes, bestLength, bestVersion, model } = this;
    routes.commit();
    this.bestMissing = routes.missing;
    this.bestCost = routes.routesCost + routes.prizes;
    this.bestUnevenness = this.unevenness();
    const { stride } = routes;
    for (let v = 0; v < model.vehicleCount; v++) {
      if (bestVersion[v] === routes.version[v]) continue;
      bestVersion[v] = routes.version[v] as number;
      const slot = routes.slotOf[v] as number;
      const length = routes.length[slot] as number;
      bestLength[v] = length;
      for (let i = 1; i <= length; i++) bestNodes[v * stride + i] = routes.node[slot * stride + i] as number;
    }
  }

  /** The best plan of the last leg; after `anneal`, of all. */
  found(): Found {
    const { stride } = this.routes;
    const routes = Array.from(this.bestLength, (length, v) =>
      this.bestNodes.slice(v * stride + 1, v * stride + 1 + length),
    );
    return { routes, missing: this.bestMissing, cost: this.bestCost, iterations: this.iterations };
  }
}
