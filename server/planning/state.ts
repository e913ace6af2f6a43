import type { Model } from './model.ts';

/**
 * The routes under search. Each vehicle has two slots: the present route, and the one being tried. Changing a
 * route writes the other slot and flips; rejecting a trial flips back, and nothing is recomputed.
 *
 * A slot holds, from `slot * stride`: start, stops, end. Per position i: the leg cost to i + 1, the earliest
 * departure, and the latest arrival that keeps the rest feasible (the last two only when time matters; in
 * general problems `schedule.ts` keeps finer arrays beside them).
 */
export class State {
  readonly model: Model;
  readonly stride: number;
  readonly slotOf: Int32Array;
  readonly length: Int32Array;
  readonly node: Int32Array;
  readonly leg: Float64Array;
  readonly departS: Float64Array;
  readonly latestS: Float64Array;
  /** Sum of amounts over a slot's jobs, per dimension (only meaningful in problems that are not general). */
  readonly amount: Float64Array;
  /** What is left of the first dimension's capacity in a vehicle's present route; Infinity in general problems. */
  readonly room: Float64Array;
  /** Travel, fixed, move, lateness and overtime cost of a slot's route. */
  readonly cost: Float64Array;

  readonly vehicleOf: Int32Array;
  readonly positionOf: Int32Array;

  /**
   * Rises whenever a vehicle's committed route changes: what was worked out for an older one holds no more. Negative
   * while the vehicle is touched.
   */
  readonly version: Int32Array;

  readonly absent: Int32Array;
  readonly absentAt: Int32Array;
  absentCount = 0;
  missing = 0;
  prizes = 0;
  routesCost = 0;

  /** Vehicles with at least one stop, densely; and their place in that list (-1 when empty). */
  readonly used: Int32Array;
  readonly usedAt: Int32Array;
  usedCount = 0;
  /** Rises whenever a vehicle comes into use or out of it. */
  useChanges = 0;

  /** Vehicles changed since the last commit. */
  readonly touched: Int32Array;
  readonly isTouched: Uint8Array;
  touchedCount = 0;
  private readonly savedAbsent: Int32Array;
  private savedAbsentCount = 0;
  private savedMissing = 0;
  private savedPrizes = 0;
  private savedRoutesCost = 0;

  constructor(model: Model) {
    this.model = model;
    const { jobCount, stopCount, vehicleCount, dims } = model;
    const longestPlan = Math.max(0, ...model.planned.map((nodes) => nodes.length));
    this.stride = (stopCount > jobCount ? 2 * jobCount + longestPlan + 4 : jobCount) + 2;
    const slots = 2 * vehicleCount;
    this.slotOf = Int32Array.from({ length: vehicleCount }, (_, v) => 2 * v);
    this.length = new Int32Array(slots);
    this.node = new Int32Array(slots * this.stride);
    this.leg = new Float64Array(slots * this.stride);
    this.departS = new Float64Array(model.timed && !model.general ? slots * this.stride : 0);
    this.latestS = new Float64Array(model.timed && !model.general ? slots * this.stride : 0);
    this.amount = new Float64Array(slots * Math.max(1, dims));
    this.room = new Float64Array(vehicleCount).fill(Infinity);
    this.cost = new Float64Array(slots);
    this.vehicleOf = new Int32Array(jobCount).fill(-1);
    this.positionOf = new Int32Array(jobCount);
    this.version = new Int32Array(vehicleCount).fill(1);
    this.absent = new Int32Array(jobCount);
    this.absentAt = new Int32Array(jobCount).fill(-1);
    this.savedAbsent = new Int32Array(jobCount);
    this.used = new Int32Array(vehicleCount);
    this.usedAt = new Int32Array(vehicleCount).fill(-1);
    this.touched = new Int32Array(vehicleCount);
    this.isTouched = new Uint8Array(vehicleCount);
    for (let slot = 0; slot < slots; slot++) {
      this.node[slot * this.stride] = model.startNode[slot >> 1] as number;
      this.node[slot * this.stride + 1] = model.endNode[slot >> 1] as number;
    }
    for (let job = 0; job < jobCount; job++) this.addAbsent(job);
  }

  addAbsent(job: number): void {
    this.absentAt[job] = this.absentCount;
    this.absent[this.absentCount++] = job;
    this.vehicleOf[job] = -1;
    this.missing += this.model.missWeight[job] as number;
    this.prizes += this.model.prize[job] as number;
  }

  dropAbsent(job: number): void {
    const at = this.absentAt[job] as number;
    const last = this.absent[--this.absentCount] as number;
    this.absent[at] = last;
    this.absentAt[last] = at;
    this.absentAt[job] = -1;
    this.missing -= this.model.missWeight[job] as number;
    this.prizes -= this.model.prize[job] as number;
  }

  /** The slot to write vehicle v's next route into; marks the vehicle as touched. The old slot stays as it was. */
  beginChange(v: number): number {
    const slot = this.slotOf[v] as number;
    if (this.isTouched[v]) return slot;
    this.isTouched[v] = 1;
    this.version[v] = -(this.version[v] as number);
    this.touched[this.touchedCount++] = v;
    const other = slot ^ 1;
    const from = slot * this.stride;
    const to = other * this.stride;
    const stops = (this.length[slot] as number) + 2;
    for (let i = 0; i < stops; i++) this.node[to + i] = this.node[from + i] as number;
    this.length[other] = this.length[slot] as number;
    this.cost[other] = this.cost[slot] as number;
    this.slotOf[v] = other;
    return other;
  }

  /** Brings `room` in step with the amounts of v's present route. */
  noteRoom(v: number): void {
    const { model } = this;
    if (model.general || model.dims === 0) return;
    const slot = this.slotOf[v] as number;
    this.room[v] = (model.capacity[v * model.dims] as number) - (this.amount[slot * model.dims] as number);
  }

  /** Keeps `used` in step with whether vehicle v has stops. */
  noteUse(v: number): void {
    const has = (this.length[this.slotOf[v] as number] as number) > 0;
    const at = this.usedAt[v] as number;
    if (has && at < 0) {
      this.usedAt[v] = this.usedCount;
      this.used[this.usedCount++] = v;
      this.useChanges++;
    } else if (!has && at >= 0) {
      const last = this.used[--this.usedCount] as number;
      this.used[at] = last;
      this.usedAt[last] = at;
      this.usedAt[v] = -1;
      this.useChanges++;
    }
  }

  /** Writes vehicle and position of the jobs of v's present route. */
  indexJobs(v: number): void {
    const slot = this.slotOf[v] as number;
    const base = slot * this.stride;
    const { jobCount } = this.model;
    for (let i = this.length[slot] as number; i > 0; i--) {
      const node = this.node[base + i] as number;
      if (node >= jobCount) continue;
      this.vehicleOf[node] = v;
      this.positionOf[node] = i;
    }
  }

  /** What is present now becomes what a later `reject` returns to. */
  commit(): void {
    for (let i = 0; i < this.touchedCount; i++) {
      const v = this.touched[i] as number;
      this.isTouched[v] = 0;
      // A route that was taken apart and came out the same, as most do, is still known.
      this.version[v] = (this.isAsBefore(v) ? 0 : 1) - (this.version[v] as number);
    }
    this.touchedCount = 0;
    for (let i = 0; i < this.absentCount; i++) this.savedAbsent[i] = this.absent[i] as number;
    this.savedAbsentCount = this.absentCount;
    this.savedMissing = this.missing;
    this.savedPrizes = this.prizes;
    this.savedRoutesCost = this.routesCost;
  }

  /** Whether a touched vehicle has the same stops in the same order as in its committed route. */
  private isAsBefore(v: number): boolean {
    const { node, length } = this;
    const slot = this.slotOf[v] as number;
    const stops = length[slot] as number;
    if (length[slot ^ 1] !== stops) return false;
    const now = slot * this.stride;
    const before = (slot ^ 1) * this.stride;
    for (let i = 1; i <= stops; i++) if (node[now + i] !== node[before + i]) return false;
    return true;
  }

  /** Undoes every change since the last commit. */
  reject(): void {
    for (let i = 0; i < this.absentCount; i++) this.absentAt[this.absent[i] as number] = -1;
    for (let i = 0; i < this.touchedCount; i++) {
      const v = this.touched[i] as number;
      this.isTouched[v] = 0;
      this.version[v] = -(this.version[v] as number);
      this.slotOf[v] = (this.slotOf[v] as number) ^ 1;
      this.indexJobs(v);
      this.noteRoom(v);
      this.noteUse(v);
    }
    this.touchedCount = 0;
    this.absentCount = this.savedAbsentCount;
    for (let i = 0; i < this.absentCount; i++) {
      const job = this.savedAbsent[i] as number;
      this.absent[i] = job;
      this.absentAt[job] = i;
      this.vehicleOf[job] = -1;
    }
    this.missing = this.savedMissing;
    this.prizes = this.savedPrizes;
    this.routesCost = this.savedRoutesCost;
  }

  /** The stops of each vehicle, as nodes. */
  routes(): Int32Array[] {
    return Array.from(this.slotOf, (slot) => {
      const from = slot * this.stride + 1;
      return this.node.slice(from, from + (this.length[slot] as number));
    });
  }
}
