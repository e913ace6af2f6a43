import type { Model } from './model.ts';
import { compile, nodeNumbers } from './model.ts';
import type { PlannerProblem, PlannerSolution, Sequences, SolutionRoute } from './problem.ts';
import { sequencesOf } from './problem.ts';
import { reportRoute } from './report.ts';
import { canWalk, RouteWalk, type Outcome } from './walk.ts';

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
  /** When its service would begin; told of the best places. */
  startS?: number;
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

/** Routes compiled once for several questions about the same plan. */
export interface PricedPlan {
  model: Model;
  /** Stops of each vehicle, as nodes. */
  routes: number[][];
}

export function pricedPlan(problem: PlannerProblem, sequences: Sequences): PricedPlan {
  const model = compile(problem);
  return { model, routes: routesOf(model, sequences) };
}

/**
 * The cheapest place of every vehicle, cheapest first; where a vehicle has none, the rule that forbids the place that
 * comes closest. The answers are those of {@link insertionPrices}, walked instead of reported: in the order of a
 * route's length, not of its square.
 */
export function bestPlaces({ model, routes }: PricedPlan, jobId: number): InsertionPrice[] {
  const job = nodeNumbers(model.problem)('job', jobId);
  const best = routes.map((nodes, v) => {
    const stops = nodes.filter((node) => node !== job);
    return canWalk(model, v) ? walkedBest(model, v, stops, job) : reportedBest(model, v, stops, job);
  });
  return best.sort(cheapestFirst);
}

function cheapestFirst(a: InsertionPrice, b: InsertionPrice): number {
  return Number(a.refused !== undefined) - Number(b.refused !== undefined) || a.costS - b.costS;
}

function reportedBest(model: Model, v: number, stops: number[], job: number): InsertionPrice {
  return pricesOf(model, v, stops, job).sort(cheapestFirst)[0] as InsertionPrice;
}

/** One way to put the job in: at an index, alone or with a visit beside it. */
interface Trial {
  index: number;
  extra: number[];
  place?: NonNullable<InsertionPrice['place']>;
  outcome: Outcome;
}

function* trialsOf(model: Model, walk: RouteWalk, v: number, job: number): Generator<Trial> {
  const places = placesFor(model, job);
  for (let index = model.frozen[v] as number; index <= walk.length; index++) {
    const alone = walk.inserted(index, [job]);
    yield { index, extra: [job], outcome: alone };
    if (alone.overloads <= 0) continue;
    for (const place of places) {
      for (const side of ['before', 'after'] as const) {
        const extra = side === 'before' ? [place.node, job] : [job, place.node];
        const outcome = walk.inserted(index, extra);
        yield { index, extra, place: { type: place.type, id: place.id, side }, outcome };
      }
    }
  }
}

function walkedBest(model: Model, v: number, stops: number[], job: number): InsertionPrice {
  const walk = new RouteWalk(model, v, stops);
  const who = whoMayNot(model, v, job);
  let best: Trial | undefined;
  let nearest: Trial | undefined;
  for (const trial of trialsOf(model, walk, v, job)) {
    if (who === undefined && ruleBroken(trial.outcome) === undefined) {
      if (best === undefined || trial.outcome.costS < best.outcome.costS) best = trial;
    } else if (nearest === undefined || trial.outcome.costS < nearest.outcome.costS) {
      nearest = trial;
    }
  }
  const told = best ?? nearest;
  const vehicleId = model.problem.vehicles[v]?.id as number;
  if (told === undefined) {
    return { vehicleId, index: 0, costS: 0, seconds: 0, metres: 0, lateStops: [], refused: 'frozen' };
  }
  const { index, outcome, place } = told;
  const { costS, seconds, metres } = outcome;
  if (best === undefined) {
    const refused = who ?? ruleBroken(outcome) ?? 'travel';
    return { vehicleId, index, costS, seconds, metres, lateStops: [], refused };
  }
  const before = stops.length > 0 ? reportRoute(model, v, stops).route : undefined;
  const after = reportRoute(model, v, [...stops.slice(0, index), ...told.extra, ...stops.slice(index)]).route;
  return {
    vehicleId,
    index,
    costS,
    seconds,
    metres,
    lateStops: lateStops(before, after),
    ...startOf(after, model.problem.jobs[job]?.id),
    ...(place === undefined ? {} : { place }),
  };
}

function startOf(route: SolutionRoute, jobId: number | undefined): { startS?: number } {
  const step = route.steps.find((one) => one.type === 'job' && one.id === jobId);
  return step === undefined ? {} : { startS: step.arrival + step.waiting_time };
}

function whoMayNot(model: Model, v: number, job: number): Refusal | undefined {
  if (model.allowed[job * model.vehicleCount + v]) return undefined;
  const pinned = model.problem.jobs[job]?.vehicle_id;
  return pinned !== undefined && pinned !== model.problem.vehicles[v]?.id ? 'vehicle' : 'skill';
}

function ruleBroken(outcome: Outcome): Refusal | undefined {
  if (outcome.overloads > 0) return 'capacity';
  if (outcome.windowS > SLIGHT_S) return 'window';
  if (outcome.shiftS > SLIGHT_S) return 'shift';
  return undefined;
}

/** Times are whole seconds in what is told: less than half of one breaks nothing. */
const SLIGHT_S = 0.5;

/** Why a job was left out. */
export interface UnassignedReason {
  /** The rule that stops it everywhere, or `price`: serving it costs more than leaving it. */
  reason: Refusal | 'price' | 'no-vehicle';
  /** The cheapest place it could have, where there is one. */
  costS?: number;
  vehicleId?: number;
  /** What would open a place, the cheapest first. */
  lifts: Lift[];
}

/**
 * One rule bent as little as opens a place: a shift that runs over by `seconds`, a place to empty (or a hard window)
 * that stays open `seconds` longer, a truck that holds more.
 */
export interface Lift {
  rule: 'shift' | 'place-hours' | 'window' | 'capacity';
  vehicleId: number;
  seconds: number;
  /** Objective with the job served there, the bent rule itself not priced. */
  costS: number;
  travelS: number;
  metres: number;
}

/** Job id → which constraint stops it and what would lift it, for the unassigned jobs of a solution. */
export function unassignedReasons(
  problem: PlannerProblem,
  solution: PlannerSolution,
): Map<number, UnassignedReason> {
  const reasons = new Map<number, UnassignedReason>();
  if (solution.unassigned.length === 0) return reasons;
  const plan = pricedPlan(problem, sequencesOf(solution));
  for (const { id } of solution.unassigned) reasons.set(id, whyLeft(plan, id));
  return reasons;
}

/** Why one job has no place among the routes as they are. */
export function whyLeft(plan: PricedPlan, jobId: number): UnassignedReason {
  const { model, routes } = plan;
  const best = bestPlaces(plan, jobId);
  const open = best.find((price) => price.refused === undefined);
  if (open !== undefined) return { reason: 'price', costS: open.costS, vehicleId: open.vehicleId, lifts: [] };
  const refusals = routes.map(
    (_, v) => best.find((price) => price.vehicleId === model.problem.vehicles[v]?.id)?.refused as Refusal,
  );
  return { reason: tightestRule(refusals), lifts: liftsFor(plan, jobId) };
}

/**
 * What would open a place for a job that has none: for each rule the place where bending it alone, and least, is
 * enough; the cheapest first, each second of a bent rule counted as one of work.
 */
export function liftsFor({ model, routes }: PricedPlan, jobId: number): Lift[] {
  const job = nodeNumbers(model.problem)('job', jobId);
  const cheapest = new Map<Lift['rule'], Lift>();
  routes.forEach((nodes, v) => {
    if (whoMayNot(model, v, job) !== undefined || !canWalk(model, v)) return;
    const walk = new RouteWalk(
      model,
      v,
      nodes.filter((node) => node !== job),
    );
    for (const { outcome } of trialsOf(model, walk, v, job)) {
      const rule = onlyRuleBroken(outcome);
      if (rule === undefined) continue;
      const lift: Lift = {
        rule,
        vehicleId: model.problem.vehicles[v]?.id as number,
        seconds: Math.ceil(rule === 'shift' ? outcome.shiftS : rule === 'capacity' ? 0 : outcome.windowS),
        costS: outcome.costS,
        travelS: outcome.seconds,
        metres: outcome.metres,
      };
      const other = cheapest.get(rule);
      if (other === undefined || bent(lift) < bent(other)) cheapest.set(rule, lift);
    }
  });
  return [...cheapest.values()].sort((a, b) => bent(a) - bent(b));
}

const bent = (lift: Lift): number => lift.costS + lift.seconds;

function onlyRuleBroken(outcome: Outcome): Lift['rule'] | undefined {
  const late = outcome.windowS > SLIGHT_S;
  const over = outcome.shiftS > SLIGHT_S;
  const full = outcome.overloads > 0;
  if (Number(late) + Number(over) + Number(full) !== 1) return undefined;
  if (over) return 'shift';
  if (full) return 'capacity';
  return outcome.placeClosedS > outcome.windowS - SLIGHT_S ? 'place-hours' : 'window';
}

/** The rule that, lifted, would open the most places; who may not serve the job at all says nothing. */
function tightestRule(refusals: Refusal[]): Refusal | 'no-vehicle' {
  const counts = new Map<Refusal, number>();
  for (const word of refusals) counts.set(word, (counts.get(word) ?? 0) + 1);
  const telling = [...counts].filter(([word]) => word !== 'skill' && word !== 'vehicle' && word !== 'frozen');
  const ranked = (telling.length > 0 ? telling : [...counts]).sort((a, b) => b[1] - a[1]);
  return ranked[0]?.[0] ?? 'no-vehicle';
}
