import type { PlanDiff, PlannedRoute } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import { evaluate, type PlannerProblem, type PlannerSolution } from '../planning/index.ts';
import { diffPlans } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { changedVehicles, draftPlan, type DraftPlan } from './draft.ts';
import { framePlanning, liveRouteOf, plannedRouteOf, type FrameInput } from './frame.ts';
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
}

export interface Solved {
  draft: DraftPlan;
  diff: PlanDiff;
  solveMs: number;
}

/**
 * One planning: frame the present, ask for travel times, search in a worker, write the changed routes and what
 * changes with them. Touches no row; when the router is out its estimates are used and the draft says so.
 */
export async function solve(dispatch: Dispatch, snapshot: Snapshot, request: SolveRequest): Promise<Solved> {
  const startedMs = performance.now();
  const input: FrameInput = {
    snapshot,
    truckIds: request.truckIds,
    addIncidents: request.addIncidents,
    addContainers: request.addContainers ?? [],
    outTruckIds: request.outTruckIds ?? [],
    positionOf: (truckId) => dispatch.positionOf(truckId),
  };
  const frame = framePlanning(input);
  const table = await dispatch.roads.table(frame.points);
  const problem = frame.toProblem(table, request.stabilityS ?? snapshot.rules.stabilityS);
  expectPresentTimes(problem);
  const before = presentSolution(problem);
  const after = await dispatch.planner.solve(problem, {
    zone: request.zone,
    seed: dispatch.seed,
    ...(request.budget ?? dispatch.budget),
  });
  const outRoutes = (request.outTruckIds ?? [])
    .map((truckId) => liveRouteOf(snapshot, truckId))
    .map((route) => (route === null ? null : plannedRouteOf(snapshot, route.id)))
    .filter((route): route is PlannedRoute => route !== null);
  const draft = await draftPlan(
    dispatch.roads,
    snapshot,
    frame,
    changedVehicles(frame, after, request.redrawTruckIds),
    outRoutes,
    request.zone,
  );
  draft.degraded ||= table.degraded;
  const diff = diffPlans(snapshot, frame, problem, before, after, outRoutes);
  return { draft, diff, solveMs: Math.round(performance.now() - startedMs) };
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
