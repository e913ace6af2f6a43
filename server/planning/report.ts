import type { Model, Travel, VehicleBreak } from './model.ts';
import { FOREVER } from './model.ts';
import type {
  PlannerSolution,
  SolutionRoute,
  SolutionStep,
  SolutionSummary,
  StepType,
  Violation,
} from './problem.ts';
import { earliestBreak, earliestStart } from './schedule.ts';

/** What a route comes to, beside its VROOM form: the priced parts, unrounded. */
export interface RouteReport {
  route: SolutionRoute;
  latenessCost: number;
  overtimeCost: number;
  moved: number;
  stabilityCost: number;
  /** Travel and fixed cost with every price added. */
  objective: number;
}

/** A way to reach a position with k breaks taken; `from` is the way before, `pauses` the breaks on the leg between. */
interface Way {
  departS: number;
  arrivalS: number;
  startS: number;
  delayS: number;
  lateCost: number;
  pauses: { at: VehicleBreak; arrivalS: number; startS: number; delayS: number }[];
  from: Way | undefined;
}

/** A stop before it is written out. */
interface Timed {
  type: StepType;
  node: number;
  pause?: VehicleBreak;
  arrivalS: number;
  startS: number;
  setupS: number;
  serviceS: number;
  delayS: number;
}

/**
 * Schedules given stops of every vehicle, whatever rules they break (then `violations` says so), and writes the
 * solution in VROOM's form. `routes[v]` are nodes of the model; breaks are placed where they delay least.
 */
export function report(model: Model, routes: ArrayLike<number>[]): PlannerSolution {
  const reports: RouteReport[] = [];
  const served = new Uint8Array(model.jobCount);
  routes.forEach((nodes, v) => {
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] as number;
      if (node < model.jobCount) served[node] = 1;
    }
    if (nodes.length > 0) reports.push(reportRoute(model, v, nodes));
  });
  const unassigned = model.problem.jobs
    .filter((_, j) => !served[j])
    .map((job) => ({
      id: job.id,
      type: 'job' as const,
      ...(job.description !== undefined && { description: job.description }),
      ...(job.location && { location: job.location }),
      ...(job.location_index !== undefined && { location_index: job.location_index }),
    }));
  let prizes = 0;
  for (let j = 0; j < model.jobCount; j++) if (!served[j]) prizes += model.prize[j] as number;
  return {
    code: 0,
    summary: summarise(reports, unassigned.length, prizes, model.dims),
    unassigned,
    routes: reports.map((entry) => entry.route),
  };
}

/** Schedules one vehicle's stops and prices them. */
export function reportRoute(model: Model, v: number, nodes: ArrayLike<number>): RouteReport {
  const vehicle = model.problem.vehicles[v] as Model['problem']['vehicles'][number];
  const timed = schedule(model, v, nodes);
  if (vehicle.frozen === 0) leaveLater(model, timed);
  const travel = model.travels[model.travelOf[v] as number] as Travel;
  const { dims } = model;

  const steps: SolutionStep[] = [];
  const loads = loadsAlong(model, v, timed);
  const delivered = new Array<number>(dims).fill(0);
  const pickedUp = new Array<number>(dims).fill(0);
  let travelS = 0;
  let travelM = 0;
  let travelCost = 0;
  let waitingS = 0;
  let serviceS = 0;
  let setupS = 0;
  let priority = 0;
  let latenessS = 0;
  let latenessCost = 0;
  let tasks = 0;
  let moved = 0;
  let prev = model.startNode[v] as number;
  timed.forEach((stop, i) => {
    // A matrix may have anything on its diagonal: neither leaving nor a pause is a drive from a place to itself.
    if (i > 0 && (stop.node !== prev || stop.type !== 'break')) {
      const at = prev * model.nodeCount + stop.node;
      travelS += travel.durationS[at] as number;
      travelM += (travel.distanceM?.[at] as number) ?? 0;
      travelCost += travel.cost[at] as number;
    }
    const load = loads[i] as number[];
    // Of the rounded instants, so that arrival and waiting add up to the start that the windows allow.
    const waited = Math.round(stop.startS) - Math.round(stop.arrivalS);
    const violations: Violation[] = [];
    if (stop.delayS > 0) violations.push({ cause: 'delay', duration: Math.round(stop.delayS) });
    if (load.some((amount, d) => amount > tidy(vehicle.capacity[d] as number)))
      violations.push({ cause: 'load' });
    const step: SolutionStep = {
      type: stop.type,
      ...place(model, stop),
      arrival: Math.round(stop.arrivalS),
      duration: Math.round(travelS),
      ...(travel.distanceM && { distance: Math.round(travelM) }),
      setup: Math.round(stop.setupS),
      service: Math.round(stop.serviceS),
      waiting_time: waited,
      load,
      violations,
    };
    waitingS += waited;
    serviceS += stop.serviceS;
    setupS += stop.setupS;
    if (stop.type === 'job') {
      const job = model.problem.jobs[stop.node] as Model['problem']['jobs'][number];
      tasks++;
      priority += job.priority;
      job.delivery.forEach((amount, d) => (delivered[d] = (delivered[d] as number) + amount));
      job.pickup.forEach((amount, d) => (pickedUp[d] = (pickedUp[d] as number) + amount));
      if (job.due !== undefined) {
        const late = Math.max(0, stop.startS - job.due);
        latenessS += late;
        latenessCost += late * (model.latePrice[stop.node] as number);
        step.lateness = Math.round(late);
      }
      const home = model.home[stop.node] as number;
      if (home !== -1 && home !== v) moved++;
      if (job.vehicle_id !== undefined && job.vehicle_id !== vehicle.id)
        violations.push({ cause: 'vehicle' });
      if (!job.skills.every((skill) => vehicle.skills.includes(skill))) violations.push({ cause: 'skills' });
    }
    steps.push(step);
    prev = stop.node;
  });

  const last = timed[timed.length - 1] as Timed;
  const overtimeS = Math.max(0, last.arrivalS - (model.overtimeFromS[v] as number));
  const violations: Violation[] = [];
  if (tasks > (model.maxTasks[v] as number)) violations.push({ cause: 'max_tasks' });
  if (travelS > (model.maxTravelS[v] as number)) violations.push({ cause: 'max_travel_time' });
  if (travelM > (model.maxDistanceM[v] as number)) violations.push({ cause: 'max_distance' });
  if (timed.filter((stop) => stop.type === 'break').length < vehicle.breaks.length) {
    violations.push({ cause: 'missing_break' });
  }
  if (vehicle.end_empty && carriedAtEnd(model, v, nodes)) violations.push({ cause: 'end_empty' });

  const route: SolutionRoute = {
    vehicle: vehicle.id,
    ...(vehicle.description !== undefined && { description: vehicle.description }),
    cost: Math.round(travelCost + (model.fixedCost[v] as number)),
    delivery: delivered.map(tidy),
    pickup: pickedUp.map(tidy),
    amount: delivered.map(tidy),
    setup: Math.round(setupS),
    service: Math.round(serviceS),
    duration: Math.round(travelS),
    waiting_time: waitingS,
    priority,
    ...(travel.distanceM && { distance: Math.round(travelM) }),
    lateness: latenessS,
    overtime: overtimeS,
    steps: withoutNowhere(model, v, steps),
    violations,
  };
  const overtimeCost = overtimeS * (model.overtimePrice[v] as number);
  const stabilityCost = moved * (model.movePrice[v] as number);
  const objective = route.cost + latenessCost + overtimeCost + stabilityCost;
  return { route, latenessCost, overtimeCost, moved, stabilityCost, objective };
}

function summarise(
  reports: RouteReport[],
  unassigned: number,
  prizeCost: number,
  dims: number,
): SolutionSummary {
  const sum = (of: (entry: RouteReport) => number) => reports.reduce((total, entry) => total + of(entry), 0);
  const sums = (of: (entry: RouteReport) => number[]) =>
    Array.from({ length: dims }, (_, d) => tidy(sum((entry) => of(entry)[d] as number)));
  const cost = sum((entry) => entry.route.cost);
  const latenessCost = sum((entry) => entry.latenessCost);
  const overtimeCost = sum((entry) => entry.overtimeCost);
  const stabilityCost = sum((entry) => entry.stabilityCost);
  const hasDistance = reports.some((entry) => entry.route.distance !== undefined);
  return {
    cost,
    routes: reports.length,
    unassigned,
    delivery: sums((entry) => entry.route.delivery),
    pickup: sums((entry) => entry.route.pickup),
    amount: sums((entry) => entry.route.delivery),
    setup: sum((entry) => entry.route.setup),
    service: sum((entry) => entry.route.service),
    duration: sum((entry) => entry.route.duration),
    waiting_time: sum((entry) => entry.route.waiting_time),
    priority: sum((entry) => entry.route.priority),
    ...(hasDistance && { distance: sum((entry) => entry.route.distance ?? 0) }),
    violations: [],
    lateness: sum((entry) => entry.route.lateness),
    lateness_cost: latenessCost,
    overtime: sum((entry) => entry.route.overtime),
    overtime_cost: overtimeCost,
    moved: sum((entry) => entry.moved),
    stability_cost: stabilityCost,
    prize_cost: prizeCost,
    objective: cost + latenessCost + overtimeCost + stabilityCost + prizeCost,
    computing_times: { loading: 0, solving: 0, routing: 0 },
  };
}

function place(model: Model, stop: Timed): Partial<SolutionStep> {
  const { problem, jobCount, disposalCount } = model;
  if (stop.type === 'break') {
    const { id, description } = stop.pause as VehicleBreak;
    return { id, ...(description !== undefined && { description }) };
  }
  if (stop.type === 'start' || stop.type === 'end') {
    const index = model.location[stop.node] as number;
    return index < 0 ? {} : { location_index: index };
  }
  const at =
    stop.type === 'job'
      ? problem.jobs[stop.node]
      : stop.type === 'disposal'
        ? problem.disposals[stop.node - jobCount]
        : problem.reloads[stop.node - jobCount - disposalCount];
  if (!at) return {};
  return {
    id: at.id,
    ...(at.description !== undefined && { description: at.description }),
    ...(at.location && { location: at.location }),
    ...(at.location_index !== undefined && { location_index: at.location_index }),
  };
}

/** A vehicle without start (or end) has no such step; with coordinates the others carry them. */
function withoutNowhere(model: Model, v: number, steps: SolutionStep[]): SolutionStep[] {
  const vehicle = model.problem.vehicles[v] as Model['problem']['vehicles'][number];
  return steps.filter((step) => {
    if (step.type === 'start') {
      if (vehicle.start) step.location = vehicle.start;
      return vehicle.start_index !== undefined;
    }
    if (step.type === 'end') {
      if (vehicle.end) step.location = vehicle.end;
      return vehicle.end_index !== undefined;
    }
    return true;
  });
}

/** Earliest schedule of the stops, breaks placed so that first delays, then lateness, then time are least. */
function schedule(model: Model, v: number, nodes: ArrayLike<number>): Timed[] {
  const { jobCount, disposalCount } = model;
  const travel = model.travels[model.travelOf[v] as number] as Travel;
  const breaks = model.breaks[v] as VehicleBreak[];
  const n = model.nodeCount;
  const all = [model.startNode[v] as number, ...Array.from(nodes), model.endNode[v] as number];
  const releaseOf = (from: number): number => {
    let release = -FOREVER;
    for (let i = from; i < all.length - 1 && (all[i] as number) < jobCount + disposalCount; i++) {
      release = Math.max(release, model.releaseS[all[i] as number] as number);
    }
    return release;
  };
  const begin = Math.max(model.shiftStartS[v] as number, releaseOf(1));
  const origin: Way = {
    departS: begin,
    arrivalS: begin,
    startS: begin,
    delayS: 0,
    lateCost: 0,
    pauses: [],
    from: undefined,
  };
  let ways: (Way | undefined)[] = [origin];
  for (let i = 1; i < all.length; i++) {
    const x = all[i] as number;
    const prev = all[i - 1] as number;
    const isEnd = i === all.length - 1;
    const serviceS = isEnd ? 0 : (model.serviceS[x] as number) + setupAt(model, prev, x);
    const release = !isEnd && x >= jobCount + disposalCount ? releaseOf(i + 1) : -FOREVER;
    const closes = isEnd
      ? model.problem.vehicles[v]?.time_window
        ? (model.shiftEndS[v] as number)
        : FOREVER
      : 0;
    const next: (Way | undefined)[] = new Array<Way | undefined>(breaks.length + 1).fill(undefined);
    for (const [taken, way] of ways.entries()) {
      if (!way) continue;
      let clock = way.departS;
      let arrivalS = clock + (travel.durationS[prev * n + x] as number);
      let pauseDelay = 0;
      const pauses: Way['pauses'] = [];
      for (let k = taken; ; k++) {
        let startS = isEnd ? arrivalS : earliestStart(model, x, arrivalS);
        let delayS = isEnd ? Math.max(0, arrivalS - closes) : 0;
        if (startS === Infinity) {
          startS = arrivalS;
          delayS = arrivalS - (model.closesS[x] as number);
        }
        const due = isEnd ? FOREVER : (model.dueS[x] as number);
        let late = isEnd || startS <= due ? 0 : (startS - due) * (model.latePrice[x] as number);
        if (isEnd) {
          late =
            Math.max(0, arrivalS - (model.overtimeFromS[v] as number)) * (model.overtimePrice[v] as number);
        }
        // What a trip waits for its releases is waited before the goods are loaded, as far as the place is open.
        if (startS + serviceS < release) startS = latestBegin(model, x, startS, release - serviceS);
        const candidate: Way = {
          arrivalS,
          startS,
          departS: Math.max(startS + serviceS, release),
          delayS: way.delayS + pauseDelay + delayS,
          lateCost: way.lateCost + late,
          pauses: [...pauses],
          from: way,
        };
        if (isBetter(candidate, next[k])) next[k] = candidate;
        const pause = breaks[k];
        if (!pause) break;
        let startBreak = earliestBreak(pause, clock);
        let late2 = 0;
        if (startBreak === Infinity) {
          startBreak = clock;
          late2 = clock - (pause.windows[pause.windows.length - 1] as [number, number])[1];
        }
        pauses.push({
          at: pause,
          arrivalS: Math.min(Math.max(clock, arrivalS), startBreak),
          startS: startBreak,
          delayS: late2,
        });
        pauseDelay += late2;
        arrivalS = Math.max(arrivalS, startBreak) + pause.serviceS;
        clock = startBreak + pause.serviceS;
      }
    }
    ways = next;
  }
  return written(model, all, ways[breaks.length] as Way);
}

function setupAt(model: Model, prev: number, x: number): number {
  return model.location[prev] === model.location[x] ? 0 : (model.setupS[x] as number);
}

function isBetter(a: Way, b: Way | undefined): boolean {
  if (!b) return true;
  if (a.delayS !== b.delayS) return a.delayS < b.delayS;
  if (a.lateCost !== b.lateCost) return a.lateCost < b.lateCost;
  return a.departS < b.departS;
}

function written(model: Model, all: number[], end: Way): Timed[] {
  const { jobCount, disposalCount } = model;
  const chain: Way[] = [];
  for (let way: Way | undefined = end; way; way = way.from) chain.push(way);
  chain.reverse();
  const timed: Timed[] = [];
  chain.forEach((way, i) => {
    const node = all[i] as number;
    const prev = i > 0 ? (all[i - 1] as number) : node;
    for (const pause of way.pauses) {
      timed.push({
        type: 'break',
        node: prev,
        pause: pause.at,
        arrivalS: pause.arrivalS,
        startS: pause.startS,
        setupS: 0,
        serviceS: pause.at.serviceS,
        delayS: pause.delayS,
      });
    }
    const isTerminal = i === 0 || i === all.length - 1;
    const type: StepType = isTerminal
      ? i === 0
        ? 'start'
        : 'end'
      : node < jobCount
        ? 'job'
        : node < jobCount + disposalCount
          ? 'disposal'
          : 'reload';
    const pauseDelay = way.pauses.reduce((sum, pause) => sum + pause.delayS, 0);
    timed.push({
      type,
      node,
      arrivalS: way.arrivalS,
      startS: way.startS,
      setupS: isTerminal ? 0 : setupAt(model, prev, node),
      serviceS: isTerminal ? 0 : (model.serviceS[node] as number),
      delayS: way.delayS - (way.from?.delayS ?? 0) - pauseDelay,
    });
  });
  return timed;
}

/** The latest start from `startS` to `wishS` within the window that `startS` lies in; `startS` where it lies in none. */
function latestBegin(model: Model, x: number, startS: number, wishS: number): number {
  return Math.min(wishS, startS + windowLeft(model, x, startS));
}

/** As in VROOM, a route starts as late as its first wait allows, so that no hour is spent waiting for a window. */
function leaveLater(model: Model, timed: Timed[]): void {
  let until = -1;
  for (let i = 1; i < timed.length; i++) {
    const stop = timed[i] as Timed;
    if (stop.type === 'break') return;
    if (stop.startS > stop.arrivalS) {
      until = i;
      break;
    }
    if (stop.delayS > 0) return;
  }
  if (until < 0) return;
  let shift = (timed[until] as Timed).startS - (timed[until] as Timed).arrivalS;
  for (let i = 1; i < until; i++) {
    const stop = timed[i] as Timed;
    const due = stop.type === 'job' ? (model.dueS[stop.node] as number) : FOREVER;
    shift = Math.min(shift, windowLeft(model, stop.node, stop.startS), Math.max(0, due - stop.startS));
  }
  if (!(shift > 0)) return;
  for (let i = 0; i < until; i++) {
    const stop = timed[i] as Timed;
    stop.arrivalS += shift;
    stop.startS += shift;
  }
  (timed[until] as Timed).arrivalS += shift;
  if ((timed[until] as Timed).startS === (timed[until] as Timed).arrivalS) leaveLater(model, timed);
}

/** Seconds by which the stop at node x may start later than `startS` within its present window. */
function windowLeft(model: Model, x: number, startS: number): number {
  for (let w = model.windowFrom[x] as number; w < (model.windowFrom[x + 1] as number); w++) {
    if (startS <= (model.windowEnd[w] as number)) return (model.windowEnd[w] as number) - startS;
  }
  return 0;
}

/** Load after each step, per dimension. */
function loadsAlong(model: Model, v: number, timed: Timed[]): number[][] {
  const { dims, problem } = model;
  const toDeliver: number[][] = [];
  let ahead = new Array<number>(dims).fill(0);
  for (let i = timed.length - 1; i >= 0; i--) {
    toDeliver[i] = [...ahead];
    const stop = timed[i] as Timed;
    if (stop.type === 'job')
      ahead = ahead.map((x, d) => x + (problem.jobs[stop.node]?.delivery[d] as number));
    if (stop.type === 'reload') ahead = ahead.map(() => 0);
  }
  let carried = Array.from({ length: dims }, (_, d) => model.initialLoad[v * dims + d] as number);
  return timed.map((stop, i) => {
    if (stop.type === 'job')
      carried = carried.map((x, d) => x + (problem.jobs[stop.node]?.pickup[d] as number));
    if (stop.type === 'disposal') carried = carried.map(() => 0);
    return carried.map((x, d) => tidy(x + ((toDeliver[i] as number[])[d] as number)));
  });
}

/** Fractions of an amount do not add up exactly: a millionth is no load. */
function tidy(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}

function carriedAtEnd(model: Model, v: number, nodes: ArrayLike<number>): boolean {
  const { dims, jobCount, disposalCount } = model;
  let carried = model.hasInitialLoad[v] === 1;
  for (let i = 0; i < nodes.length; i++) {
    const x = nodes[i] as number;
    if (x >= jobCount) {
      if (x < jobCount + disposalCount) carried = false;
      continue;
    }
    for (let d = 0; d < dims; d++) if ((model.pickup[x * dims + d] as number) > 0) carried = true;
  }
  return carried;
}
