import type { Model, Travel, VehicleBreak } from './model.ts';
import { FOREVER } from './model.ts';
import type { State } from './state.ts';

/** Earliest permitted start of node x at or after `arrivalS`; Infinity when its windows are over. */
export function earliestStart(model: Model, x: number, arrivalS: number): number {
  if (!model.severalWindows[x]) {
    if (arrivalS > (model.closesS[x] as number)) return Infinity;
    return arrivalS > (model.opensS[x] as number) ? arrivalS : (model.opensS[x] as number);
  }
  const to = model.windowFrom[x + 1] as number;
  for (let w = model.windowFrom[x] as number; w < to; w++) {
    if (arrivalS <= (model.windowEnd[w] as number)) return Math.max(arrivalS, model.windowStart[w] as number);
  }
  return Infinity;
}

/** Latest permitted start of node x at or before `limitS`; -Infinity when none of its windows is open by then. */
export function latestStart(model: Model, x: number, limitS: number): number {
  for (let w = (model.windowFrom[x + 1] as number) - 1; w >= (model.windowFrom[x] as number); w--) {
    if (limitS >= (model.windowStart[w] as number)) return Math.min(limitS, model.windowEnd[w] as number);
  }
  return -Infinity;
}

/** Earliest start of a break at or after `timeS`; Infinity when its windows are over. */
export function earliestBreak(pause: VehicleBreak, timeS: number): number {
  const { windows } = pause;
  for (let w = 0; w < windows.length; w++) {
    const window = windows[w] as [number, number];
    if (timeS <= window[1]) return timeS > window[0] ? timeS : window[0];
  }
  return Infinity;
}

/** Time at stop x, coming from prev: setup is only needed where the place changes. */
function serviceOf(model: Model, prev: number, x: number): number {
  const setup = model.setupS[x] as number;
  if (setup === 0) return model.serviceS[x] as number;
  return (model.serviceS[x] as number) + (model.location[prev] === model.location[x] ? 0 : setup);
}

function latestBreak(pause: VehicleBreak, limitS: number): number {
  for (let w = pause.windows.length - 1; w >= 0; w--) {
    const window = pause.windows[w] as [number, number];
    if (limitS >= window[0]) return limitS < window[1] ? limitS : window[1];
  }
  return -Infinity;
}

/**
 * The full rules of time and load, for problems with disposals, reloads, breaks, setup, releases, soft deadlines
 * or frozen prefixes. For every position it keeps, per number k of breaks taken: the earliest departure, the
 * lateness cost so far, and the latest departure that keeps the rest feasible. The breaks of a vehicle are taken
 * in order, each anywhere along a leg. All arrays are per slot of the state.
 */
export class Schedule {
  /** States per position: 1 + the most breaks of any vehicle. */
  readonly k: number;
  readonly departS: Float64Array;
  readonly lateCost: Float64Array;
  readonly latestDepartS: Float64Array;
  /** Latest departure that makes nothing after it later than it is paid for (vehicles without breaks only). */
  readonly freeDepartS: Float64Array;
  /** Load on departure, and the part of it that was picked up. */
  readonly loadNow: Float64Array;
  readonly carried: Float64Array;
  /** Largest load from the trip's start to here, and from here to the next disposal. */
  readonly loadSince: Float64Array;
  readonly loadUntil: Float64Array;
  /** Position where the present trip began. */
  readonly tripFrom: Int32Array;
  /** Latest release of what the present trip serves after here: at its first position, of all aboard. */
  readonly releaseAheadS: Float64Array;
  /** Time from the start to the departure from here without any waiting (vehicles without breaks, with releases). */
  readonly pathS: Float64Array;
  readonly lastDisposal: Int32Array;
  readonly tasks: Int32Array;
  readonly travelS: Float64Array;
  readonly travelM: Float64Array;
  readonly softCost: Float64Array;
  readonly feasible: Uint8Array;

  private readonly isLimited: Uint8Array;
  private readonly hasSeveralWindows: boolean;
  private readonly deliversAny: boolean;
  private readonly model: Model;
  private readonly state: State;
  private readonly time: Float64Array;
  private readonly cost: Float64Array;
  private readonly nextTime: Float64Array;
  private readonly nextCost: Float64Array;
  private readonly arrivalLimit: Float64Array;
  private readonly loads: Float64Array;
  private readonly inserted = new Int32Array(2);
  private walkedChange = 0;

  constructor(state: State) {
    const { model, stride } = state;
    const slots = 2 * model.vehicleCount;
    const cells = slots * stride;
    const dims = Math.max(1, model.dims);
    this.model = model;
    this.state = state;
    this.k = model.maxBreaks + 1;
    this.departS = new Float64Array(cells * this.k);
    this.lateCost = new Float64Array(model.softTime ? cells * this.k : 0);
    this.latestDepartS = new Float64Array(cells * this.k);
    this.freeDepartS = new Float64Array(model.softTime ? cells : 0);
    this.isLimited = Uint8Array.from(model.problem.vehicles, (vehicle) =>
      (vehicle.max_tasks ?? vehicle.max_travel_time ?? vehicle.max_distance) === undefined ? 0 : 1,
    );
    this.loadNow = new Float64Array(cells * dims);
    this.carried = new Float64Array(cells * dims);
    this.loadSince = new Float64Array(cells * dims);
    this.loadUntil = new Float64Array(cells * dims);
    this.tripFrom = new Int32Array(cells);
    this.releaseAheadS = new Float64Array(model.hasRelease ? cells : 0);
    this.pathS = new Float64Array(model.hasRelease ? cells : 0);
    this.hasSeveralWindows = model.severalWindows.some((several) => several === 1);
    this.deliversAny = model.delivery.some((amount) => amount > 0);
    this.lastDisposal = new Int32Array(slots);
    this.tasks = new Int32Array(slots);
    this.travelS = new Float64Array(slots);
    this.travelM = new Float64Array(slots);
    this.softCost = new Float64Array(slots);
    this.feasible = new Uint8Array(slots).fill(1);
    this.time = new Float64Array(this.k);
    this.cost = new Float64Array(this.k);
    this.nextTime = new Float64Array(this.k);
    this.nextCost = new Float64Array(this.k);
    this.arrivalLimit = new Float64Array(this.k);
    this.loads = new Float64Array(stride + 4);
  }

  /** Recomputes all that is kept about vehicle v's present route; says whether it keeps every hard rule. */
  refresh(v: number): boolean {
    const { state } = this;
    const slot = state.slotOf[v] as number;
    if (state.length[slot] === 0) {
      this.tasks[slot] = 0;
      this.lastDisposal[slot] = 0;
      this.travelS[slot] = 0;
      this.travelM[slot] = 0;
      this.emptyTimes(v, slot);
      this.refreshLoads(v, slot);
      this.softCost[slot] = 0;
      this.feasible[slot] = 1;
      return true;
    }
    const loadsFit = this.refreshLoads(v, slot);
    this.refreshTravel(v, slot);
    if (this.model.hasRelease) this.refreshReleases(slot);
    const breaks = (this.model.breaks[v] as VehicleBreak[]).length;
    if (breaks === 0) {
      this.refreshForwardSimply(v, slot);
      this.refreshBackwardSimply(v, slot);
    } else {
      this.refreshForward(v, slot);
      this.refreshBackward(v, slot);
    }
    const endAt = (slot * state.stride + (state.length[slot] as number) + 1) * this.k + breaks;
    const inTime = (this.departS[endAt] as number) <= (this.model.shiftEndS[v] as number);
    this.softCost[slot] = this.model.softTime && inTime ? (this.lateCost[endAt] as number) : 0;
    const fits =
      loadsFit &&
      inTime &&
      (this.tasks[slot] as number) <= (this.model.maxTasks[v] as number) &&
      (this.travelS[slot] as number) <= (this.model.maxTravelS[v] as number) &&
      (this.travelM[slot] as number) <= (this.model.maxDistanceM[v] as number);
    this.feasible[slot] = fits ? 1 : 0;
    return fits;
  }

  /**
   * Inserts up to two nodes after position p of v's route, on trial: the change of lateness and overtime cost, or
   * Infinity when time or a travel limit forbids it, or as soon as the change reaches `budget`. Load is not looked
   * at: `fits…` below do that.
   */
  tryInsert(v: number, p: number, first: number, second: number, budget: number): number {
    const { model, state } = this;
    const slot = state.slotOf[v] as number;
    if ((model.breaks[v] as VehicleBreak[]).length === 0) {
      return this.tryInsertSimply(v, slot, p, first, second, budget);
    }
    const base = slot * state.stride;
    const count = second < 0 ? 1 : 2;
    const inserted = this.inserted;
    inserted[0] = first;
    inserted[1] = second;
    const length = state.length[slot] as number;
    const a = state.node[base + p] as number;
    const b = state.node[base + p + 1] as number;
    const last = second < 0 ? first : second;
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    if (!this.travelFits(v, slot, travel, p, count)) return Infinity;

    const k = this.k;
    const breaks = model.breaks[v] as VehicleBreak[];
    let prev = a;
    const release = model.hasRelease ? this.releaseAfter(slot, base, p, count) : -FOREVER;
    const tripFrom = this.tripFrom[base + p] as number;
    if (model.hasRelease && release > (this.releaseAheadS[base + tripFrom] as number)) {
      // The trip has to leave later than now: walk it again from where it began.
      this.load(this.departS, this.lateCost, (base + tripFrom) * k);
      for (let i = 0; i <= breaks.length; i++) this.time[i] = Math.max(this.time[i] as number, release);
      prev = state.node[base + tripFrom] as number;
      for (let i = tripFrom + 1; i <= p; i++) {
        const x = state.node[base + i] as number;
        if (!this.advance(travel, breaks, prev, x, i <= (model.frozen[v] as number))) return Infinity;
        prev = x;
      }
    } else {
      this.load(this.departS, this.lateCost, (base + p) * k);
    }
    for (let i = 0; i < count; i++) {
      const x = inserted[i] as number;
      if (!this.advance(travel, breaks, prev, x, false)) return Infinity;
      prev = x;
      if (model.hasRelease && x >= model.jobCount + model.disposalCount) {
        // A reload inside the trip: what follows it leaves no earlier than its own releases.
        const rest = this.releaseOf(
          base,
          p + 1,
          this.tripEnd(base, p + 1, length),
          i === 0 && count === 2 ? last : -1,
        );
        for (let j = 0; j <= breaks.length; j++) this.time[j] = Math.max(this.time[j] as number, rest);
      }
    }
    if (!model.softTime) {
      if (p === length) return this.arrivesInTime(v, travel, breaks, prev, b) ? 0 : Infinity;
      if (!this.advance(travel, breaks, prev, b, false)) return Infinity;
      this.holdForRelease(base, p + 1, b, breaks);
      const at = (base + p + 1) * k;
      for (let i = 0; i <= breaks.length; i++) {
        if ((this.time[i] as number) <= (this.latestDepartS[at + i] as number)) return 0;
      }
      return Infinity;
    }
    const before = length === 0 ? 0 : (this.softCost[slot] as number);
    for (let i = p + 1; i <= length; i++) {
      const x = state.node[base + i] as number;
      if (!this.advance(travel, breaks, prev, x, false)) return Infinity;
      this.holdForRelease(base, i, x, breaks);
      prev = x;
      const shift = this.sameFromHere((base + i) * k, breaks.length);
      if (shift !== shift) continue;
      return shift;
    }
    const end = state.node[base + length + 1] as number;
    if (!this.arrivesInTime(v, travel, breaks, prev, end)) return Infinity;
    return (this.cost[breaks.length] as number) - before;
  }

  /** `tryInsert` for vehicles without breaks: most answers need only the next stop. */
  private tryInsertSimply(
    v: number,
    slot: number,
    p: number,
    first: number,
    second: number,
    budget: number,
  ): number {
    const { model, state, k } = this;
    const base = slot * state.stride;
    const length = state.length[slot] as number;
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    if (this.isLimited[v]) {
      this.inserted[0] = first;
      this.inserted[1] = second;
      if (!this.travelFits(v, slot, travel, p, second < 0 ? 1 : 2)) return Infinity;
    }
    const { durationS, durationToS } = travel;
    const n = model.nodeCount;
    const reloads = model.hasRelease ? model.jobCount + model.disposalCount : FOREVER;
    let prev = state.node[base + p] as number;
    let clock = this.departS[(base + p) * k] as number;
    let change = 0;
    if (model.hasRelease && first < reloads) {
      const trip = base + (this.tripFrom[base + p] as number);
      const releaseS = model.releaseS[first < model.jobCount ? first : second] as number;
      if (releaseS > (this.departS[trip * k] as number)) {
        // The whole trip has to leave later than now.
        if (releaseS > (this.latestDepartS[trip * k] as number)) return Infinity;
        if (model.softTime || this.hasSeveralWindows) {
          clock = this.walkTrip(v, trip, base + p, releaseS);
          if (clock === Infinity) return Infinity;
          change = this.walkedChange;
        } else {
          clock = Math.max(clock, releaseS + (this.pathS[base + p] as number) - (this.pathS[trip] as number));
        }
      }
    }
    clock += durationToS[first * n + prev] as number;
    for (let x = first; ; x = second) {
      const start = earliestStart(model, x, clock);
      if (start === Infinity) return Infinity;
      if (start > (model.dueS[x] as number))
        change += (start - (model.dueS[x] as number)) * (model.latePrice[x] as number);
      clock = start + serviceOf(model, prev, x);
      prev = x;
      // What the trip served from here on before is released by now: it left as late as that.
      if (x >= reloads && x !== second) clock = Math.max(clock, model.releaseS[second] as number);
      if (second < 0 || x === second) break;
      clock += durationS[x * n + second] as number;
    }
    if (change >= budget) return Infinity;
    for (let i = p + 1; i <= length; i++) {
      const x = state.node[base + i] as number;
      const start = earliestStart(model, x, clock + (durationS[prev * n + x] as number));
      if (start === Infinity) return Infinity;
      clock = start + serviceOf(model, prev, x);
      const at = (base + i) * k;
      if (clock > (this.latestDepartS[at] as number)) return Infinity;
      if (!model.softTime) return 0;
      if (x >= reloads && (this.releaseAheadS[base + i] as number) > clock)
        clock = this.releaseAheadS[base + i] as number;
      const was = (this.lateCost[at] as number) - (this.lateCost[at - k] as number);
      const over = start - (model.dueS[x] as number);
      change += (over > 0 ? over * (model.latePrice[x] as number) : 0) - was;
      if (clock <= (this.freeDepartS[base + i] as number)) return change;
      if (change >= budget) return Infinity;
      prev = x;
    }
    const arrival = clock + (durationS[prev * n + (state.node[base + length + 1] as number)] as number);
    if (arrival > (model.shiftEndS[v] as number)) return Infinity;
    const over = arrival - (model.overtimeFromS[v] as number);
    const overtime = over > 0 ? over * (model.overtimePrice[v] as number) : 0;
    const was =
      length === 0 || !model.softTime
        ? 0
        : (this.softCost[slot] as number) - (this.lateCost[(base + length) * k] as number);
    return change + overtime - was;
  }

  /**
   * Departure from cell `to` when the trip that begins at cell `from` leaves at `departS`, with the change of lateness
   * on the way in `walkedChange`; Infinity when a window is missed.
   */
  private walkTrip(v: number, from: number, to: number, departS: number): number {
    const { model, state, k } = this;
    const { durationS } = model.travels[model.travelOf[v] as number] as Travel;
    const frozenUntil = (state.slotOf[v] as number) * state.stride + (model.frozen[v] as number);
    let clock = departS;
    let prev = state.node[from] as number;
    let late = 0;
    for (let at = from + 1; at <= to; at++) {
      const x = state.node[at] as number;
      const arrival = clock + (durationS[prev * model.nodeCount + x] as number);
      let start = earliestStart(model, x, arrival);
      if (start === Infinity) {
        if (at > frozenUntil) return Infinity;
        start = arrival;
      }
      const over = start - (model.dueS[x] as number);
      if (over > 0) late += over * (model.latePrice[x] as number);
      clock = start + serviceOf(model, prev, x);
      prev = x;
    }
    this.walkedChange = model.softTime
      ? late - ((this.lateCost[to * k] as number) - (this.lateCost[from * k] as number))
      : 0;
    return clock;
  }

  /** Earliest departure from a cell (slot and position), whatever number of breaks is taken by then. */
  earliestDepartS(cell: number): number {
    const { k, departS } = this;
    let earliest = departS[cell * k] as number;
    for (let i = 1; i < k; i++) {
      const other = departS[cell * k + i] as number;
      if (other < earliest) earliest = other;
    }
    return earliest;
  }

  /** May the job stand after position p, as to load? */
  fitsAlone(v: number, p: number, job: number): boolean {
    const { model, state } = this;
    const { dims } = model;
    const slot = state.slotOf[v] as number;
    for (let d = 0; d < dims; d++) {
      const capacity = model.capacity[v * dims + d] as number;
      const delivery = model.delivery[job * dims + d] as number;
      const pickup = model.pickup[job * dims + d] as number;
      const at = (slot * state.stride + p) * dims + d;
      if (delivery > 0 && (this.loadSince[at] as number) + delivery > capacity) return false;
      if ((this.loadUntil[at] as number) + pickup > capacity) return false;
      if (pickup > 0 && model.endEmpty[v] && p >= (this.lastDisposal[slot] as number)) return false;
    }
    return true;
  }

  /** May a disposal or reload and then the job stand after position p, as to load? */
  fitsBehind(v: number, p: number, job: number, isDisposal: boolean): boolean {
    const { model, state } = this;
    const { dims } = model;
    const slot = state.slotOf[v] as number;
    for (let d = 0; d < dims; d++) {
      const capacity = model.capacity[v * dims + d] as number;
      const delivery = model.delivery[job * dims + d] as number;
      const pickup = model.pickup[job * dims + d] as number;
      const at = (slot * state.stride + p) * dims + d;
      if (isDisposal) {
        if ((this.loadSince[at] as number) + delivery > capacity && delivery > 0) return false;
        if ((this.loadUntil[at] as number) - (this.carried[at] as number) + pickup > capacity) return false;
        if (pickup > 0 && model.endEmpty[v] && p >= (this.lastDisposal[slot] as number)) return false;
      } else {
        if ((this.loadNow[at] as number) + delivery > capacity) return false;
        if ((this.loadUntil[at] as number) + pickup > capacity) return false;
        if (pickup > 0 && model.endEmpty[v] && p >= (this.lastDisposal[slot] as number)) return false;
      }
    }
    return true;
  }

  /** May the job and then a disposal or reload stand after position p, as to load? */
  fitsBefore(v: number, p: number, job: number, isDisposal: boolean): boolean {
    const { model, state } = this;
    const { dims } = model;
    const slot = state.slotOf[v] as number;
    for (let d = 0; d < dims; d++) {
      const capacity = model.capacity[v * dims + d] as number;
      const delivery = model.delivery[job * dims + d] as number;
      const pickup = model.pickup[job * dims + d] as number;
      const at = (slot * state.stride + p) * dims + d;
      const toDeliver = (this.loadNow[at] as number) - (this.carried[at] as number);
      if (isDisposal) {
        if ((this.loadSince[at] as number) + delivery > capacity && delivery > 0) return false;
        if ((this.loadNow[at] as number) + pickup > capacity) return false;
      } else {
        if ((this.loadSince[at] as number) - toDeliver + delivery > capacity) return false;
        if ((this.loadUntil[at] as number) + pickup > capacity) return false;
        if (pickup > 0 && model.endEmpty[v] && p >= (this.lastDisposal[slot] as number)) return false;
      }
    }
    return true;
  }

  /** Would the loads fit if the disposal or reload at position p were left out? */
  fitsWithout(v: number, p: number): boolean {
    const { model, state } = this;
    const { dims } = model;
    const slot = state.slotOf[v] as number;
    const at = slot * state.stride + p;
    const isDisposal = (state.node[at] as number) < model.jobCount + model.disposalCount;
    for (let d = 0; d < dims; d++) {
      const capacity = model.capacity[v * dims + d] as number;
      const before = (at - 1) * dims + d;
      const here = at * dims + d;
      if (isDisposal) {
        const kept = this.carried[before] as number;
        if ((this.loadUntil[here] as number) + kept > capacity) return false;
        if (kept > 0 && model.endEmpty[v] && p === this.lastDisposal[slot]) return false;
      } else {
        const toDeliver = (this.loadNow[here] as number) - (this.carried[here] as number);
        if (toDeliver > 0 && (this.loadSince[before] as number) + toDeliver > capacity) return false;
      }
    }
    return true;
  }

  private travelFits(v: number, slot: number, travel: Travel, p: number, count: number): boolean {
    const { model } = this;
    if ((this.tasks[slot] as number) >= (model.maxTasks[v] as number)) return false;
    const maxS = model.maxTravelS[v] as number;
    const maxM = model.maxDistanceM[v] as number;
    if (maxS >= FOREVER && maxM >= FOREVER) return true;
    if ((this.travelS[slot] as number) + this.added(slot, travel.durationS, p, count) > maxS) return false;
    return (
      !travel.distanceM ||
      (this.travelM[slot] as number) + this.added(slot, travel.distanceM, p, count) <= maxM
    );
  }

  /** How much longer the route gets, by one of the matrices, with the inserted nodes after position p. */
  private added(slot: number, matrix: Float64Array, p: number, count: number): number {
    const { model, state } = this;
    const base = slot * state.stride;
    const n = model.nodeCount;
    const a = state.node[base + p] as number;
    const b = state.node[base + p + 1] as number;
    const first = this.inserted[0] as number;
    const last = count === 2 ? (this.inserted[1] as number) : first;
    return (
      (matrix[a * n + first] as number) +
      (count === 2 ? (matrix[first * n + last] as number) : 0) +
      (matrix[last * n + b] as number) -
      ((state.length[slot] as number) === 0 ? 0 : (matrix[a * n + b] as number))
    );
  }

  /** Latest release aboard the trip that leaves from p's trip start, with the inserted nodes in place. */
  private releaseAfter(slot: number, base: number, p: number, count: number): number {
    const { model } = this;
    const reloads = model.jobCount + model.disposalCount;
    const tripFrom = this.tripFrom[base + p] as number;
    const first = this.inserted[0] as number;
    const second = count === 2 ? (this.inserted[1] as number) : -1;
    if (first >= reloads) return this.releaseOf(base, tripFrom + 1, p, -1);
    const length = this.state.length[slot] as number;
    const until = second >= reloads ? p : this.tripEnd(base, p + 1, length);
    const job = first < model.jobCount ? first : second;
    return this.releaseOf(base, tripFrom + 1, until, job);
  }

  /** The last position of the trip that holds position `from`. */
  private tripEnd(base: number, from: number, length: number): number {
    const reloads = this.model.jobCount + this.model.disposalCount;
    let i = from;
    while (i <= length && (this.state.node[base + i] as number) < reloads) i++;
    return i - 1;
  }

  private releaseOf(base: number, from: number, to: number, extra: number): number {
    const { model, state } = this;
    let release = extra >= 0 ? (model.releaseS[extra] as number) : -FOREVER;
    for (let i = from; i <= to; i++) {
      const other = model.releaseS[state.node[base + i] as number] as number;
      if (other > release) release = other;
    }
    return release;
  }

  /** At a reload the trip that follows waits for its releases. */
  private holdForRelease(base: number, position: number, x: number, breaks: VehicleBreak[]): void {
    const { model } = this;
    if (!model.hasRelease || x < model.jobCount + model.disposalCount) return;
    const release = this.releaseAheadS[base + position] as number;
    for (let i = 0; i <= breaks.length; i++) this.time[i] = Math.max(this.time[i] as number, release);
  }

  /** When every departure equals what it was, the rest of the route is untouched: the change of cost; else NaN. */
  private sameFromHere(at: number, breaks: number): number {
    let change = NaN;
    for (let i = 0; i <= breaks; i++) {
      const was = this.departS[at + i] as number;
      if (this.time[i] !== was) return NaN;
      if (was === Infinity) continue;
      const shift = (this.cost[i] as number) - (this.lateCost[at + i] as number);
      if (change === change && shift !== change) return NaN;
      change = shift;
    }
    return change;
  }

  private load(times: Float64Array, costs: Float64Array, at: number): void {
    for (let i = 0; i < this.k; i++) {
      this.time[i] = times[at + i] as number;
      this.cost[i] = this.model.softTime ? (costs[at + i] as number) : 0;
    }
  }

  /** Moves the scratch state over the leg prev → x and through x's service; false when no way is left. */
  private advance(
    travel: Travel,
    breaks: VehicleBreak[],
    prev: number,
    x: number,
    relaxed: boolean,
  ): boolean {
    const { model, time, cost, nextTime, nextCost } = this;
    const legS = travel.durationS[prev * model.nodeCount + x] as number;
    const setup = model.setupS[x] as number;
    const serviceS =
      (model.serviceS[x] as number) + (setup > 0 && model.location[prev] !== model.location[x] ? setup : 0);
    const due = model.dueS[x] as number;
    const price = model.softTime && x < model.jobCount ? (model.latePrice[x] as number) : 0;
    const count = breaks.length;
    if (count === 0) {
      const arrival = (time[0] as number) + legS;
      let start = earliestStart(model, x, arrival);
      if (start === Infinity) {
        if (!relaxed) return false;
        start = arrival;
      }
      time[0] = start + serviceS;
      if (price > 0 && start > due) cost[0] = (cost[0] as number) + (start - due) * price;
      return true;
    }
    for (let i = 0; i <= count; i++) {
      nextTime[i] = Infinity;
      nextCost[i] = 0;
    }
    let alive = false;
    for (let from = 0; from <= count; from++) {
      if (time[from] === Infinity) continue;
      let clock = time[from] as number;
      let arrival = clock + legS;
      for (let taken = from; ; taken++) {
        let start = earliestStart(model, x, arrival);
        if (start === Infinity && relaxed) start = arrival;
        if (start < Infinity) {
          const late = (cost[from] as number) + (price > 0 && start > due ? (start - due) * price : 0);
          const depart = start + serviceS;
          const known = nextTime[taken] as number;
          if (
            known === Infinity ||
            late < (nextCost[taken] as number) ||
            (late === nextCost[taken] && depart < known)
          ) {
            nextTime[taken] = depart;
            nextCost[taken] = late;
            alive = true;
          }
        }
        if (taken === count) break;
        const pause = breaks[taken] as VehicleBreak;
        const begin = earliestBreak(pause, clock);
        if (begin === Infinity) break;
        arrival = Math.max(arrival, begin) + pause.serviceS;
        clock = begin + pause.serviceS;
      }
    }
    for (let i = 0; i <= count; i++) {
      time[i] = nextTime[i] as number;
      cost[i] = nextCost[i] as number;
    }
    return alive;
  }

  /** Moves the scratch state to the end of the route, all breaks taken, overtime priced; false when too late. */
  private arrivesInTime(
    v: number,
    travel: Travel,
    breaks: VehicleBreak[],
    prev: number,
    end: number,
  ): boolean {
    const { model } = this;
    if (!this.advance(travel, breaks, prev, end, false)) return false;
    const arrival = this.time[breaks.length] as number;
    if (arrival > (model.shiftEndS[v] as number)) return false;
    const over = arrival - (model.overtimeFromS[v] as number);
    const price = model.overtimePrice[v] as number;
    if (over > 0 && price > 0) this.cost[breaks.length] = (this.cost[breaks.length] as number) + over * price;
    return true;
  }

  private store(at: number): void {
    for (let i = 0; i < this.k; i++) {
      this.departS[at + i] = this.time[i] as number;
      if (this.model.softTime) this.lateCost[at + i] = this.cost[i] as number;
    }
  }

  private emptyTimes(v: number, slot: number): void {
    const { state } = this;
    const at = slot * state.stride * this.k;
    this.time.fill(Infinity);
    this.cost.fill(0);
    this.time[0] = this.model.shiftStartS[v] as number;
    this.store(at);
    this.tripFrom[slot * state.stride] = 0;
    this.latestDepartS[at] = this.model.shiftEndS[v] as number;
    if (this.model.hasRelease) this.releaseAheadS[slot * state.stride] = -FOREVER;
  }

  private refreshReleases(slot: number): void {
    const { model, state, releaseAheadS } = this;
    const { releaseS } = model;
    const { node } = state;
    const base = slot * state.stride;
    const reloads = model.jobCount + model.disposalCount;
    let ahead = -FOREVER;
    for (let at = base + (state.length[slot] as number); at >= base; at--) {
      releaseAheadS[at] = ahead;
      const x = node[at] as number;
      if (x >= reloads) ahead = -FOREVER;
      else if ((releaseS[x] as number) > ahead) ahead = releaseS[x] as number;
    }
  }

  /** `refreshForward` for vehicles without breaks. */
  private refreshForwardSimply(v: number, slot: number): void {
    const { model, state, k, departS, lateCost, tripFrom, releaseAheadS, pathS } = this;
    const { opensS, closesS, severalWindows, serviceS, setupS, dueS, latePrice, hasRelease, softTime } =
      model;
    const { node } = state;
    const base = slot * state.stride;
    const length = state.length[slot] as number;
    const { durationS } = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    const frozen = model.frozen[v] as number;
    const reloads = model.jobCount + model.disposalCount;
    let clock = model.shiftStartS[v] as number;
    if (hasRelease && (releaseAheadS[base] as number) > clock) clock = releaseAheadS[base] as number;
    let late = 0;
    let path = 0;
    let trip = 0;
    let prev = node[base] as number;
    departS[base * k] = clock;
    tripFrom[base] = 0;
    if (softTime) lateCost[base * k] = 0;
    if (hasRelease) pathS[base] = 0;
    for (let i = 1; i <= length; i++) {
      const x = node[base + i] as number;
      const legS = durationS[prev * n + x] as number;
      const arrival = clock + legS;
      let start = arrival;
      if (severalWindows[x]) start = earliestStart(model, x, arrival);
      else if (arrival > (closesS[x] as number)) start = Infinity;
      else if (arrival < (opensS[x] as number)) start = opensS[x] as number;
      if (start === Infinity && i <= frozen) start = arrival;
      const stayS = setupS[x] === 0 ? (serviceS[x] as number) : serviceOf(model, prev, x);
      clock = start + stayS;
      const at = base + i;
      if (softTime) {
        const over = start - (dueS[x] as number);
        if (over > 0) late += over * (latePrice[x] as number);
        lateCost[at * k] = late;
      }
      if (x >= reloads) {
        trip = i;
        if (hasRelease && (releaseAheadS[at] as number) > clock) clock = releaseAheadS[at] as number;
      }
      if (hasRelease) pathS[at] = path += legS + stayS;
      departS[at * k] = clock;
      tripFrom[at] = trip;
      prev = x;
    }
    const end = base + length + 1;
    const arrival = clock + (durationS[prev * n + (node[end] as number)] as number);
    departS[end * k] = arrival;
    if (softTime) {
      const over = arrival - (model.overtimeFromS[v] as number);
      lateCost[end * k] = over > 0 ? late + over * (model.overtimePrice[v] as number) : late;
    }
  }

  private refreshForward(v: number, slot: number): void {
    const { model, state, k } = this;
    const base = slot * state.stride;
    const length = state.length[slot] as number;
    const breaks = model.breaks[v] as VehicleBreak[];
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    const frozen = model.frozen[v] as number;
    const reloads = model.jobCount + model.disposalCount;
    let trip = 0;
    this.tripFrom[base] = 0;
    for (let i = 1; i <= length; i++) {
      if ((state.node[base + i] as number) >= reloads) trip = i;
      this.tripFrom[base + i] = trip;
    }
    this.time.fill(Infinity);
    this.cost.fill(0);
    this.time[0] = model.shiftStartS[v] as number;
    if (model.hasRelease) this.time[0] = Math.max(this.time[0], this.releaseAheadS[base] as number);
    this.store(base * k);
    let prev = state.node[base] as number;
    let alive = true;
    for (let i = 1; i <= length; i++) {
      const x = state.node[base + i] as number;
      alive = alive && this.advance(travel, breaks, prev, x, i <= frozen);
      if (!alive) this.time.fill(Infinity);
      this.holdForRelease(base, i, x, breaks);
      this.store((base + i) * k);
      prev = x;
    }
    alive = alive && this.arrivesInTime(v, travel, breaks, prev, state.node[base + length + 1] as number);
    if (!alive) this.time.fill(Infinity);
    this.store((base + length + 1) * k);
  }

  private refreshBackwardSimply(v: number, slot: number): void {
    const { model, state, k, departS, latestDepartS, freeDepartS } = this;
    const { opensS, closesS, severalWindows, latePrice, softTime } = model;
    const { node } = state;
    const base = slot * state.stride;
    const length = state.length[slot] as number;
    const { durationS } = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    const frozen = model.frozen[v] as number;
    let latest = model.shiftEndS[v] as number;
    let free = latest;
    if (softTime && (model.overtimePrice[v] as number) > 0) {
      free = Math.max(model.overtimeFromS[v] as number, departS[(base + length + 1) * k] as number);
    }
    let next = node[base + length + 1] as number;
    for (let i = length; i >= 0; i--) {
      const x = node[base + i] as number;
      const legS = durationS[x * n + next] as number;
      latest -= legS;
      latestDepartS[(base + i) * k] = latest;
      if (softTime) freeDepartS[base + i] = free -= legS;
      if (i === 0) break;
      const serviceS = serviceOf(model, node[base + i - 1] as number, x);
      latest -= serviceS;
      if (i > frozen) {
        if (severalWindows[x] || latest < (opensS[x] as number)) latest = latestStart(model, x, latest);
        else if (latest > (closesS[x] as number)) latest = closesS[x] as number;
      }
      if (softTime) {
        free -= serviceS;
        if ((latePrice[x] as number) > 0) {
          const start = (departS[(base + i) * k] as number) - serviceS;
          free = Math.min(free, Math.max(start, model.dueS[x] as number));
        }
        if (i > frozen) {
          if (severalWindows[x] || free < (opensS[x] as number)) free = latestStart(model, x, free);
          else if (free > (closesS[x] as number)) free = closesS[x] as number;
        }
      }
      next = x;
    }
  }

  private refreshBackward(v: number, slot: number): void {
    const { model, state, k, arrivalLimit } = this;
    const base = slot * state.stride;
    const length = state.length[slot] as number;
    const breaks = model.breaks[v] as VehicleBreak[];
    const count = breaks.length;
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    const frozen = model.frozen[v] as number;
    arrivalLimit.fill(-Infinity);
    arrivalLimit[count] = model.shiftEndS[v] as number;
    for (let i = length; i >= 0; i--) {
      const x = state.node[base + i] as number;
      const y = state.node[base + i + 1] as number;
      const at = (base + i) * k;
      const legS = travel.durationS[x * n + y] as number;
      for (let from = 0; from <= count; from++) this.latestDepartS[at + from] = -Infinity;
      for (let taken = 0; taken <= count; taken++) {
        let arriveBy = arrivalLimit[taken] as number;
        if (arriveBy === -Infinity) continue;
        let breakBy = Infinity;
        for (let from = taken; ; from--) {
          const departBy = Math.min(arriveBy - legS, breakBy);
          if (departBy > (this.latestDepartS[at + from] as number)) this.latestDepartS[at + from] = departBy;
          if (from === 0) break;
          const pause = breaks[from - 1] as VehicleBreak;
          breakBy = latestBreak(pause, Math.min(arriveBy, breakBy) - pause.serviceS);
          arriveBy -= pause.serviceS;
          if (breakBy === -Infinity) break;
        }
      }
      if (i === 0) break;
      const prev = state.node[base + i - 1] as number;
      const setup = model.setupS[x] as number;
      const serviceS =
        (model.serviceS[x] as number) + (setup > 0 && model.location[prev] !== model.location[x] ? setup : 0);
      for (let taken = 0; taken <= count; taken++) {
        const limit = (this.latestDepartS[at + taken] as number) - serviceS;
        arrivalLimit[taken] = i <= frozen ? limit : latestStart(model, x, limit);
      }
    }
  }

  private refreshTravel(v: number, slot: number): void {
    const { model, state } = this;
    const base = slot * state.stride;
    const length = state.length[slot] as number;
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    let lastDisposal = 0;
    if (model.disposalCount > 0) {
      for (let i = length; i > 0 && lastDisposal === 0; i--) {
        const x = state.node[base + i] as number;
        if (x >= model.jobCount && x < model.jobCount + model.disposalCount) lastDisposal = i;
      }
    }
    this.lastDisposal[slot] = lastDisposal;
    if (!this.isLimited[v]) return;
    let tasks = 0;
    let travelS = 0;
    let travelM = 0;
    for (let i = 0; i <= length; i++) {
      const x = state.node[base + i] as number;
      if (i > 0 && x < model.jobCount) tasks++;
      const at = x * n + (state.node[base + i + 1] as number);
      travelS += travel.durationS[at] as number;
      if (travel.distanceM) travelM += travel.distanceM[at] as number;
    }
    this.tasks[slot] = tasks;
    this.travelS[slot] = travelS;
    this.travelM[slot] = travelM;
  }

  private refreshLoads(v: number, slot: number): boolean {
    const { model, state, loads, loadSince, loadNow, loadUntil, carried: carriedOf, deliversAny } = this;
    const { dims, jobCount, delivery, pickup } = model;
    const { node } = state;
    const reloads = jobCount + model.disposalCount;
    const base = slot * state.stride;
    const length = state.length[slot] as number;
    const frozen = model.frozen[v] as number;
    let fits = true;
    for (let d = 0; d < dims; d++) {
      const capacity = model.capacity[v * dims + d] as number;
      let toDeliver = 0;
      if (deliversAny) {
        for (let i = length; i > 0; i--) {
          loads[i] = toDeliver;
          const x = node[base + i] as number;
          if (x < jobCount) toDeliver += delivery[x * dims + d] as number;
          else if (x >= reloads) toDeliver = 0;
        }
        loads[0] = toDeliver;
      } else loads.fill(0, 0, length + 1);
      let carried = model.initialLoad[v * dims + d] as number;
      if ((loads[0] as number) > 0 && (loads[0] as number) + carried > capacity) fits = false;
      let since = (loads[0] as number) + carried;
      loads[0] = since;
      this.loadSince[base * dims + d] = since;
      this.loadNow[base * dims + d] = since;
      this.carried[base * dims + d] = carried;
      for (let i = 1; i <= length; i++) {
        const x = node[base + i] as number;
        if (x < jobCount) carried += pickup[x * dims + d] as number;
        else if (x < reloads) carried = 0;
        const load = (loads[i] as number) + carried;
        loads[i] = load;
        if (load > capacity && i > frozen) fits = false;
        since = x >= reloads || load > since ? load : since;
        const at = (base + i) * dims + d;
        loadSince[at] = since;
        loadNow[at] = load;
        carriedOf[at] = carried;
      }
      if (model.endEmpty[v] && carried > 0) fits = false;
      let until = -Infinity;
      for (let i = length; i >= 0; i--) {
        const load = loads[i] as number;
        until = load > until ? load : until;
        loadUntil[(base + i) * dims + d] = until;
        const x = node[base + i] as number;
        if (i > 0 && x >= jobCount && x < reloads) until = -Infinity;
      }
    }
    return fits;
  }
}
