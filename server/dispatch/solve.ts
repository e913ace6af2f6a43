import type { PlanDiff, PlannedRoute } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import { evaluate, type PlannerProblem, type PlannerSolution } from '../planning/index.ts';
import { diffPlans } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { changedVehicles, draftPlan, type DraftPlan } from './draft.ts';
import { framePlanning, liveRouteOf, plannedRouteOf, type Frame, type FrameInput } from './frame.ts';
import { placeTable } from './place-tables.ts';
import type { ContainerRow, IncidentRow, Snapshot } from './snapshot.ts';

export interface SolveRequest {
  zone: Zone;
  truckIds: readonly number[];
  addIncidents: readonly IncidentRow[];
  addContainers?: readonly ContainerRow[];
  outTruckIds?: readonly number[];
  stabilityS?: number;
  /** Trucks whose way is drawn and timed anew even where their order stays: a street on it was closed. */
  redrawTruckIds?: readonly number[];
  /** Where the search may take longer than a proposal's. */
  budget?: Dispatch['budget'];
  abort?: AbortSignal | undefined;
}

export interface Solved {
  draft: DraftPlan;
  diff: PlanDiff;
  /** The planner's own answer. */
  after: PlannerSolution;
  solveMs: number;
}

/** A question framed and timed, before the search: each of a proposal's alternatives answers the same one. */
export interface Prepared {
  snapshot: Snapshot;
  request: SolveRequest;
  frame: Frame;
  problem: PlannerProblem;
  /** The present sequences, timed from now. */
  before: PlannerSolution;
  outRoutes: readonly PlannedRoute[];
  degraded: boolean;
  /** Milliseconds it took, roads included. */
  prepareMs: number;
}

/** How freely the search may turn the plan about. */
export interface Freedom {
  /** Price of a stop moved to another truck, in seconds of work. */
  stabilityS: number;
  /** Times the price of a promise that is late; 1 as the rules say. */
  promiseFactor?: number;
  /** Times the price of a stop without a promise that comes later than usual. */
  usualFactor?: number;
}

/**
 * One planning: frame the present, ask for travel times, search in a worker, write the changed routes and what
 * changes with them. Touches no row; when the router is out its estimates are used and the draft says so.
 */
export async function solve(dispatch: Dispatch, snapshot: Snapshot, request: SolveRequest): Promise<Solved> {
  const prepared = await prepare(dispatch, snapshot, request);
  const stabilityS = request.stabilityS ?? snapshot.rules.stabilityS;
  return searchFor(dispatch, prepared, { stabilityS });
}

/** The part of a planning that every alternative shares. */
export async function prepare(
  dispatch: Dispatch,
  snapshot: Snapshot,
  request: SolveRequest,
): Promise<Prepared> {
  const startedMs = performance.now();
  const input: FrameInput = {
    snapshot,
    truckIds: request.truckIds,
    addIncidents: request.addIncidents,
    addContainers: request.addContainers ?? [],
    outTruckIds: request.outTruckIds ?? [],
    positionOf: (truckId) => dispatch.positionOf(truckId),
    redrawTruckIds: request.redrawTruckIds ?? [],
  };
  const frame = framePlanning(input);
  const table = await placeTable(dispatch.roads, frame);
  const problem = frame.toProblem(table, snapshot.rules.stabilityS);
  expectPresentTimes(problem);
  const outRoutes = (request.outTruckIds ?? [])
    .map((truckId) => liveRouteOf(snapshot, truckId))
    .map((route) => (route === null ? null : plannedRouteOf(snapshot, route.id)))
    .filter((route): route is PlannedRoute => route !== null);
  return {
    snapshot,
    request,
    frame,
    problem,
    before: presentSolution(problem),
    outRoutes,
    degraded: table.degraded,
    prepareMs: performance.now() - startedMs,
  };
}

/** Searches with this freedom and writes the answer; `background` gives way to whoever asks meanwhile. */
export async function searchFor(
  dispatch: Dispatch,
  prepared: Prepared,
  freedom: Freedom,
  background = false,
): Promise<Solved> {
  const startedMs = performance.now();
  const { request } = prepared;
  // Where no truck is left there is nothing to search: all stays out, and is named.
  const after =
    prepared.frame.vehicles.length === 0
      ? prepared.before
      : await dispatch.planner.solve(withFreedom(prepared.problem, freedom), {
          zone: request.zone,
          seed: dispatch.seed,
          ...(background ? { background } : {}),
          ...(request.abort === undefined || background ? {} : { abort: request.abort }),
          ...(request.budget ?? dispatch.budget),
        });
  const solved = await written(dispatch, prepared, after);
  return { ...solved, after, solveMs: Math.round(prepared.prepareMs + performance.now() - startedMs) };
}

/** A solution as routes to store and a change to read, priced alike whatever freedom it was found with. */
export async function written(
  dispatch: Dispatch,
  prepared: Prepared,
  after: PlannerSolution,
): Promise<Pick<Solved, 'draft' | 'diff'>> {
  const { snapshot, request, frame, problem, before, outRoutes } = prepared;
  const draft = await draftPlan(
    dispatch.roads,
    snapshot,
    frame,
    changedVehicles(frame, after, request.redrawTruckIds),
    outRoutes,
    request.zone,
  );
  draft.degraded ||= prepared.degraded;
  return { draft, diff: diffPlans(snapshot, frame, problem, before, after, outRoutes) };
}

/** The same problem with the prices of another freedom. Stops without a promise have priority 0. */
export function withFreedom(problem: PlannerProblem, freedom: Freedom): PlannerProblem {
  const { lateness } = problem.options;
  const { promiseFactor = 1, usualFactor = 1 } = freedom;
  return {
    ...problem,
    options: {
      ...problem.options,
      stability: freedom.stabilityS,
      lateness:
        typeof lateness === 'number'
          ? lateness * promiseFactor
          : Object.fromEntries(
              Object.entries(lateness).map(([priority, price]) => [
                priority,
                price * (priority === '0' ? usualFactor : promiseFactor),
              ]),
            ),
    },
  };
}

/** Slack of a container's usual minute: a few of them later are no news. */
const USUAL_SLACK_S = 120;

/** Gives every stop without a window its present arrival as the instant it is expected at. */
function expectPresentTimes(problem: PlannerProblem): void {
  const arrivals = new Map<number, number>();
  for (const route of presentSolution(problem).routes) {
    for (const step of route.steps) if (step.type === 'job') arrivals.set(step.id!, step.arrival);
  }
  for (const job of problem.jobs) {
    const arrivalS = arrivals.get(job.id);
    if (job.due === undefined && arrivalS !== undefined) job.due = arrivalS + USUAL_SLACK_S;
  }
}

/** The present sequences, timed from now: what a proposal is compared with, not the stale timetable. */
export function presentSolution(problem: PlannerProblem): PlannerSolution {
  return evaluate(
    problem,
    new Map(
      problem.vehicles.map((vehicle) => [
        vehicle.id,
        (vehicle.steps ?? []).flatMap((step) =>
          step.type === 'job' || step.type === 'disposal' ? [{ type: step.type, id: step.id! }] : [],
        ),
      ]),
    ),
  );
}
