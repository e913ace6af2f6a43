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
  const before = presentSolution(problem);
  const after = await dispatch.planner.solve(problem, {
    key: request.zone,
    seed: dispatch.seed,
    ...dispatch.budget,
  });
  const outRoutes = (request.outTruckIds ?? [])
    .map((truckId) => liveRouteOf(snapshot, truckId))
    .map((route) => (route === null ? null : plannedRouteOf(snapshot, route.id)))
    .filter((route): route is PlannedRoute => route !== null);
  const draft = await draftPlan(
    dispatch.roads,
    snapshot,
    frame,
    changedVehicles(frame, after),
    outRoutes,
    request.zone,
  );
  draft.degraded ||= table.degraded;
  const diff = diffPlans(snapshot, frame, problem, before, after, outRoutes);
  return { draft, diff, solveMs: Math.round(performance.now() - startedMs) };
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
