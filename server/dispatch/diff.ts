import type { MoveEvidence, PlanDiff, PlanLift, PlannedRoute } from '../../shared/plan.ts';
import { explainDiff, unassignedReasons } from '../planning/index.ts';
import type {
  Lift,
  MoveEvidence as PlannerEvidence,
  PlannerProblem,
  PlannerSolution,
} from '../planning/index.ts';
import type { DraftPlan } from './draft.ts';
import { liveRouteOf, remainingStops, type Frame, type JobSource } from './frame.ts';
import type { Snapshot } from './snapshot.ts';

/** Less than this is noise of the timetable, not a delay somebody would feel. */
const LATER_FROM_S = 60;

/**
 * What a change does, in the words of the contract: which stop moves from which route to which and why, who is later
 * by how much, what it costs, what is left out. Jobs without a row yet are named by their incident; `nameStops` puts
 * the stop ids in once they exist.
 */
export function diffPlans(
  snapshot: Snapshot,
  frame: Frame,
  problem: PlannerProblem,
  before: PlannerSolution,
  after: PlannerSolution,
  outRoutes: readonly PlannedRoute[],
): PlanDiff {
  const placeBefore = placesOf(before);
  const placeAfter = placesOf(after);
  const placeOut = new Map<number, Place>();
  for (const planned of outRoutes) {
    remainingStops(snapshot, planned).forEach((stop, index) =>
      placeOut.set(stop.id, { truckId: planned.truckId, index: index + 1 }),
    );
  }
  const routeIdOf = (truckId: number | null): number | null =>
    truckId === null ? null : (frame.routeOf.get(truckId)?.id ?? liveRouteOf(snapshot, truckId)?.id ?? null);
  const explained = explainDiff(problem, before, after);

  const moved = explained.moves.map((move): PlanDiff['moved'][number] => {
    // Nobody serves it afterwards: off the plan.
    const to = placeAfter.get(move.jobId) ?? null;
    const source = frame.jobs.get(move.jobId)!;
    const incidentId = incidentOf(source);
    const containerId = containerOf(source);
    const from = placeBefore.get(move.jobId) ?? placeOut.get(move.jobId) ?? null;
    return {
      stopId: source.kind === 'stop' ? source.stop.id : 0,
      fromRouteId: routeIdOf(from?.truckId ?? null),
      toRouteId: routeIdOf(to?.truckId ?? null),
      reason: placeOut.has(move.jobId) && to !== null ? 'truck-out' : move.reason,
      ...(move.about === undefined ? {} : { about: evidenceOf(frame, move.about) }),
      ...(incidentId === null ? {} : { incidentId }),
      ...(containerId === null ? {} : { containerId }),
      fromTruckId: from?.truckId ?? null,
      toTruckId: to?.truckId ?? null,
      fromIndex: from?.index ?? null,
      toIndex: to?.index ?? null,
      seconds: Math.round(move.workS),
      metres: Math.round(move.metres),
    };
  });
  const reordered = explained.reordered.map((route) => ({
    routeId: routeIdOf(route.vehicleId),
    truckId: route.vehicleId,
    seconds: Math.round(route.workS),
    metres: Math.round(route.metres),
  }));
  const shares = [...moved, ...reordered];
  const leftOut = after.unassigned.flatMap((job) => {
    const incidentId = incidentOf(frame.jobs.get(job.id)!);
    return incidentId === null ? [] : [{ job, incidentId }];
  });
  // Pricing every place of a stop takes its time: only what is named is asked about.
  const left = unassignedReasons(problem, { ...after, unassigned: leftOut.map(({ job }) => job) });
  return {
    moved,
    reordered,
    later: explained.later
      .flatMap(({ jobId, seconds }) => {
        const source = frame.jobs.get(jobId);
        return source?.kind === 'stop' && seconds >= LATER_FROM_S
          ? [{ stopId: source.stop.id, seconds: Math.round(seconds) }]
          : [];
      })
      .sort((one, other) => other.seconds - one.seconds),
    cost: {
      seconds: shares.reduce((sum, share) => sum + (share.seconds ?? 0), 0),
      metres: shares.reduce((sum, share) => sum + (share.metres ?? 0), 0),
    },
    unassigned: leftOut.map(({ job, incidentId }) => ({
      incidentId,
      reason: left.get(job.id)?.reason ?? 'no-room',
      ...liftsOf(left.get(job.id)?.lifts ?? [], job.id, problem),
    })),
  };
}

/** The planner's word for a job, in stops and incidents. */
function evidenceOf(frame: Frame, { jobId, ...about }: PlannerEvidence): MoveEvidence {
  const source = jobId === undefined ? undefined : frame.jobs.get(jobId);
  if (source === undefined) return about;
  const incidentId = incidentOf(source);
  return {
    ...about,
    ...(source.kind === 'stop' ? { stopId: source.stop.id } : {}),
    ...(incidentId === null ? {} : { incidentId }),
  };
}

/** Lifts as a screen tells them: with the work they cost, the service at the stop included. */
export function liftsOf(
  lifts: readonly Lift[],
  jobId: number,
  problem: PlannerProblem,
): { lifts?: PlanLift[] } {
  if (lifts.length === 0) return {};
  const serviceS = problem.jobs.find((job) => job.id === jobId)?.service ?? 0;
  return {
    lifts: lifts.map(({ rule, vehicleId, seconds, travelS, metres }) => ({
      rule,
      truckId: vehicleId,
      seconds,
      workS: Math.round(travelS + serviceS),
      metres: Math.round(metres),
    })),
  };
}

function incidentOf(source: JobSource): number | null {
  if (source.kind === 'stop') return source.stop.incidentId;
  return source.kind === 'incident' ? source.incident.id : null;
}

function containerOf(source: JobSource): number | null {
  if (source.kind === 'stop') return source.stop.containerId;
  return source.kind === 'container' ? source.container.id : null;
}

interface Place {
  truckId: number;
  /** Among the route's remaining stops, from 1. */
  index: number;
}

function placesOf(solution: PlannerSolution): Map<number, Place> {
  const places = new Map<number, Place>();
  for (const route of solution.routes) {
    let index = 0;
    for (const step of route.steps) {
      if (step.type === 'job') {
        places.set(step.id!, { truckId: route.vehicle, index: ++index });
      }
    }
  }
  return places;
}

/** Puts the ids of rows made meanwhile into a diff: new stops by their incident or container, new routes by truck. */
export function nameStops(diff: PlanDiff, draft: DraftPlan, routes: readonly PlannedRoute[]): PlanDiff {
  const routeOfTruck = new Map(routes.map((route) => [route.truckId, route.routeId]));
  const stopOfIncident = new Map<number, number>();
  const stopOfContainer = new Map<number, number>();
  draft.routes.forEach((route, at) => {
    route.tail.forEach((stop, index) => {
      const { stopId } = routes[at]!.stops[route.kept.length + index]!;
      if (stop.incidentId !== null) stopOfIncident.set(stop.incidentId, stopId);
      if (stop.containerId !== null) stopOfContainer.set(stop.containerId, stopId);
    });
  });
  const named = (move: PlanDiff['moved'][number]): number =>
    stopOfIncident.get(move.incidentId ?? -1) ?? stopOfContainer.get(move.containerId ?? -1) ?? 0;
  return {
    ...diff,
    moved: diff.moved
      .map((move) => ({
        ...move,
        stopId: move.stopId > 0 ? move.stopId : named(move),
        toRouteId:
          move.toTruckId === null ? null : (move.toRouteId ?? routeOfTruck.get(move.toTruckId ?? -1) ?? null),
      }))
      // What was new and stays out is no stop: `unassigned` names it.
      .filter((move) => move.stopId > 0),
    ...(diff.reordered === undefined
      ? {}
      : {
          reordered: diff.reordered.map((route) => ({
            ...route,
            routeId: route.routeId ?? routeOfTruck.get(route.truckId) ?? null,
          })),
        }),
  };
}
