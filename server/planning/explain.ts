import type { Model } from './model.ts';
import { compile } from './model.ts';
import { routesOf } from './prices.ts';
import type { PlannerProblem, PlannerSolution, SolutionRoute } from './problem.ts';
import { sequencesOf } from './problem.ts';
import type { RouteReport } from './report.ts';
import { reportRoute } from './report.ts';

export type MoveReason =
  'new' | 'dropped' | 'truck-out' | 'load' | 'window-kept' | 'shift-kept' | 'shorter-detour' | 'rebalanced';

/** One share of the difference between two plans. Shares add up to the whole. */
export interface Delta {
  /** Travel time. */
  seconds: number;
  /** Travel and every service: at the stop itself, and at a landfill visit more or less. */
  workS: number;
  metres: number;
  /** Objective: travel, fixed costs, lateness, overtime and moved stops. */
  cost: number;
}

export interface Move extends Delta {
  jobId: number;
  fromVehicleId: number | null;
  toVehicleId: number | null;
  reason: MoveReason;
  /** What the reason rests on, where it rests on something: what would be, had the job stayed. */
  about?: MoveEvidence;
}

export interface MoveEvidence {
  /** The job whose promise would be late, and by how much in seconds; or the seconds the shift would run over. */
  jobId?: number;
  lateS?: number;
  overS?: number;
  /** Load its old vehicle would carry, of so much capacity, in the dimension that is exceeded. */
  load?: number;
  capacity?: number;
  /** Seconds of way saved by serving it here and not there. */
  savedS?: number;
}

export interface PlanDifference {
  moves: Move[];
  /** What changes within a vehicle beside the moves: another order, another landfill visit. */
  reordered: (Delta & { vehicleId: number })[];
  /** Jobs of both plans that are reached later, and by how much. */
  later: { jobId: number; vehicleId: number; seconds: number }[];
  earlier: { jobId: number; vehicleId: number; seconds: number }[];
  total: Delta;
}

/**
 * What a new plan changes against an old one, and why. The moves are applied one after the other and each is charged
 * with the difference it makes, so that the listed deltas add up to the plans' delta. A vehicle of `before` that the
 * problem no longer has is out of service: its jobs move because of that.
 */
export function explainDiff(
  problem: PlannerProblem,
  before: PlannerSolution,
  after: PlannerSolution,
): PlanDifference {
  const model = compile(problem);
  const vehicleIds = problem.vehicles.map((vehicle) => vehicle.id);
  const stops = knownStops(model, before);
  const present = routesOf(model, stops);
  const wanted = routesOf(model, sequencesOf(after));
  const reports = present.map((nodes, v) => (nodes.length > 0 ? reportRoute(model, v, nodes) : undefined));
  const fromOf = placeOf(present, model.jobCount);
  const toOf = placeOf(wanted, model.jobCount);
  const outOfService = jobsOfUnknownVehicles(before, new Set(vehicleIds));

  const moves: Move[] = [];
  const retimed = (v: number): Delta => {
    const was = reports[v];
    const nodes = present[v] as number[];
    reports[v] = nodes.length > 0 ? reportRoute(model, v, nodes) : undefined;
    return difference(was, reports[v]);
  };
  for (let job = 0; job < model.jobCount; job++) {
    const from = fromOf[job] as number;
    const to = toOf[job] as number;
    if (from === to) continue;
    const id = model.problem.jobs[job]?.id as number;
    let delta: Delta = NOTHING;
    if (from >= 0) {
      present[from] = (present[from] as number[]).filter((node) => node !== job);
      delta = plus(delta, retimed(from));
    } else {
      delta = plus(delta, { ...NOTHING, cost: -(model.prize[job] as number) });
    }
    if (to >= 0) {
      insertAsIn(present[to] as number[], wanted[to] as number[], job);
      delta = plus(delta, retimed(to));
    } else {
      delta = plus(delta, { ...NOTHING, cost: model.prize[job] as number });
    }
    const gone = outOfService.get(id);
    const why: Pick<Move, 'reason' | 'about'> =
      to < 0
        ? { reason: 'dropped' }
        : gone !== undefined
          ? { reason: 'truck-out' }
          : from < 0
            ? { reason: 'new' }
            : whyMoved(model, wanted, job, from, to);
    moves.push({
      jobId: id,
      fromVehicleId: from >= 0 ? (vehicleIds[from] as number) : (gone ?? null),
      toVehicleId: to >= 0 ? (vehicleIds[to] as number) : null,
      ...why,
      ...delta,
    });
  }

  const reordered: PlanDifference['reordered'] = [];
  wanted.forEach((nodes, v) => {
    if (nodes.join() === (present[v] as number[]).join()) return;
    present[v] = nodes;
    reordered.push({ vehicleId: vehicleIds[v] as number, ...retimed(v) });
  });
  const shares: Delta[] = [...moves, ...reordered];
  return {
    moves,
    reordered,
    ...shifts(before, after),
    total: shares.reduce(plus, NOTHING),
  };
}

/** The sequences of the old plan, as far as the problem still knows their vehicles and stops. */
function knownStops(model: Model, solution: PlannerSolution) {
  const { problem } = model;
  const known = {
    job: new Set(problem.jobs.map((job) => job.id)),
    disposal: new Set(problem.disposals.map((place) => place.id)),
    reload: new Set(problem.reloads.map((place) => place.id)),
  };
  const sequences = sequencesOf(solution);
  for (const [vehicle, steps] of sequences) {
    sequences.set(
      vehicle,
      steps.filter((step) => step.type !== 'break' && known[step.type].has(step.id)),
    );
  }
  return sequences;
}

function jobsOfUnknownVehicles(solution: PlannerSolution, known: Set<number>): Map<number, number> {
  const jobs = new Map<number, number>();
  for (const route of solution.routes) {
    if (known.has(route.vehicle)) continue;
    for (const step of route.steps) if (step.type === 'job') jobs.set(step.id as number, route.vehicle);
  }
  return jobs;
}

function placeOf(routes: number[][], jobCount: number): Int32Array {
  const place = new Int32Array(jobCount).fill(-1);
  routes.forEach((nodes, v) => {
    for (const node of nodes) if (node < jobCount) place[node] = v;
  });
  return place;
}

/** Inserts a job after the nearest stop that precedes it in the wanted order and is there already. */
function insertAsIn(nodes: number[], wanted: number[], job: number): void {
  for (let i = wanted.indexOf(job) - 1; i >= 0; i--) {
    const at = nodes.lastIndexOf(wanted[i] as number);
    if (at < 0) continue;
    nodes.splice(at + 1, 0, job);
    return;
  }
  nodes.splice(0, 0, job);
}

const NOTHING: Delta = { seconds: 0, workS: 0, metres: 0, cost: 0 };

function difference(was: RouteReport | undefined, is: RouteReport | undefined): Delta {
  return {
    seconds: (is?.route.duration ?? 0) - (was?.route.duration ?? 0),
    workS: workOf(is) - workOf(was),
    metres: (is?.route.distance ?? 0) - (was?.route.distance ?? 0),
    cost: (is?.objective ?? 0) - (was?.objective ?? 0),
  };
}

function workOf(report: RouteReport | undefined): number {
  return report === undefined ? 0 : report.route.duration + report.route.service + report.route.setup;
}

function plus(a: Delta, b: Delta): Delta {
  return {
    seconds: a.seconds + b.seconds,
    workS: a.workS + b.workS,
    metres: a.metres + b.metres,
    cost: a.cost + b.cost,
  };
}

const NOTICEABLE_S = 60;

/** Puts the job back on its old vehicle, at its best place among that vehicle's new stops, and sees what breaks. */
function whyMoved(
  model: Model,
  wanted: number[][],
  job: number,
  from: number,
  to: number,
): Pick<Move, 'reason' | 'about'> {
  const kept = wanted[from] as number[];
  const now = worst(model, from, kept);
  const there = worst(model, to, wanted[to] as number[]);
  const thereWithout = worst(
    model,
    to,
    (wanted[to] as number[]).filter((node) => node !== job),
  );
  let best: { strain: Strain; nodes: number[] } | undefined;
  for (let i = model.frozen[from] as number; i <= kept.length; i++) {
    const nodes = [...kept.slice(0, i), job, ...kept.slice(i)];
    const strain = worst(model, from, nodes);
    if (!best || isLess(strain, best.strain)) best = { strain, nodes };
  }
  if (!best) return { reason: 'rebalanced' };
  const { strain, nodes } = best;
  if (strain.overloads > now.overloads) return { reason: 'load', about: peakLoad(model, from, nodes) };
  if (strain.windowS > now.windowS) {
    return { reason: 'window-kept', about: latestBy(model, from, kept, nodes, strain.windowS - now.windowS) };
  }
  if (strain.shiftS > now.shiftS) {
    return { reason: 'shift-kept', about: { overS: Math.ceil(strain.shiftS - now.shiftS) } };
  }
  const lateHere = strain.latenessS - now.latenessS;
  const lateThere = there.latenessS - thereWithout.latenessS;
  if (lateHere > lateThere + NOTICEABLE_S) {
    return { reason: 'window-kept', about: latestBy(model, from, kept, nodes, lateHere) };
  }
  const savedS = strain.travelS - now.travelS - (there.travelS - thereWithout.travelS);
  return savedS > 0 ? { reason: 'shorter-detour', about: { savedS } } : { reason: 'rebalanced' };
}

/** The job that would be later past its promise than all others, and by how much. */
function latestBy(model: Model, v: number, kept: number[], nodes: number[], totalS: number): MoveEvidence {
  const was = latenessIn(model, v, kept);
  let worstJob: MoveEvidence = { lateS: Math.round(totalS) };
  let most = 0;
  for (const [jobId, lateS] of latenessIn(model, v, nodes)) {
    const more = lateS - (was.get(jobId) ?? 0);
    if (more <= most) continue;
    most = more;
    worstJob = { jobId, lateS: Math.round(lateS) };
  }
  return worstJob;
}

function latenessIn(model: Model, v: number, nodes: number[]): Map<number, number> {
  if (nodes.length === 0) return new Map();
  return new Map(
    reportRoute(model, v, nodes).route.steps.flatMap((step) =>
      step.type === 'job'
        ? [
            [
              step.id as number,
              (step.lateness ?? 0) +
                step.violations.reduce(
                  (sum, one) => sum + (one.cause === 'delay' ? (one.duration ?? 0) : 0),
                  0,
                ),
            ] as const,
          ]
        : [],
    ),
  );
}

/** The largest load of a round, in the dimension that is exceeded by most. */
function peakLoad(model: Model, v: number, nodes: number[]): MoveEvidence {
  const capacity = model.problem.vehicles[v]?.capacity ?? [];
  let evidence: MoveEvidence = {};
  let most = 0;
  for (const step of reportRoute(model, v, nodes).route.steps) {
    step.load.forEach((load, d) => {
      const over = load - (capacity[d] as number);
      if (over <= most) return;
      most = over;
      evidence = { load, capacity: capacity[d] as number };
    });
  }
  return evidence;
}

interface Strain {
  overloads: number;
  windowS: number;
  shiftS: number;
  latenessS: number;
  travelS: number;
}

function worst(model: Model, v: number, nodes: number[]): Strain {
  const strain: Strain = { overloads: 0, windowS: 0, shiftS: 0, latenessS: 0, travelS: 0 };
  if (nodes.length === 0) return strain;
  const { route } = reportRoute(model, v, nodes);
  strain.latenessS = route.lateness;
  strain.travelS = route.duration;
  for (const violation of route.violations) if (violation.cause === 'end_empty') strain.overloads++;
  for (const step of route.steps) {
    for (const violation of step.violations) {
      if (violation.cause === 'load') strain.overloads++;
      else if (violation.cause === 'delay' && step.type === 'end') strain.shiftS += violation.duration ?? 1;
      else if (violation.cause === 'delay') strain.windowS += violation.duration ?? 1;
    }
  }
  return strain;
}

function isLess(a: Strain, b: Strain): boolean {
  if (a.overloads !== b.overloads) return a.overloads < b.overloads;
  if (a.windowS + a.shiftS !== b.windowS + b.shiftS) return a.windowS + a.shiftS < b.windowS + b.shiftS;
  return a.latenessS + a.travelS < b.latenessS + b.travelS;
}

function shifts(before: PlannerSolution, after: PlannerSolution): Pick<PlanDifference, 'later' | 'earlier'> {
  const was = new Map<number, number>();
  eachJob(before, (id, startS) => was.set(id, startS));
  const later: PlanDifference['later'] = [];
  const earlier: PlanDifference['earlier'] = [];
  eachJob(after, (jobId, startS, vehicleId) => {
    const seconds = startS - (was.get(jobId) ?? startS);
    if (seconds > 0) later.push({ jobId, vehicleId, seconds });
    if (seconds < 0) earlier.push({ jobId, vehicleId, seconds: -seconds });
  });
  return { later, earlier };
}

function eachJob(
  solution: PlannerSolution,
  visit: (jobId: number, startS: number, vehicle: number) => void,
): void {
  for (const route of solution.routes as SolutionRoute[]) {
    for (const step of route.steps) {
      if (step.type === 'job') visit(step.id as number, step.arrival + step.waiting_time, route.vehicle);
    }
  }
}
