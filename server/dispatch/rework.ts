import { setImmediate } from 'node:timers/promises';
import { distanceM } from '../../shared/geo.ts';
import { DomainError } from '../../shared/errors.ts';
import type { PlanDiff, PlannedRoute, PlanProblem } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import { containers } from '../db/schema/index.ts';
import {
  evaluate,
  type PlannerProblem,
  type PlannerSolution,
  type SequenceStep,
  type Sequences,
} from '../planning/index.ts';
import type { Dispatch } from './dispatch.ts';
import type { DraftPlan } from './draft.ts';
import { LANDFILL_ID, liveRouteOf, remainingStops, type Frame } from './frame.ts';
import { stopsOf } from './proposals.ts';
import { anyOf, type ContainerRow, type Snapshot, type StopRow } from './snapshot.ts';
import { prepare, written, type Prepared } from './solve.ts';

export interface ReworkInput {
  zone: Zone;
  /** Routes as somebody wants them: a proposal's alternative, or a draft. */
  routes: readonly PlannedRoute[];
  /** Of the stops these routes move, those that stay as they are now. */
  without: ReadonlySet<number>;
  /** Trucks whose way is drawn anew also where their order stays. */
  redrawTruckIds: readonly number[];
}

export interface Reworked {
  draft: DraftPlan;
  diff: PlanDiff;
  /** Rules it would break that the present plan does not break by as much. */
  problems: PlanProblem[];
  /** What else of the left-out stops would have to move as well for no rule to be broken; empty where nothing helps. */
  together: number[];
  /** The rows of the wanted routes' stops. */
  rows: ReadonlyMap<number, StopRow>;
}

/**
 * Prices routes wanted by somebody against the present: what was driven meanwhile is taken out, stops that are to stay
 * go back where they are now, landfill visits are laid anew where that changes a route's load. The sequences are kept
 * as wanted; nothing is searched.
 *
 * @throws DomainError `truck-locked` where a supervisor locked one of the trucks meanwhile; `stale-version` where one that
 * was to begin a route has begun another since
 */
export async function rework(dispatch: Dispatch, snapshot: Snapshot, input: ReworkInput): Promise<Reworked> {
  const rows = await stopsOf(dispatch.store.database, input.routes);
  const fresh = [...rows.values()].filter((stop) => !snapshot.stops.has(stop.id));
  return reworkWith(dispatch, snapshot, input, rows, await containersOf(dispatch, fresh));
}

/** The same, with the rows of the wanted routes' stops and of their new containers at hand. */
export async function reworkWith(
  dispatch: Dispatch,
  snapshot: Snapshot,
  input: ReworkInput,
  rows: ReadonlyMap<number, StopRow>,
  newContainers: readonly ContainerRow[],
): Promise<Reworked> {
  assertBeginnersFree(snapshot, input.routes);
  const outTruckIds = input.routes
    .map((route) => route.truckId)
    .filter((truckId) => snapshot.trucks.get(truckId)?.state !== 'available');
  const fresh = [...rows.values()].filter((stop) => !snapshot.stops.has(stop.id));
  const prepared = await prepare(dispatch, snapshot, {
    zone: input.zone,
    truckIds: input.routes.map((route) => route.truckId).filter((id) => !outTruckIds.includes(id)),
    addIncidents: fresh.flatMap((stop) => {
      const incident = stop.incidentId === null ? undefined : snapshot.incidents.get(stop.incidentId);
      return incident?.state === 'validated' ? [incident] : [];
    }),
    addContainers: newContainers,
    outTruckIds,
    redrawTruckIds: input.redrawTruckIds.filter((id) => !outTruckIds.includes(id)),
  });
  const missing = input.routes.find(
    (route) =>
      !outTruckIds.includes(route.truckId) &&
      !prepared.frame.vehicles.some((vehicle) => vehicle.truck.id === route.truckId),
  );
  if (missing !== undefined) {
    throw new DomainError('truck-locked', 'A supervisor keeps this truck as it is.', {
      truckId: missing.truckId,
    });
  }
  const wanted = wantedSequences(prepared.frame, input.routes, rows);
  const jobOf = jobByStop(prepared.frame, rows);
  const without = new Set([...input.without].flatMap((stopId) => jobOf.get(stopId) ?? []));
  const after = evaluatePart(prepared, wanted, without);
  const stopOf = stopByJob(jobOf);
  const problems = problemsOf(worstAlready(prepared, stopOf), after.solution, stopOf);
  const result = await written(dispatch, { ...prepared, problem: after.problem }, after.solution);
  return {
    draft: keepLeftBehind(snapshot, result.draft, after.solution),
    diff: result.diff,
    problems,
    rows,
    together: problems.length === 0 ? [] : await togetherWith(prepared, wanted, without, stopOf),
  };
}

/** The route a truck has begun since would be taken for the one that was wanted for it, and what it holds be dropped. */
function assertBeginnersFree(snapshot: Snapshot, routes: readonly PlannedRoute[]): void {
  const busy = routes.filter((route) => {
    const begun = liveRouteOf(snapshot, route.truckId);
    return begun !== null && begun.id !== route.routeId;
  });
  if (busy.length > 0) {
    throw new DomainError('stale-version', 'A truck that was to begin a route has another by now.', {
      truckIds: busy.map((route) => route.truckId),
    });
  }
}

/** A change with the ids that the wanted routes gave to new stops and routes already: a dry run makes no rows. */
export function nameKnown(
  diff: PlanDiff,
  routes: readonly PlannedRoute[],
  rows: ReadonlyMap<number, StopRow>,
): PlanDiff {
  const routeOfTruck = new Map(routes.map((route) => [route.truckId, route.routeId]));
  const stopIdOf = (move: PlanDiff['moved'][number]) =>
    [...rows.values()].find(
      (row) =>
        (move.incidentId !== undefined && row.incidentId === move.incidentId) ||
        (move.containerId !== undefined && row.containerId === move.containerId),
    )?.id ?? 0;
  return {
    ...diff,
    moved: diff.moved.map((move) => ({
      ...move,
      stopId: move.stopId > 0 ? move.stopId : stopIdOf(move),
      toRouteId: move.toRouteId ?? routeOfTruck.get(move.toTruckId ?? -1) ?? null,
    })),
  };
}

async function containersOf(dispatch: Dispatch, fresh: readonly StopRow[]): Promise<ContainerRow[]> {
  const ids = fresh.flatMap((stop) => stop.containerId ?? []);
  if (ids.length === 0) return [];
  return dispatch.store.database.db.select().from(containers).where(anyOf(containers.id, ids));
}

/** Planner jobs by the stop they stand for, new ones by their incident or container. */
function jobByStop(frame: Frame, rows: ReadonlyMap<number, StopRow>): Map<number, number> {
  const byStop = new Map<number, number>();
  const byIncident = new Map<number, number>();
  const byContainer = new Map<number, number>();
  for (const [jobId, source] of frame.jobs) {
    if (source.kind === 'stop') byStop.set(source.stop.id, jobId);
    else if (source.kind === 'incident') byIncident.set(source.incident.id, jobId);
    else byContainer.set(source.container.id, jobId);
  }
  for (const stop of rows.values()) {
    if (byStop.has(stop.id)) continue;
    const jobId = byIncident.get(stop.incidentId ?? -1) ?? byContainer.get(stop.containerId ?? -1);
    if (jobId !== undefined) byStop.set(stop.id, jobId);
  }
  return byStop;
}

const stopByJob = (jobOf: ReadonlyMap<number, number>) =>
  new Map([...jobOf].map(([stopId, jobId]) => [jobId, stopId]));

/** Each truck's wanted order of what is still to do; the stop it drives to, and what is pinned, in front. */
export function wantedSequences(
  frame: Frame,
  routes: readonly PlannedRoute[],
  rows: ReadonlyMap<number, StopRow>,
): Sequences {
  const jobOf = jobByStop(frame, rows);
  const landfillAt = (stop: StopRow) =>
    frame.landfills.reduce((best, other) => (distanceM(other, stop) < distanceM(best, stop) ? other : best))
      .id;
  const sequences: Sequences = new Map();
  for (const vehicle of frame.vehicles) {
    const present = stepsOf(vehicle.steps);
    const first = present.slice(0, vehicle.enroute);
    const held = new Set(first.map((step) => `${step.type}${step.id}`));
    const route = routes.find((candidate) => candidate.truckId === vehicle.truck.id);
    const ahead = (route?.stops ?? []).flatMap(({ stopId }): SequenceStep[] => {
      const stop = rows.get(stopId);
      if (stop === undefined || stop.state !== 'planned') return [];
      if (stop.kind === 'disposal') return [{ type: 'disposal', id: landfillAt(stop) }];
      const jobId = jobOf.get(stopId);
      return jobId === undefined || held.has(`job${jobId}`) ? [] : [{ type: 'job', id: jobId }];
    });
    sequences.set(vehicle.truck.id, route === undefined ? present : [...first, ...ahead]);
  }
  return sequences;
}

function stepsOf(steps: Frame['vehicles'][number]['steps']): SequenceStep[] {
  return steps.flatMap((step): SequenceStep[] =>
    step.type === 'job' || step.type === 'disposal' ? [{ type: step.type, id: step.id! }] : [],
  );
}

interface Evaluated {
  problem: PlannerProblem;
  solution: PlannerSolution;
}

/**
 * The wanted sequences with some jobs back where they are now; what was on no truck in service stays out.
 *
 * @param only the trucks to look at: each is timed by itself, so that leaving others out changes nothing of these
 */
function evaluatePart(
  prepared: Prepared,
  wanted: Sequences,
  without: Iterable<number>,
  only?: ReadonlySet<number>,
): Evaluated {
  const isAsked = (truckId: number) => only === undefined || only.has(truckId);
  const vehicles = prepared.frame.vehicles.filter((vehicle) => isAsked(vehicle.truck.id));
  const sequences: Sequences = new Map(
    [...wanted].filter(([truckId]) => isAsked(truckId)).map(([truckId, steps]) => [truckId, [...steps]]),
  );
  const relaid = new Set<number>();
  for (const jobId of without) {
    for (const [truckId, steps] of sequences) {
      const at = steps.findIndex((step) => step.type === 'job' && step.id === jobId);
      if (at < 0) continue;
      steps.splice(at, 1);
      relaid.add(truckId);
    }
    for (const vehicle of vehicles) {
      const present = stepsOf(vehicle.steps);
      const own = present.findIndex((step) => step.type === 'job' && step.id === jobId);
      if (own < 0) continue;
      putBack(sequences.get(vehicle.truck.id)!, present, own);
      relaid.add(vehicle.truck.id);
    }
  }
  const loads = new Map(prepared.problem.jobs.map((job) => [job.id, job.pickup[0] ?? 0]));
  for (const vehicle of vehicles) {
    if (!relaid.has(vehicle.truck.id)) continue;
    const { loadAboard, capacity, id } = vehicle.truck;
    const loadOf = (jobId: number) => loads.get(jobId) ?? 0;
    sequences.set(id, emptiedInTime(sequences.get(id)!, vehicle.enroute, loadAboard, capacity, loadOf));
  }
  const served = new Set([...sequences.values()].flat().flatMap((s) => (s.type === 'job' ? [s.id] : [])));
  const kept = new Set(vehicles.flatMap((vehicle) => vehicle.steps.map((step) => step.id)));
  // What stays with a truck out of service, or waits for another proposal, is not in question here.
  const problem = {
    ...prepared.problem,
    ...(only === undefined
      ? {}
      : { vehicles: prepared.problem.vehicles.filter((vehicle) => only.has(vehicle.id)) }),
    jobs: prepared.problem.jobs.filter((job) => served.has(job.id) || kept.has(job.id)),
  };
  return { problem, solution: evaluate(problem, sequences) };
}

/**
 * The landfill visits of a sequence stay where the search laid them; one with nothing aboard is left out, one is added
 * before the stop that would overfill the truck, and before the depot.
 */
function emptiedInTime(
  steps: readonly SequenceStep[],
  enroute: number,
  aboard: number,
  capacity: number,
  loadOf: (jobId: number) => number,
): SequenceStep[] {
  const out: SequenceStep[] = [];
  let load = aboard;
  steps.forEach((step, index) => {
    if (step.type === 'disposal') {
      if (load === 0 && index >= enroute) return;
      load = 0;
      out.push(step);
      return;
    }
    const more = loadOf(step.id);
    if (load + more > capacity && load > 0 && index >= enroute) {
      out.push({ type: 'disposal', id: LANDFILL_ID });
      load = 0;
    }
    load += more;
    out.push(step);
  });
  if (load > 0) out.push({ type: 'disposal', id: LANDFILL_ID });
  return out;
}

/** Behind the nearest stop that came before it and is there still. */
function putBack(steps: SequenceStep[], present: readonly SequenceStep[], own: number): void {
  for (let i = own - 1; i >= 0; i--) {
    const before = present[i]!;
    if (before.type !== 'job') continue;
    const at = steps.findIndex((step) => step.type === 'job' && step.id === before.id);
    if (at < 0) continue;
    steps.splice(at + 1, 0, present[own]!);
    return;
  }
  steps.splice(0, 0, present[own]!);
}

/** Less than this over is the present plan's own lateness moved by rounding. */
const NOTICEABLE_S = 60;

/** The rules a solution breaks, by truck, where the present plan keeps them or breaks them by less. */
function problemsOf(
  already: ReadonlyMap<string, PlanProblem>,
  solution: PlannerSolution,
  stopOf: ReadonlyMap<number, number>,
): PlanProblem[] {
  return violationsOf(solution, stopOf).filter((one) => {
    const before = already.get(`${one.truckId} ${one.rule}`);
    return before === undefined || (one.seconds ?? 0) > (before.seconds ?? 0) + NOTICEABLE_S;
  });
}

/** What the present plan breaks, by truck and rule. */
function worstAlready(prepared: Prepared, stopOf: ReadonlyMap<number, number>): Map<string, PlanProblem> {
  return new Map(violationsOf(prepared.before, stopOf).map((one) => [`${one.truckId} ${one.rule}`, one]));
}

/** One entry a truck and rule: the worst. */
function violationsOf(solution: PlannerSolution, stopOf: ReadonlyMap<number, number>): PlanProblem[] {
  const worst = new Map<string, PlanProblem>();
  const take = (problem: PlanProblem) => {
    const key = `${problem.truckId} ${problem.rule}`;
    const known = worst.get(key);
    if (known === undefined || (problem.seconds ?? 0) > (known.seconds ?? 0)) worst.set(key, problem);
  };
  for (const route of solution.routes) {
    for (const { cause, duration } of route.violations) {
      const isSkill = cause === 'skills' || cause === 'vehicle';
      const rule = cause === 'end_empty' ? 'capacity' : isSkill ? 'skill' : null;
      if (rule !== null) take({ rule, truckId: route.vehicle, stopId: null, seconds: duration ?? null });
      if (cause === 'missing_break')
        take({ rule: 'break', truckId: route.vehicle, stopId: null, seconds: null });
    }
    for (const step of route.steps) {
      const stopId = step.type === 'job' ? (stopOf.get(step.id!) ?? null) : null;
      for (const { cause, duration } of step.violations) {
        const seconds = duration ?? null;
        take({ rule: ruleOf(cause, step.type), truckId: route.vehicle, stopId, seconds });
      }
    }
  }
  return [...worst.values()];
}

function ruleOf(cause: string, stepType: string): PlanProblem['rule'] {
  if (cause === 'load' || cause === 'end_empty') return 'capacity';
  if (cause === 'skills' || cause === 'vehicle') return 'skill';
  if (cause === 'missing_break') return 'break';
  if (cause !== 'delay') return 'other';
  if (stepType === 'end') return 'shift';
  if (stepType === 'disposal') return 'landfill-hours';
  return stepType === 'break' ? 'break' : 'window';
}

/** How many rounds are timed to look for what is missing, however many moves were left out. */
const MOST_TIMINGS = 2_000;
/** After so many, a few milliseconds each, whatever else waits in this process has its turn. */
const TIMINGS_IN_A_ROW = 20;
const NOBODY = -1;

/**
 * Further moves, taken one after the other, that make a part keep every rule: each time the one that relieves most. Only
 * a stop that stays on a truck in trouble can relieve it, and only its giver and its taker are timed anew.
 */
async function togetherWith(
  prepared: Prepared,
  wanted: Sequences,
  without: ReadonlySet<number>,
  stopOf: ReadonlyMap<number, number>,
): Promise<number[]> {
  const { vehicles } = prepared.frame;
  const giverOf = truckOfJob(vehicles.map((vehicle) => [vehicle.truck.id, stepsOf(vehicle.steps)]));
  const takerOf = truckOfJob(wanted);
  const concerns = (jobId: number, trucks: ReadonlySet<number>) =>
    trucks.has(giverOf.get(jobId) ?? NOBODY) || trucks.has(takerOf.get(jobId) ?? NOBODY);
  const left = new Set(without);
  const already = worstAlready(prepared, stopOf);
  let timings = 0;
  /** By how much each of these trucks breaks rules when one of the jobs left out moves as well. */
  const oversOf = (trucks: ReadonlySet<number>, moving: number | null): Map<number, number> => {
    timings += trucks.size;
    const staying = [...left].filter((jobId) => jobId !== moving && concerns(jobId, trucks));
    const overs = new Map([...trucks].map((truckId) => [truckId, 0]));
    const { solution } = evaluatePart(prepared, wanted, staying, trucks);
    for (const { truckId, seconds } of problemsOf(already, solution, stopOf))
      overs.set(truckId, overs.get(truckId)! + 1 + (seconds ?? 3_600));
    return overs;
  };
  const sum = (overs: ReadonlyMap<number, number>) => [...overs.values()].reduce((a, b) => a + b, 0);

  const overs = oversOf(new Set(vehicles.map((vehicle) => vehicle.truck.id)), null);
  /** What each job would relieve, until one of its two trucks changes. */
  const known = new Map<number, { gain: number; after: ReadonlyMap<number, number> }>();
  const added: number[] = [];
  while (sum(overs) > 0) {
    let best: { jobId: number; gain: number; after: ReadonlyMap<number, number> } | null = null;
    for (const jobId of left) {
      const giver = giverOf.get(jobId);
      if (giver === undefined || overs.get(giver) === 0) continue;
      let told = known.get(jobId);
      if (told === undefined) {
        if (timings >= MOST_TIMINGS) return [];
        if (known.size % TIMINGS_IN_A_ROW === 0) await setImmediate();
        const trucks = new Set([giver, takerOf.get(jobId) ?? giver]);
        const after = oversOf(trucks, jobId);
        const before = [...trucks].reduce((total, truckId) => total + overs.get(truckId)!, 0);
        known.set(jobId, (told = { gain: before - sum(after), after }));
      }
      if (told.gain > (best?.gain ?? 0)) best = { jobId, ...told };
    }
    if (best === null) return [];
    const { jobId, after } = best;
    left.delete(jobId);
    added.push(jobId);
    for (const [truckId, over] of after) overs.set(truckId, over);
    const changed = new Set(after.keys());
    for (const other of known.keys()) if (other === jobId || concerns(other, changed)) known.delete(other);
  }
  return added.flatMap((jobId) => stopOf.get(jobId) ?? []);
}

function truckOfJob(sequences: Iterable<readonly [number, readonly SequenceStep[]]>): Map<number, number> {
  const truckOf = new Map<number, number>();
  for (const [truckId, steps] of sequences)
    for (const step of steps) if (step.type === 'job') truckOf.set(step.id, truckId);
  return truckOf;
}

/** A truck out of service keeps the stops that nobody takes over, and its way home. */
function keepLeftBehind(snapshot: Snapshot, draft: DraftPlan, solution: PlannerSolution): DraftPlan {
  const taken = new Set(
    solution.routes.flatMap((route) => route.steps.flatMap((s) => (s.type === 'job' ? [s.id!] : []))),
  );
  return {
    ...draft,
    routes: draft.routes.map((route) => {
      const planned = snapshot.document.routes.find((candidate) => candidate.routeId === route.routeId);
      if (planned === undefined || snapshot.trucks.get(route.truckId)?.state === 'available') return route;
      const staying = remainingStops(snapshot, planned).filter(
        (stop) => (stop.kind === 'incident' || stop.kind === 'container') && !taken.has(stop.id),
      );
      if (staying.length === 0) return route;
      return { ...route, kept: planned.stops.filter((stop) => !taken.has(stop.stopId)) };
    }),
  };
}
