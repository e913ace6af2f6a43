import type { Travel } from './model.ts';
import { earliestStart, latestStart, Schedule } from './schedule.ts';
import { State } from './state.ts';
import type { Model } from './model.ts';

/** The state together with what is derived of each route: one `refresh` keeps all of it true after a change. */
export class Routes extends State {
  readonly schedule: Schedule | undefined;

  constructor(model: Model) {
    super(model);
    this.schedule = model.general ? new Schedule(this) : undefined;
    for (let v = 0; v < model.vehicleCount; v++) this.refresh(v);
  }

  /**
   * Recomputes legs, times, amounts and cost of vehicle v's present route after its nodes changed, and the sum over
   * all routes. Returns whether the route keeps every hard rule; its cost is meaningful only then.
   */
  refresh(v: number): boolean {
    const { model } = this;
    const slot = this.slotOf[v] as number;
    const base = slot * this.stride;
    const length = this.length[slot] as number;
    const travel = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    let cost = length > 0 ? (model.fixedCost[v] as number) : 0;
    const movePrice = model.movePrice[v] as number;
    let prev = this.node[base] as number;
    for (let i = 0; i <= length; i++) {
      const next = this.node[base + i + 1] as number;
      const leg = travel.cost[prev * n + next] as number;
      this.leg[base + i] = leg;
      if (length > 0) cost += leg;
      if (next < model.jobCount) {
        this.vehicleOf[next] = v;
        this.positionOf[next] = i + 1;
        if (movePrice > 0 && model.home[next] !== v && model.home[next] !== -1) cost += movePrice;
      }
      prev = next;
    }
    let feasible = true;
    if (this.schedule) {
      feasible = this.schedule.refresh(v);
      cost += this.schedule.softCost[slot] as number;
    } else {
      this.refreshAmounts(slot, base, length);
      if (model.timed) feasible = this.refreshTimes(v, travel, base, length);
    }
    this.routesCost += cost - (this.cost[slot] as number);
    this.cost[slot] = cost;
    this.noteUse(v);
    return feasible;
  }

  /** Inserts one or two nodes (the second -1 for none) after position p of v's route and brings all up to date. */
  insert(v: number, p: number, first: number, second: number): void {
    const { model, node, positionOf, leg } = this;
    const fresh = !this.isTouched[v];
    const before = this.slotOf[v] as number;
    const slot = this.beginChange(v);
    const base = slot * this.stride;
    const length = this.length[slot] as number;
    const added = second < 0 ? 1 : 2;
    for (let i = length + 1; i > p; i--) node[base + i + added] = node[base + i] as number;
    node[base + p + 1] = first;
    if (second >= 0) node[base + p + 2] = second;
    this.length[slot] = length + added;
    if (this.schedule || model.timed || length === 0) {
      this.refresh(v);
      return;
    }
    // Only the new legs change: shift the rest.
    const from = fresh ? before * this.stride : base;
    for (let i = length; i > p; i--) leg[base + i + 1] = leg[from + i] as number;
    if (fresh) for (let i = 0; i < p; i++) leg[base + i] = leg[from + i] as number;
    const { cost } = model.travels[model.travelOf[v] as number] as Travel;
    const n = model.nodeCount;
    const to = cost[(node[base + p] as number) * n + first] as number;
    const onward = cost[first * n + (node[base + p + 2] as number)] as number;
    const home = model.home[first] as number;
    const change =
      to +
      onward -
      (leg[from + p] as number) +
      (home !== -1 && home !== v ? (model.movePrice[v] as number) : 0);
    leg[base + p] = to;
    leg[base + p + 1] = onward;
    this.vehicleOf[first] = v;
    for (let i = p + 1; i <= length + 1; i++) positionOf[node[base + i] as number] = i;
    const { dims } = model;
    for (let d = 0; d < dims; d++) {
      const at = first * dims + d;
      this.amount[slot * dims + d] =
        (this.amount[(fresh ? before : slot) * dims + d] as number) +
        (model.delivery[at] as number) +
        (model.pickup[at] as number);
    }
    this.noteRoom(v);
    this.cost[slot] = (this.cost[slot] as number) + change;
    this.routesCost += change;
  }

  private refreshAmounts(slot: number, base: number, length: number): void {
    const { model } = this;
    const { dims } = model;
    for (let d = 0; d < dims; d++) {
      let sum = 0;
      for (let i = 1; i <= length; i++) {
        const at = (this.node[base + i] as number) * dims + d;
        sum += (model.delivery[at] as number) + (model.pickup[at] as number);
      }
      this.amount[slot * dims + d] = sum;
    }
    this.noteRoom(slot >> 1);
  }

  private refreshTimes(v: number, travel: Travel, base: number, length: number): boolean {
    const { model, departS, latestS } = this;
    const n = model.nodeCount;
    let clock = model.shiftStartS[v] as number;
    let prev = this.node[base] as number;
    departS[base] = clock;
    for (let i = 1; i <= length; i++) {
      const x = this.node[base + i] as number;
      clock =
        earliestStart(model, x, clock + (travel.durationS[prev * n + x] as number)) +
        (model.serviceS[x] as number);
      departS[base + i] = clock;
      prev = x;
    }
    const end = this.node[base + length + 1] as number;
    const shiftEnd = model.shiftEndS[v] as number;
    const inTime = clock + (travel.durationS[prev * n + end] as number) <= shiftEnd;
    let latest = shiftEnd;
    latestS[base + length + 1] = latest;
    let next = end;
    for (let i = length; i >= 1; i--) {
      const x = this.node[base + i] as number;
      latest -= (travel.durationS[x * n + next] as number) + (model.serviceS[x] as number);
      if (model.severalWindows[x] || latest < (model.opensS[x] as number))
        latest = latestStart(model, x, latest);
      else if (latest > (model.closesS[x] as number)) latest = model.closesS[x] as number;
      latestS[base + i] = latest;
      next = x;
    }
    return inTime || length === 0;
  }
}
