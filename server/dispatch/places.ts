import { DomainError } from '../../shared/errors.ts';
import {
  insertionPrices,
  type InsertionPrice,
  type SequenceStep,
  type Sequences,
} from '../planning/index.ts';
import type { Dispatch } from './dispatch.ts';
import { framePlanning, liveRouteOf, type Frame } from './frame.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

export interface PlacesInput {
  /** An incident that is on no route yet, or */
  incidentId?: number | undefined;
  /** a stop that is on one. */
  stopId?: number | undefined;
}

/** The best place on one route, or why there is none. */
export interface Place {
  routeId: number;
  truckId: number;
  plate: string;
  /** Number it would have among the route's stops still to be done, from 1; null when refused. */
  number: number | null;
  /** Further work and way, in seconds and metres; null when refused. */
  seconds: number | null;
  metres: number | null;
  /** Stops whose promise gets later, and by how much. */
  late: { stopId: number; seconds: number }[];
  /** `skill`, `capacity`, `window`, `shift`, `frozen` … */
  refused: string | null;
}

/**
 * "Where could this go, and at what price?" — the cheapest place on every live route of its zone, the cheapest route
 * first, refused ones last. Nothing is stored.
 *
 * @throws DomainError `not-found`, `invalid-input`
 */
export async function placesFor(dispatch: Dispatch, input: PlacesInput): Promise<Place[]> {
  const { store } = dispatch;
  const snapshot = await readSnapshot(store.database.db, store.clock());
  const asked = await subject(dispatch, snapshot, input);
  const trucks = [...snapshot.trucks.values()].filter((truck) => {
    const route = liveRouteOf(snapshot, truck.id);
    return route !== null && route.zone === asked.zone;
  });
  const frame = framePlanning({
    snapshot,
    truckIds: trucks.map((truck) => truck.id),
    addIncidents: asked.incident === null ? [] : [asked.incident],
    addContainers: [],
    outTruckIds: [],
    positionOf: (truckId) => dispatch.positionOf(truckId),
  });
  const jobId = [...frame.jobs].find(([, source]) =>
    source.kind === 'stop' ? source.stop.id === asked.stopId : source.kind === 'incident',
  )?.[0];
  if (jobId === undefined) return [];
  const problem = frame.toProblem(await dispatch.roads.table(frame.points), 0);
  const serviceS = problem.jobs.find((job) => job.id === jobId)!.service;
  const prices = insertionPrices(problem, sequencesOfFrame(frame), jobId);
  return frame.vehicles
    .map((vehicle) => {
      const own = prices.filter((price) => price.vehicleId === vehicle.truck.id);
      const best = own.find((price) => price.refused === undefined);
      return toPlace(
        frame,
        vehicle.truck.id,
        best ?? null,
        own[0]?.refused ?? null,
        asked.isNew ? serviceS : 0,
      );
    })
    .sort((a, b) => (a.seconds ?? Infinity) - (b.seconds ?? Infinity) || a.routeId - b.routeId);
}

async function subject(dispatch: Dispatch, snapshot: Snapshot, input: PlacesInput) {
  if (input.stopId !== undefined) {
    const stop = snapshot.stops.get(input.stopId);
    const route = stop?.routeId == null ? undefined : snapshot.routes.get(stop.routeId);
    if (stop === undefined || route === undefined) {
      throw new DomainError('not-found', 'No such stop in the plan.', { stopId: input.stopId });
    }
    return { zone: route.zone, stopId: stop.id, incident: null, isNew: false };
  }
  if (input.incidentId === undefined) {
    throw new DomainError('invalid-input', 'Name an incident or a stop.', {
      fields: ['incidentId', 'stopId'],
    });
  }
  const known = snapshot.incidents.get(input.incidentId);
  const incident =
    known ??
    (await dispatch.store.database.db.query.incidents.findFirst({
      where: (row, { eq }) => eq(row.id, input.incidentId!),
    }));
  if (incident === undefined) {
    throw new DomainError('not-found', 'No such incident.', { incidentId: input.incidentId });
  }
  if (incident.state === 'assigned') {
    const stop = [...snapshot.stops.values()].find(
      (row) => row.incidentId === incident.id && row.routeId !== null && row.state === 'planned',
    );
    if (stop !== undefined) return { zone: incident.zone, stopId: stop.id, incident: null, isNew: false };
  }
  return { zone: incident.zone, stopId: null, incident, isNew: true };
}

function sequencesOfFrame(frame: Frame): Sequences {
  return new Map(
    frame.vehicles.map((vehicle) => [
      vehicle.truck.id,
      vehicle.steps.flatMap((step): SequenceStep[] =>
        step.type === 'job' || step.type === 'disposal' ? [{ type: step.type, id: step.id! }] : [],
      ),
    ]),
  );
}

function toPlace(
  frame: Frame,
  truckId: number,
  best: InsertionPrice | null,
  refused: string | null,
  serviceS: number,
): Place {
  const vehicle = frame.vehicles.find((other) => other.truck.id === truckId)!;
  const before = vehicle.steps.slice(0, best?.index ?? 0).filter((step) => step.type === 'job').length;
  return {
    routeId: vehicle.route!.id,
    truckId,
    plate: vehicle.truck.plate,
    number: best === null ? null : before + 1,
    seconds: best === null ? null : Math.round(best.seconds + serviceS),
    metres: best === null ? null : Math.round(best.metres),
    late: (best?.lateStops ?? []).flatMap((late) => {
      const source = frame.jobs.get(late.jobId);
      return source?.kind === 'stop' ? [{ stopId: source.stop.id, seconds: Math.round(late.seconds) }] : [];
    }),
    refused: best === null ? (refused ?? 'no-room') : null,
  };
}
