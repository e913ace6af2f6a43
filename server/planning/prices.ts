import type { Model } from './model.ts';
import { compile, nodeNumbers } from './model.ts';
import type { PlannerProblem, PlannerSolution, Sequences, SolutionRoute } from './problem.ts';
import { sequencesOf } from './problem.ts';
import { reportRoute } from './report.ts';

/** The rule that forbids a place: one word, the same in every answer. */
export type Refusal =
  'frozen' | 'skill' | 'vehicle' | 'capacity' | 'window' | 'shift' | 'break' | 'tasks' | 'travel';

/** What it would cost to put a job at `index` among a vehicle's stops (breaks not counted). */
export interface InsertionPrice {
  vehicleId: number;
  index: number;
  /** Change of the objective, in cost units (seconds, at the default costs). */
  costS: number;
  /** Change of travel. */
  seconds: number;
  metres: number;
  /** A disposal or reload that has to be visited beside the job for it to fit. */
  place?: { type: 'disposal' | 'reload'; id: number; side: 'before' | 'after' };
  /** Stops whose lateness past `due` grows, and by how much. */
  lateStops: { jobId: number; seconds: number }[];
  refused?: Refusal;
}

/**
 * "Where else could this stop go, and at what price?": every place of every vehicle, cheapest first, refused ones
 * last with the rule that refuses them. The job is first taken out of `sequences` where it stands there. A rule that
 * is broken already refuses nothing unless the job makes it worse.
 */
export function insertionPrices(
  problem: PlannerProblem,
  sequences: Sequences,
  jobId: number,
): InsertionPrice[] {
  const model = compile(problem);
  const job = nodeNumbers(problem)('job', jobId);
  const prices = routesOf(model, sequences).flatMap((nodes, v) =>
    pricesOf(
      model,
      v,
      nodes.filter((node) => node !== job),
      job,
    ),
  );
  return prices.sort(
    (a, b) => Number(a.refused !== undefined) - Number(b.refused !== undefined) || a.costS - b.costS,
  );
}

/** Sequences as nodes, by vehicle; breaks are left to the schedule. */
export function routesOf(model: Model, sequences: Sequences): number[][] {
  const nodeOf = nodeNumbers(model.problem);
  return model.problem.vehicles.map((vehicle) =>
    (sequences.get(vehicle.id) ?? [])
      .filter((step) => step.type !== 'break')
      .map((step) => nodeOf(step.type, step.id)),
  );
}

function pricesOf(model: Model, v: number, nodes: number[], job: number): InsertionPrice[] {
  const { problem } = model;
  const vehicle = problem.vehicles[v] as PlannerProblem['vehicles'][number];
  const before = nodes.length > 0 ? reportRoute(model, v, nodes) : undefined;
  const standing = breaches(before?.route);
  const places = placesFor(model, job);
  const prices: InsertionPrice[] = [];
  for (let index = 0; index <= nodes.length; index++) {
    const tried = (inserted: number[]) => {
      const after = reportRoute(model, v, [...nodes.slice(0, index), ...inserted, ...nodes.slice(index)]);
      const price: InsertionPrice = {
        vehicleId: vehicle.id,
        index,
        costS: after.objective - (before?.objective ?? 0),
        seconds: after.route.duration - (before?.route.duration ?? 0),
        metres: (after.route.distance ?? 0) - (before?.route.distance ?? 0),
        lateStops: lateStops(before?.route, after.route),
      };
      const refused = refusal(model, v, job, standing, breaches(after.route));
      if (refused) price.refused = refused;
      return price;
    };
    let price = tried([job]);
    if (price.refused === 'capacity') {
      for (const place of places) {
        for (const side of ['before', 'after'] as const) {
          const other = tried(side === 'before' ? [place.node, job] : [job, place.node]);
          const better = price.refused !== undefined || other.costS < price.costS;
          if (other.refused === undefined && better) {
            price = { ...other, place: { type: place.type, id: place.id, side } };
          }
        }
      }
    }
    if (index < (model.frozen[v] as number)) price.refused = 'frozen';
    prices.push(price);
  }
  return prices;
}

function placesFor(model: Model, job: number) {
  const { problem } = model;
  const collects = problem.jobs[job]?.pickup.some((amount) => amount > 0);
  const delivers = problem.jobs[job]?.delivery.some((amount) => amount > 0);
  const from = model.jobCount;
  return [
    ...(collects ? problem.disposals : []).map((place, i) => ({
      type: 'disposal' as const,
      id: place.id,
      node: from + i,
    })),
    ...(delivers ? problem.reloads : []).map((place, i) => ({
      type: 'reload' as const,
      id: place.id,
      node: from + model.disposalCount + i,
    })),
  ];
}

/** How far a route breaks each rule: seconds for times, counts for the others. */
type Breaches = Record<'window' | 'shift' | 'capacity' | 'break' | 'tasks' | 'travel', number>;

function breaches(route: SolutionRoute | undefined): Breaches {
  const found: Breaches = { window: 0, shift: 0, capacity: 0, break: 0, tasks: 0, travel: 0 };
  if (!route) return found;
  for (const step of route.steps) {
    for (const violation of step.violations) {
      if (violation.cause === 'load') found.capacity++;
      else if (violation.cause === 'delay' && step.type === 'end') found.shift += violation.duration ?? 1;
      else if (violation.cause === 'delay' && step.type === 'break') found.break += violation.duration ?? 1;
      else if (violation.cause === 'delay') found.window += violation.duration ?? 1;
    }
  }
  for (const violation of route.violations) {
    if (violation.cause === 'max_tasks') found.tasks++;
    else if (violation.cause === 'missing_break') found.break++;
    else if (violation.cause === 'end_empty') found.capacity++;
    else found.travel++;
  }
  return found;
}

function refusal(model: Model, v: number, job: number, was: Breaches, is: Breaches): Refusal | undefined {
  const { problem } = model;
  if (!model.allowed[job * model.vehicleCount + v]) {
    const pinned = problem.jobs[job]?.vehicle_id;
    return pinned !== undefined && pinned !== problem.vehicles[v]?.id ? 'vehicle' : 'skill';
  }
  for (const rule of ['capacity', 'window', 'shift', 'break', 'tasks', 'travel'] as const) {
    if (is[rule] > was[rule]) return rule;
  }
  return undefined;
}

function lateStops(before: SolutionRoute | undefined, after: SolutionRoute): InsertionPrice['lateStops'] {
  const was = new Map(
    before?.steps.filter((step) => step.type === 'job').map((step) => [step.id, step.lateness ?? 0]),
  );
  return after.steps.flatMap((step) => {
    if (step.type !== 'job') return [];
    const seconds = (step.lateness ?? 0) - (was.get(step.id as number) ?? 0);
    return seconds > 0 ? [{ jobId: step.id as number, seconds }] : [];
  });
}

/** Why a job was left out. */
export interface UnassignedReason {
  /** The rule that stops it everywhere, or `price`: serving it costs more than leaving it. */
  reason: Refusal | 'price' | 'no-vehicle';
  /** The cheapest place it could have, where there is one. */
  costS?: number;
  vehicleId?: number;
}

/** Job id → which constraint stops it, for the unassigned jobs of a solution. */
export function unassignedReasons(
  problem: PlannerProblem,
  solution: PlannerSolution,
): Map<number, UnassignedReason> {
  const reasons = new Map<number, UnassignedReason>();
  if (solution.unassigned.length === 0) return reasons;
  const model = compile(problem);
  const nodeOf = nodeNumbers(problem);
  const routes = routesOf(model, sequencesOf(solution));
  for (const { id } of solution.unassigned) {
    const job = nodeOf('job', id);
    const prices = routes.flatMap((nodes, v) => pricesOf(model, v, nodes, job));
    const open = prices.filter((price) => price.refused === undefined).sort((a, b) => a.costS - b.costS)[0];
    reasons.set(
      id,
      open
        ? { reason: 'price', costS: open.costS, vehicleId: open.vehicleId }
        : { reason: tightestRule(prices.map((price) => price.refused as Refusal)) },
    );
  }
  return reasons;
}

/** The rule that, lifted, would open the most places; who may not serve the job at all says nothing. */
function tightestRule(refusals: Refusal[]): Refusal | 'no-vehicle' {
  const counts = new Map<Refusal, number>();
  for (const word of refusals) counts.set(word, (counts.get(word) ?? 0) + 1);
  const telling = [...counts].filter(([word]) => word !== 'skill' && word !== 'vehicle' && word !== 'frozen');
  const ranked = (telling.length > 0 ? telling : [...counts]).sort((a, b) => b[1] - a[1]);
  return ranked[0]?.[0] ?? 'no-vehicle';
}
