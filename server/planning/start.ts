import type { Routes } from './routes.ts';

/** Lays the plan that a problem brings along (`steps`) as the first routes of a search. */
export class Start {
  private readonly routes: Routes;

  constructor(routes: Routes) {
    this.routes = routes;
  }

  /** Lays the present plan, or only its frozen part; what is not laid stays absent. */
  run(from: 'steps' | 'cold'): void {
    const { model } = this.routes;
    for (let v = 0; v < model.vehicleCount; v++) {
      const planned = model.planned[v] as Int32Array;
      const frozen = model.frozen[v] as number;
      this.lay(v, planned.subarray(0, from === 'steps' ? planned.length : frozen), frozen);
    }
  }

  /** Puts the frozen prefix, then each further stop that keeps the route sound. */
  private lay(v: number, nodes: Int32Array, frozen: number): void {
    const { routes } = this;
    const { model } = routes;
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
    if (this.isSound(v)) return;
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
    const { routes } = this;
    const { model } = routes;
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
    const { routes } = this;
    const { model } = routes;
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
    if (this.isSound(v)) {
      if (x < model.jobCount) routes.dropAbsent(x);
      return;
    }
    this.removeAt(slot, at);
    if (x < model.jobCount) routes.vehicleOf[x] = -1;
    routes.refresh(v);
  }

  /**
   * Brings v's route up to date. Where capacity and windows are all there is, `refresh` judges the times alone, because
   * an insertion has looked at amounts and number before.
   */
  private isSound(v: number): boolean {
    const { routes } = this;
    const { model } = routes;
    if (!routes.refresh(v)) return false;
    if (model.general) return true;
    const slot = routes.slotOf[v] as number;
    for (let d = 0; d < model.dims; d++) {
      const most = model.capacity[v * model.dims + d] as number;
      if ((routes.amount[slot * model.dims + d] as number) > most) return false;
    }
    return (routes.length[slot] as number) <= (model.maxTasks[v] as number);
  }

  /** A loaded truck that must end empty gets the nearest disposal even without further jobs. */
  private ensureEmptied(v: number): void {
    const { routes } = this;
    const { model } = routes;
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
}
