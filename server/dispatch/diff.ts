import type { PlanDiff, PlannedRoute } from '../../shared/plan.ts';
import { explainDiff, unassignedReasons } from '../planning/index.ts';
import type { PlannerProblem, PlannerSolution } from '../planning/index.ts';
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
  const serviceOf = new Map(problem.jobs.map((job) => [job.id, job.service + job.setup]));

  let newServiceS = 0;
  const moved = explained.moves.flatMap((move): PlanDiff['moved'] => {
    const to = placeAfter.get(move.jobId);
    if (to === undefined) return [];
    const source = frame.jobs.get(move.jobId)!;
    const incidentId = incidentOf(source);
    const from = placeBefore.get(move.jobId) ?? placeOut.get(move.jobId) ?? null;
    const serviceS = placeBefore.has(move.jobId) ? 0 : (serviceOf.get(move.jobId) ?? 0);
    newServiceS += serviceS;
    return [
      {
        stopId: source.kind === 'stop' ? source.stop.id : 0,
        fromRouteId: routeIdOf(from?.truckId ?? null),
        toRouteId: routeIdOf(to.truckId),
        reason: placeOut.has(move.jobId) ? 'truck-out' : move.reason,
        ...(incidentId === null ? {} : { incidentId }),
        fromTruckId: from?.truckId ?? null,
        toTruckId: to.truckId,
        fromIndex: from?.index ?? null,
        toIndex: to.index,
        seconds: Math.round(move.seconds + serviceS),
        metres: Math.round(move.metres),
      },
    ];
  });
  const leftOut = after.unassigned.flatMap((job) => {
    const incidentId = incidentOf(frame.jobs.get(job.id)!);
    return incidentId === null ? [] : [{ job, incidentId }];
  });
  // Pricing every place of a stop takes its time: only what is named is asked about.
  const left = unassignedReasons(problem, { ...after, unassigned: leftOut.map(({ job }) => job) });
  return {
    moved,
    later: explained.later
      .flatMap(({ jobId, seconds }) => {
        const source = frame.jobs.get(jobId);
        return source?.kind === 'stop' && seconds >= LATER_FROM_S
          ? [{ stopId: source.stop.id, seconds: Math.round(seconds) }]
          : [];
      })
      .sort((one, other) => other.seconds - one.seconds),
    cost: {
      seconds: Math.round(explained.total.seconds + newServiceS),
      metres: Math.round(explained.total.metres),
    },
    unassigned: leftOut.map(({ job, incidentId }) => ({
      incidentId,
      reason: left.get(job.id)?.reason ?? 'no-room',
    })),
  };
}

function incidentOf(source: JobSource): number | null {
  if (source.kind === 'stop') return source.stop.incidentId;
  return source.kind === 'incident' ? source.incident.id : null;
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
export function nameStops(
  diff: PlanDiff,
  routes: readonly PlannedRoute[],
  stopOfIncident: ReadonlyMap<number, number>,
): PlanDiff {
  const routeOfTruck = new Map(routes.map((route) => [route.truckId, route.routeId]));
  return {
    ...diff,
    moved: diff.moved
      .map((move) => ({
        ...move,
        stopId: move.stopId > 0 ? move.stopId : (stopOfIncident.get(move.incidentId ?? -1) ?? 0),
        toRouteId: move.toRouteId ?? routeOfTruck.get(move.toTruckId ?? -1) ?? null,
      }))
      .filter((move) => move.stopId > 0),
  };
}
