import { KnownPlaces } from './known-places.ts';
import { FOREVER } from './model.ts';
import type { Model, Travel } from './model.ts';
import type { Neighbours } from './neighbours.ts';
import type { Random } from './random.ts';
import type { Routes } from './routes.ts';
import type { Schedule } from './schedule.ts';
import { earliestStart } from './schedule.ts';

/** From this many jobs on, a job is only offered to routes that serve one of the jobs nearest to it. */
const LARGE = 300;
const NEAREST = 50;

/** How a round of insertions is done. */
export interface RecreateOptions {
  /** Chance that a better position is passed over. */
  blink: number;
  /** Temperature by which a job with a prize may be taken at a small loss. */
  temperature: number;
  /** A vehicle without stops is only used while fewer than this are in use. */
  mostRoutes: number;
  /** The round is given up as soon as routes and prizes cost this much or a job finds no place. */
  limit: number;
}

/**
 * Greedy insertion with blinks (Christiaens & Vanden Berghe, "Slack Induction by String Removals for Vehicle
 * Routing Problems", Transportation Science 2020). Every constraint of the problem is known here and only here.
 */
export class Recreate {
  private readonly routes: Routes;
  private readonly model: Model;
  private readonly random: Random;
  private readonly neighbours: Neighbours;
  /** Only routes that pass near a job are looked through. */
  private readonly looksNear: boolean;
  private readonly seen: Int32Array;
  private sight = 0;
  private readonly key: Float64Array;
  private readonly order: Int32Array;
  private orderCount = 0;
  /** One empty vehicle of each class, refreshed per insertion. */
  private readonly classSeen: Uint8Array;
  private readonly idle: Int32Array;
  private idleCount = 0;
  private idleAsOf = -1;
  private readonly known: KnownPlaces;
  private readonly knownWithPlace: KnownPlaces | undefined;
  /** What the cheapest detour to the last job costs, by vehicle looked through, whether it may be made or not. */
  private readonly leastDetour: Float64Array;
  private readonly amountOf: Float64Array;
  private readonly firstAmount: Float64Array;
  private readonly remoteness: Float64Array;
  private readonly windowLength: Float64Array;
  private readonly collects: Uint8Array;
  private readonly delivers: Uint8Array;

  private vehicle = -1;
  private position = 0;
  private placeBefore = -1;
  private placeAfter = -1;
  private bestCost = Infinity;

  constructor(routes: Routes, random: Random, neighbours: Neighbours) {
    const { model } = routes;
    this.routes = routes;
    this.neighbours = neighbours;
    this.looksNear = routes.model.jobCount >= LARGE;
    this.seen = new Int32Array(routes.model.vehicleCount);
    this.model = model;
    this.random = random;
    this.key = new Float64Array(model.jobCount);
    this.order = new Int32Array(model.jobCount);
    this.classSeen = new Uint8Array(model.classCount);
    this.idle = new Int32Array(model.classCount);
    this.known = new KnownPlaces(model, false);
    this.knownWithPlace = model.stopCount > model.jobCount ? new KnownPlaces(model, true) : undefined;
    this.leastDetour = new Float64Array(model.vehicleCount);
    const { jobCount, nodeCount, dims } = model;
    const travel = model.travels[0] as Travel;
    const terminal = (model.startNode[0] === nodeCount - 1 ? model.endNode[0] : model.startNode[0]) as number;
    const largest = new Float64Array(Math.max(1, dims));
    for (let v = 0; v < model.vehicleCount; v++) {
      for (let d = 0; d < dims; d++) {
        largest[d] = Math.max(largest[d] as number, model.capacity[v * dims + d] as number, 1);
      }
    }
    this.amountOf = new Float64Array(jobCount);
    this.firstAmount = new Float64Array(jobCount);
    this.remoteness = new Float64Array(jobCount);
    this.windowLength = new Float64Array(jobCount);
    this.collects = new Uint8Array(jobCount);
    this.delivers = new Uint8Array(jobCount);
    for (let job = 0; job < jobCount; job++) {
      // What is released later waits for the next trip, however little it weighs.
      if ((model.releaseS[job] as number) > -FOREVER) this.delivers[job] = 1;
      for (let d = 0; d < dims; d++) {
        const at = job * dims + d;
        const amount = (model.delivery[at] as number) + (model.pickup[at] as number);
        if ((model.delivery[at] as number) > 0) this.delivers[job] = 1;
        if ((model.pickup[at] as number) > 0) this.collects[job] = 1;
        if (d === 0) this.firstAmount[job] = amount;
        this.amountOf[job] = Math.max(this.amountOf[job] as number, amount / (largest[d] as number));
      }
      this.remoteness[job] = travel.cost[terminal * nodeCount + job] as number;
      this.windowLength[job] = (model.closesS[job] as number) - (model.opensS[job] as number);
    }
  }

  /**
   * Inserts what is absent where it costs least, in an order drawn at random; what fits nowhere stays absent. False
   * when the limit was reached: the routes are then incomplete.
   */
  run(options: RecreateOptions): boolean {
    const { routes, order } = this;
    const { limit } = options;
    this.orderCount = routes.absentCount;
    for (let i = 0; i < routes.absentCount; i++) order[i] = routes.absent[i] as number;
    this.sort();
    for (let i = 0; i < this.orderCount; i++) {
      const job = order[i] as number;
      if (this.find(job, options)) this.insertFound(job);
      else if (limit < Infinity) return false;
    }
    return routes.routesCost < limit;
  }

  private sort(): void {
    const { key, order, orderCount, model, random } = this;
    const draw = random.below(model.timed ? 17 : 11);
    for (let i = 0; i < orderCount; i++) {
      const job = order[i] as number;
      let value: number;
      if (draw < 4) value = random.unit();
      else if (draw < 8) value = -(this.amountOf[job] as number);
      else if (draw < 10) value = -(this.remoteness[job] as number);
      else if (draw < 11) value = this.remoteness[job] as number;
      else if (draw < 13) value = this.windowLength[job] as number;
      else if (draw < 15) value = model.opensS[job] as number;
      else value = -(model.closesS[job] as number);
      key[job] = value;
    }
    if (orderCount > 64) {
      order.subarray(0, orderCount).sort((a, b) => (key[a] as number) - (key[b] as number) || a - b);
      return;
    }
    for (let i = 1; i < orderCount; i++) {
      const job = order[i] as number;
      const value = key[job] as number;
      let at = i - 1;
      while (at >= 0 && (key[order[at] as number] as number) > value) {
        order[at + 1] = order[at] as number;
        at--;
      }
      order[at + 1] = job;
    }
  }

  /** Looks for the cheapest place of a job; the answer is kept in this object. */
  find(job: number, options: RecreateOptions): boolean {
    const { model } = this;
    this.vehicle = -1;
    this.placeBefore = -1;
    this.placeAfter = -1;
    this.bestCost = options.limit - this.routes.routesCost;
    if (model.optional[job]) {
      const noise = options.temperature > 0 ? -options.temperature * Math.log(this.random.unit() + 1e-12) : 0;
      this.bestCost = (model.prize[job] as number) + noise;
    }
    if (this.looksNear) {
      this.tryNear(job, options.blink, this.known, false);
      if (this.knownWithPlace) this.tryNear(job, options.blink, this.knownWithPlace, true);
      if (this.routes.usedCount < options.mostRoutes) this.tryIdle(job, options.blink);
      if (this.vehicle >= 0 || model.optional[job]) return this.vehicle >= 0;
    }
    this.tryUsed(job, options.blink, this.known, false);
    if (this.knownWithPlace) this.tryUsed(job, options.blink, this.knownWithPlace, true);
    if (!this.looksNear && this.routes.usedCount < options.mostRoutes) this.tryIdle(job, options.blink);
    return this.vehicle >= 0;
  }

  private tryUsed(job: number, blink: number, known: KnownPlaces, withPlace: boolean): void {
    const { routes } = this;
    const { used, usedCount } = routes;
    const { version, room } = routes;
    const amount = this.firstAmount[job] as number;
    const row = job * this.model.vehicleCount;
    for (let i = 0; i < usedCount; i++) {
      const v = used[i] as number;
      if ((room[v] as number) < amount) continue;
      // Most routes are as they were when last looked through: one comparison passes them over.
      if (known.version[row + v] === version[v] && (known.cost[row + v] as number) >= this.bestCost) continue;
      this.tryVehicle(v, job, blink, known, withPlace);
    }
  }

  private tryNear(job: number, blink: number, known: KnownPlaces, withPlace: boolean): void {
    const { routes, neighbours, seen } = this;
    const { vehicleOf } = routes;
    const from = job * neighbours.count;
    const to = from + Math.min(neighbours.count, NEAREST);
    const sight = ++this.sight;
    for (let i = from; i < to; i++) {
      const v = vehicleOf[neighbours.list[i] as number] as number;
      if (v < 0 || seen[v] === sight) continue;
      seen[v] = sight;
      if ((routes.room[v] as number) >= (this.firstAmount[job] as number)) {
        this.tryVehicle(v, job, blink, known, withPlace);
      }
    }
  }

  private tryIdle(job: number, blink: number): void {
    const { knownWithPlace } = this;
    if (this.idleAsOf !== this.routes.useChanges) this.listIdle();
    for (let i = 0; i < this.idleCount; i++) {
      this.tryVehicle(this.idle[i] as number, job, blink, this.known, false);
      if (knownWithPlace) this.tryVehicle(this.idle[i] as number, job, blink, knownWithPlace, true);
    }
  }

  /** One idle vehicle of each class. */
  private listIdle(): void {
    const { model, routes, idle, classSeen } = this;
    classSeen.fill(0);
    this.idleCount = 0;
    this.idleAsOf = routes.useChanges;
    for (let v = 0; v < model.vehicleCount; v++) {
      const kind = model.vehicleClass[v] as number;
      if ((routes.usedAt[v] as number) >= 0 || classSeen[kind]) continue;
      classSeen[kind] = 1;
      idle[this.idleCount++] = v;
    }
  }

  private tryVehicle(v: number, job: number, blink: number, known: KnownPlaces, withPlace: boolean): void {
    const { model, routes } = this;
    const at = job * model.vehicleCount + v;
    if (routes.isTouched[v] || !known.usable) {
      if (this.mayTake(v, job)) this.scan(v, job, blink, withPlace);
      return;
    }
    const bound = this.bestCost;
    if (known.version[at] === routes.version[v]) {
      const cost = known.cost[at] as number;
      if (cost >= bound) return;
      if ((known.position[at] as number) >= 0) {
        if (blink > 0 && this.random.unit() < blink) {
          this.scan(v, job, blink, withPlace);
          return;
        }
        this.bestCost = cost;
        this.vehicle = v;
        this.position = known.position[at] as number;
        this.placeBefore = withPlace ? (known.before[at] as number) : -1;
        this.placeAfter = withPlace ? (known.after[at] as number) : -1;
        return;
      }
    }
    this.learn(v, job, blink, known, withPlace);
  }

  /** Looks through a route whose places for this job are unknown, and keeps what it finds. */
  private learn(v: number, job: number, blink: number, known: KnownPlaces, withPlace: boolean): void {
    const { model, routes, vehicle, position, placeBefore, placeAfter, bestCost } = this;
    const at = job * model.vehicleCount + v;
    this.vehicle = -1;
    if (!model.general) this.bestCost = Infinity;
    if (this.mayTake(v, job)) this.scan(v, job, 0, withPlace);
    else this.bestCost = Infinity;
    known.version[at] = routes.version[v] as number;
    known.cost[at] = this.bestCost;
    if (this.knownWithPlace && !withPlace)
      this.knownWithPlace.leastDetour[at] = this.leastDetour[v] as number;
    if (this.vehicle < 0) {
      known.position[at] = -1;
      const least = this.knownWithPlace ? (this.knownWithPlace.leastDetour[at] as number) : -Infinity;
      if (least > this.bestCost) known.cost[at] = least;
    } else {
      known.position[at] = this.position;
      if (withPlace) {
        known.before[at] = this.placeBefore;
        known.after[at] = this.placeAfter;
      }
      if (this.bestCost < bestCost && !(blink > 0 && this.random.unit() < blink)) return;
    }
    this.vehicle = vehicle;
    this.position = position;
    this.placeBefore = placeBefore;
    this.placeAfter = placeAfter;
    this.bestCost = bestCost;
  }

  private scan(v: number, job: number, blink: number, withPlace: boolean): void {
    if (withPlace) this.tryWithPlace(v, job, blink);
    else if (this.model.general) this.tryGeneral(v, job, blink);
    else this.tryPlain(v, job, blink);
  }

  /** Skills and pins; and, where these two are all there is, load and number of stops. */
  private mayTake(v: number, job: number): boolean {
    const { model, routes } = this;
    if (!model.allowed[job * model.vehicleCount + v]) return false;
    if (model.general) return true;
    const { dims } = model;
    const slot = routes.slotOf[v] as number;
    for (let d = 0; d < dims; d++) {
      const at = job * dims + d;
      const wanted = (model.delivery[at] as number) + (model.pickup[at] as number);
      if ((routes.amount[slot * dims + d] as number) + wanted > (model.capacity[v * dims + d] as number))
        return false;
    }
    return (routes.length[slot] as number) < (model.maxTasks[v] as number);
  }

  /** One capacity sum, one window check: the form of CVRP and VRPTW. */
  private tryPlain(v: number, job: number, blink: number): void {
    const { model, routes, random } = this;
    const slot = routes.slotOf[v] as number;
    const length = routes.length[slot] as number;
    const { node, leg } = routes;
    const base = slot * routes.stride;
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    const row = job * model.nodeCount;
    const { cost, costTo } = travel;
    const extra = this.fixedPart(v, job, length);
    let best = this.bestCost;
    if (length === 0) {
      const total =
        (costTo[row + (node[base] as number)] as number) +
        (cost[row + (node[base + 1] as number)] as number) +
        extra;
      if (total >= best || (blink > 0 && random.unit() < blink)) return;
      if (model.timed && !this.fitsInTime(travel, base, 0, job)) return;
      this.bestCost = total;
      this.vehicle = v;
      this.position = 0;
      return;
    }
    best -= extra;
    let from = 0;
    let until = length;
    if (model.timed) {
      // Departures and latest arrivals both grow along a route: the places open to the job are one stretch of it.
      const { departS, latestS } = routes;
      const readyS = (model.opensS[job] as number) + (model.serviceS[job] as number);
      const closes = model.closesS[job] as number;
      while (from <= length && (latestS[base + from + 1] as number) < readyS) from++;
      while (until >= from && (departS[base + until] as number) > closes) until--;
      if (from > until) return;
    }
    let to = costTo[row + (node[base + from] as number)] as number;
    for (let p = from; p <= until; p++) {
      const at = row + (node[base + p + 1] as number);
      const total = to + (cost[at] as number) - (leg[base + p] as number);
      to = costTo[at] as number;
      if (total >= best) continue;
      if (blink > 0 && random.unit() < blink) continue;
      if (model.timed && !this.fitsInTime(travel, base, p, job)) continue;
      best = total;
      this.bestCost = total + extra;
      this.vehicle = v;
      this.position = p;
    }
  }

  private fitsInTime(travel: Travel, base: number, p: number, job: number): boolean {
    const { model, routes } = this;
    const row = job * model.nodeCount;
    const arrival =
      (routes.departS[base + p] as number) +
      (travel.durationToS[row + (routes.node[base + p] as number)] as number);
    const start = earliestStart(model, job, arrival);
    if (start === Infinity) return false;
    const next = routes.node[base + p + 1] as number;
    const onward = start + (model.serviceS[job] as number) + (travel.durationS[row + next] as number);
    return onward <= (routes.latestS[base + p + 1] as number);
  }

  /** All constraints: cost first, then load, then time by simulation. */
  private tryGeneral(v: number, job: number, blink: number): void {
    const { model, routes, random } = this;
    const schedule = routes.schedule as Schedule;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    const { node, leg } = routes;
    const { cost, costTo } = model.travels[model.travelOf[v] as number] as Travel;
    const row = job * model.nodeCount;
    const extra = this.fixedPart(v, job, length);
    const closes = model.closesS[job] as number;
    const from = this.firstPlace(schedule, v, base, length, job);
    if (length === 0) {
      const total =
        (costTo[row + (node[base] as number)] as number) +
        (cost[row + (node[base + 1] as number)] as number) +
        extra;
      this.leastDetour[v] = total;
      if (total >= this.bestCost || (blink > 0 && random.unit() < blink)) return;
      if (schedule.fitsAlone(v, 0, job)) this.offer(v, 0, job, -1, -1, total);
      return;
    }
    let least = Infinity;
    let to = costTo[row + (node[base + from] as number)] as number;
    for (let p = from; p <= length; p++) {
      const at = row + (node[base + p + 1] as number);
      const detour = to + (cost[at] as number) - (leg[base + p] as number) + extra;
      to = costTo[at] as number;
      if (detour < least) least = detour;
      if (detour >= this.bestCost) continue;
      // No place further along is reached any earlier.
      if (schedule.earliestDepartS(base + p) > closes) break;
      if (blink > 0 && random.unit() < blink) continue;
      if (schedule.fitsAlone(v, p, job)) this.offer(v, p, job, -1, -1, detour);
    }
    this.leastDetour[v] = least;
  }

  /** The first place where what follows would not have to leave before the job can be done. */
  private firstPlace(schedule: Schedule, v: number, base: number, length: number, job: number): number {
    const { model } = this;
    let p = model.frozen[v] as number;
    if (schedule.k > 1) return p;
    const readyS = (model.opensS[job] as number) + (model.serviceS[job] as number);
    while (p < length && (schedule.latestDepartS[base + p + 1] as number) < readyS) p++;
    return p;
  }

  /**
   * Where the job does not fit: with a disposal or reload beside it. A job released too late for a trip may get one
   * of its own the same way.
   */
  private tryWithPlace(v: number, job: number, blink: number): void {
    const { model, routes, random } = this;
    const schedule = routes.schedule as Schedule;
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride;
    const length = routes.length[slot] as number;
    const { node, leg } = routes;
    const { cost, costTo } = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    const row = job * n;
    const extra = this.fixedPart(v, job, length);
    const closes = model.closesS[job] as number;
    // The visit is a detour on top of the one to the job.
    const known = this.knownWithPlace as KnownPlaces;
    const isKnown = known.usable && !routes.isTouched[v];
    const least = isKnown ? known.leastDetour[job * model.vehicleCount + v] : this.leastDetour[v];
    if ((least as number) >= this.bestCost) return;
    const reloads = model.jobCount + model.disposalCount;
    const from = this.collects[job] || model.hasInitialLoad[v] ? model.jobCount : reloads;
    const to = this.delivers[job] ? model.stopCount : reloads;
    for (let p = this.firstPlace(schedule, v, base, length, job); p <= length; p++) {
      const a = node[base + p] as number;
      const b = node[base + p + 1] as number;
      const without = (length === 0 ? 0 : (leg[base + p] as number)) - extra;
      const before = costTo[row + a] as number;
      const after = cost[row + b] as number;
      if (before + after - without >= this.bestCost) continue;
      if (schedule.earliestDepartS(base + p) > closes) break;
      if (!model.hasRelease && schedule.fitsAlone(v, p, job)) continue;
      if (blink > 0 && random.unit() < blink) continue;
      for (let place = from; place < to; place++) {
        const empties = place < reloads;
        const behind = (cost[a * n + place] as number) + (cost[place * n + job] as number) + after - without;
        if (behind < this.bestCost && place !== a && schedule.fitsBehind(v, p, job, empties)) {
          this.offer(v, p, job, place, -1, behind);
        }
        const ahead = before + (cost[row + place] as number) + (cost[place * n + b] as number) - without;
        if (ahead < this.bestCost && place !== b && schedule.fitsBefore(v, p, job, empties)) {
          this.offer(v, p, job, -1, place, ahead);
        }
      }
    }
  }

  /** What serving the job on this vehicle costs wherever it stands: a moved stop, a vehicle put to use. */
  private fixedPart(v: number, job: number, length: number): number {
    const { model } = this;
    const home = model.home[job] as number;
    const moved = home !== -1 && home !== v ? (model.movePrice[v] as number) : 0;
    return length === 0 ? moved + (model.fixedCost[v] as number) : moved;
  }

  private offer(v: number, p: number, job: number, before: number, after: number, travelCost: number): void {
    const schedule = this.routes.schedule as Schedule;
    const budget = this.bestCost - travelCost;
    const soft =
      before >= 0
        ? schedule.tryInsert(v, p, before, job, budget)
        : schedule.tryInsert(v, p, job, after, budget);
    if (travelCost + soft >= this.bestCost) return;
    this.bestCost = travelCost + soft;
    this.vehicle = v;
    this.position = p;
    this.placeBefore = before;
    this.placeAfter = after;
  }

  /** Carries out the insertion that `find` found. */
  insertFound(job: number): void {
    const { routes } = this;
    const v = this.vehicle;
    routes.dropAbsent(job);
    if (this.placeBefore >= 0) routes.insert(v, this.position, this.placeBefore, job);
    else routes.insert(v, this.position, job, this.placeAfter);
  }
}
