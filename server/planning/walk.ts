import type { Model, Travel } from './model.ts';
import { FOREVER } from './model.ts';
import { earliestStart } from './schedule.ts';

/** What a vehicle's round comes to with something put in at one place, against the round as it is. */
export interface Outcome {
  /** Change of the objective and of travel. */
  costS: number;
  seconds: number;
  metres: number;
  /** By how much each hard rule is broken further: seconds for times, stops for loads. */
  windowS: number;
  /** Of `windowS`, what falls on a disposal or reload that is closed by then. */
  placeClosedS: number;
  shiftS: number;
  overloads: number;
}

/**
 * One vehicle's present round, timed once, so that any insertion is priced by walking on from its place only until
 * nothing is later than before. Exactly what `reportRoute` would say, for vehicles without breaks and limits and
 * problems without releases: `canWalk` says which.
 */
export class RouteWalk {
  private readonly model: Model;
  private readonly v: number;
  private readonly travel: Travel;
  /** Start, stops and end, as nodes. */
  private readonly nodes: Int32Array;
  private readonly departS: Float64Array;
  /** Price of lateness and seconds of broken windows at each position, and summed from it to the end. */
  private readonly lateFrom: Float64Array;
  private readonly windowFrom: Float64Array;
  private readonly closedFrom: Float64Array;
  private readonly overloads: number;
  private readonly overtimeCost: number;
  private readonly shiftS: number;
  /** Scratch of the last stop walked: price of its lateness, seconds past its window. */
  private late = 0;
  private past = 0;

  constructor(model: Model, v: number, stops: readonly number[]) {
    this.model = model;
    this.v = v;
    this.travel = model.travels[model.travelOf[v] as number] as Travel;
    const count = stops.length + 2;
    this.nodes = Int32Array.from([model.startNode[v] as number, ...stops, model.endNode[v] as number]);
    this.departS = new Float64Array(count);
    this.lateFrom = new Float64Array(count + 1);
    this.windowFrom = new Float64Array(count + 1);
    this.closedFrom = new Float64Array(count + 1);
    this.departS[0] = model.shiftStartS[v] as number;
    for (let i = 1; i < count - 1; i++) {
      this.departS[i] = this.serve(this.departS[i - 1] as number, this.node(i - 1), this.node(i));
      this.lateFrom[i] = this.late;
      this.windowFrom[i] = this.past;
      this.closedFrom[i] = this.node(i) >= model.jobCount ? this.past : 0;
    }
    const endS = this.arrive(this.departS[count - 2] as number, this.node(count - 2), this.node(count - 1));
    this.departS[count - 1] = endS;
    for (let i = count - 2; i >= 0; i--) {
      this.lateFrom[i] = (this.lateFrom[i] as number) + (this.lateFrom[i + 1] as number);
      this.windowFrom[i] = (this.windowFrom[i] as number) + (this.windowFrom[i + 1] as number);
      this.closedFrom[i] = (this.closedFrom[i] as number) + (this.closedFrom[i + 1] as number);
    }
    // A round without stops does not drive at all.
    const isEmpty = stops.length === 0;
    this.overtimeCost = isEmpty ? 0 : this.overtimeAt(endS);
    this.shiftS = isEmpty ? 0 : this.overrunAt(endS);
    this.overloads = isEmpty ? 0 : this.overloadsWith(-1, []);
  }

  /** Number of stops of the round. */
  get length(): number {
    return this.nodes.length - 2;
  }

  /** The round with these nodes put in before its stop `index`. */
  inserted(index: number, extra: readonly number[]): Outcome {
    const { model, travel } = this;
    const isEmpty = this.length === 0;
    const stride = model.nodeCount;
    const a = this.node(index);
    const b = this.node(index + 1);
    let seconds = isEmpty ? 0 : -(travel.durationS[a * stride + b] as number);
    let metres = isEmpty ? 0 : -((travel.distanceM?.[a * stride + b] as number) ?? 0);
    let cost = isEmpty ? (model.fixedCost[this.v] as number) : -(travel.cost[a * stride + b] as number);
    let lateCost = 0;
    let windowS = 0;
    let closedS = 0;
    let clock = this.departS[index] as number;
    let prev = a;
    for (let n = 0; n <= extra.length; n++) {
      const x = n === extra.length ? b : (extra[n] as number);
      const at = prev * stride + x;
      seconds += travel.durationS[at] as number;
      metres += (travel.distanceM?.[at] as number) ?? 0;
      cost += travel.cost[at] as number;
      if (n === extra.length) break;
      clock = this.serve(clock, prev, x);
      lateCost += this.late;
      windowS += this.past;
      if (x >= model.jobCount) closedS += this.past;
      const home = x < model.jobCount ? (model.home[x] as number) : -1;
      if (home !== -1 && home !== this.v) cost += model.movePrice[this.v] as number;
      prev = x;
    }
    const last = this.nodes.length - 1;
    let i = index + 1;
    let isAsBefore = false;
    for (; i < last; i++) {
      const x = this.node(i);
      clock = this.serve(clock, prev, x);
      lateCost += this.late;
      windowS += this.past;
      if (x >= model.jobCount) closedS += this.past;
      prev = x;
      if (clock === this.departS[i]) {
        isAsBefore = true;
        i++;
        break;
      }
    }
    const restLate = isAsBefore ? (this.lateFrom[i] as number) : 0;
    const restWindow = isAsBefore ? (this.windowFrom[i] as number) : 0;
    const restClosed = isAsBefore ? (this.closedFrom[i] as number) : 0;
    const endS = isAsBefore ? (this.departS[last] as number) : this.arrive(clock, prev, this.node(last));
    return {
      costS:
        cost +
        (lateCost + restLate - (this.lateFrom[index + 1] as number)) +
        (this.overtimeAt(endS) - this.overtimeCost),
      seconds,
      metres,
      windowS: windowS + restWindow - (this.windowFrom[index + 1] as number),
      placeClosedS: closedS + restClosed - (this.closedFrom[index + 1] as number),
      shiftS: Math.max(0, this.overrunAt(endS) - this.shiftS),
      overloads: this.overloadsWith(index, extra) - this.overloads,
    };
  }

  private node(i: number): number {
    return this.nodes[i] as number;
  }

  private arrive(departS: number, prev: number, x: number): number {
    return departS + (this.travel.durationS[prev * this.model.nodeCount + x] as number);
  }

  /** Drives from prev to x and serves it; the departure, with `late` and `past` told aside. */
  private serve(departS: number, prev: number, x: number): number {
    const { model } = this;
    const arrivalS = this.arrive(departS, prev, x);
    let startS = earliestStart(model, x, arrivalS);
    this.past = 0;
    if (startS === Infinity) {
      startS = arrivalS;
      this.past = arrivalS - (model.closesS[x] as number);
    }
    const due = model.dueS[x] as number;
    this.late = startS > due ? (startS - due) * (model.latePrice[x] as number) : 0;
    const setupS = model.location[prev] === model.location[x] ? 0 : (model.setupS[x] as number);
    return startS + setupS + (model.serviceS[x] as number);
  }

  private overtimeAt(endS: number): number {
    const { model, v } = this;
    return Math.max(0, endS - (model.overtimeFromS[v] as number)) * (model.overtimePrice[v] as number);
  }

  private overrunAt(endS: number): number {
    const { model, v } = this;
    if (model.problem.vehicles[v]?.time_window === undefined) return 0;
    return Math.max(0, endS - (model.shiftEndS[v] as number));
  }

  /** Stops at which the vehicle carries more than it may, and one more where it comes home with a load it may not. */
  private overloadsWith(index: number, extra: readonly number[]): number {
    const { model, v } = this;
    const { dims, jobCount, disposalCount } = model;
    let overloads = 0;
    const all: number[] = [];
    for (let i = 1; i <= this.length; i++) {
      if (i === index + 1) all.push(...extra);
      all.push(this.node(i));
    }
    if (index === this.length) all.push(...extra);
    const loaded = new Uint8Array(all.length + 1);
    let isFull = model.hasInitialLoad[v] === 1;
    for (let d = 0; d < dims; d++) {
      const most = model.capacity[v * dims + d] as number;
      // What is still to be delivered before the next reload is aboard from the start of the trip.
      const ahead = new Float64Array(all.length + 1);
      for (let i = all.length - 1; i >= 0; i--) {
        const x = all[i] as number;
        const next = ahead[i + 1] as number;
        ahead[i] =
          x < jobCount
            ? next + (model.delivery[x * dims + d] as number)
            : x < jobCount + disposalCount
              ? next
              : 0;
      }
      let carried = model.initialLoad[v * dims + d] as number;
      if (carried + (ahead[0] as number) > most) loaded[0] = 1;
      for (let i = 0; i < all.length; i++) {
        const x = all[i] as number;
        if (x < jobCount) carried += model.pickup[x * dims + d] as number;
        else if (x < jobCount + disposalCount) carried = 0;
        if (carried + (ahead[i + 1] as number) > most) loaded[i + 1] = 1;
      }
    }
    for (const one of loaded) overloads += one;
    // The end stands in the books as a stop of its own, with the load of the last.
    if (all.length > 0 && loaded[all.length] === 1) overloads++;
    if (model.endEmpty[v] === 1) {
      for (const x of all) {
        if (x >= jobCount) {
          if (x < jobCount + disposalCount) isFull = false;
          continue;
        }
        for (let d = 0; d < dims; d++) if ((model.pickup[x * dims + d] as number) > 0) isFull = true;
      }
      if (isFull) overloads++;
    }
    return overloads;
  }
}

/** Whether walking says all there is to say about vehicle v. */
export function canWalk(model: Model, v: number): boolean {
  return (
    !model.hasRelease &&
    (model.breaks[v]?.length ?? 0) === 0 &&
    (model.maxTasks[v] as number) >= FOREVER &&
    (model.maxTravelS[v] as number) >= FOREVER &&
    (model.maxDistanceM[v] as number) >= FOREVER
  );
}
