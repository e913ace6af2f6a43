import { DomainError } from '../../shared/errors.ts';
import { bestPlaces, pricedPlan, type InsertionPrice } from '../planning/index.ts';
import type { Dispatch } from './dispatch.ts';
import { framePlanning, liveRouteOf, sequencesOfFrame, type Frame } from './frame.ts';
import { readPicture } from './picture.ts';
import { placeTable } from './place-tables.ts';
import type { Snapshot, StopRow, TruckRow } from './snapshot.ts';

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
  /** `skill`, `capacity`, `window`, `shift`, `frozen`, or a mark: `pinned`, `locked`, `excluded` … */
  refused: string | null;
}

/**
 * "Where could this go, and at what price?" — the cheapest place on every live route of its zone, the cheapest route
 * first, refused ones last. Nothing is stored, nothing is planned anew: the stop is tried in the rounds as they are.
 *
 * @throws DomainError `not-found`, `invalid-input`
 */
export async function placesFor(dispatch: Dispatch, input: PlacesInput): Promise<Place[]> {
  const snapshot = await readPicture(dispatch.store);
  const asked = await subject(dispatch, snapshot, input);
  const rows = [...snapshot.routes.values()].filter(
    (route) => route.zone === asked.zone && liveRouteOf(snapshot, route.truckId)?.id === route.id,
  );
  const holder = asked.truckId === null ? undefined : snapshot.trucks.get(asked.truckId);
  const frame = framePlanning({
    snapshot,
    truckIds: rows.map((route) => route.truckId),
    addIncidents: asked.incident === null ? [] : [asked.incident],
    addContainers: [],
    outTruckIds: holder !== undefined && holder.state !== 'available' ? [holder.id] : [],
    positionOf: (truckId) => dispatch.positionOf(truckId),
  });
  const jobId = [...frame.jobs].find(([, source]) =>
    source.kind === 'stop' ? source.stop.id === asked.stopId : source.kind === 'incident',
  )?.[0];
  const prices = jobId === undefined ? [] : await pricesIn(dispatch, frame, jobId);
  return rows
    .flatMap((route): Place[] => {
      const truck = snapshot.trucks.get(route.truckId)!;
      if (truck.state !== 'available') return [];
      const marked = keptAway(
        asked.stopId === null ? null : snapshot.stops.get(asked.stopId)!,
        holder,
        truck,
      );
      const price = prices.find((one) => one.vehicleId === truck.id);
      if (jobId === undefined || price === undefined || marked !== null) {
        return [refusedPlace(route.id, truck, marked ?? 'no-room')];
      }
      if (price.refused !== undefined) return [refusedPlace(route.id, truck, price.refused)];
      return [toPlace(frame, truck.id, jobId, price, asked.isNew ? snapshot.rules.incidentServiceS : 0)];
    })
    .sort((a, b) => (a.seconds ?? Infinity) - (b.seconds ?? Infinity) || a.routeId - b.routeId);
}

/** What a supervisor's marks forbid, whatever the price. */
function keptAway(stop: StopRow | null, holder: TruckRow | undefined, taker: TruckRow): string | null {
  const holds = holder?.state === 'available' ? holder : undefined;
  if (taker.planning === 'locked' || holds?.planning === 'locked') return 'locked';
  if (stop?.pin === 'place' || (stop?.pin === 'truck' && holds !== undefined && holds.id !== taker.id))
    return 'pinned';
  return taker.planning === 'excluded' && holder?.id !== taker.id ? 'excluded' : null;
}

/** The stop tried in every vehicle's round. Of where the trucks are now only the way to it and onward matters. */
async function pricesIn(dispatch: Dispatch, frame: Frame, jobId: number): Promise<InsertionPrice[]> {
  const onward = new Set([0, frame.placeOf.get(jobId)!, ...frame.landfills.map((_, index) => index + 1)]);
  for (const vehicle of frame.vehicles) {
    // The stop itself may be the next one: then the one after it is.
    for (const step of vehicle.steps.slice(0, 2)) {
      if (step.type === 'job') onward.add(frame.placeOf.get(step.id!)!);
    }
  }
  const problem = frame.toProblem(await placeTable(dispatch.roads, frame, onward), 0);
  return bestPlaces(pricedPlan(problem, sequencesOfFrame(frame)), jobId);
}

async function subject(dispatch: Dispatch, snapshot: Snapshot, input: PlacesInput) {
  if (input.stopId !== undefined) {
    const stop = snapshot.stops.get(input.stopId);
    const route = stop?.routeId == null ? undefined : snapshot.routes.get(stop.routeId);
    if (stop === undefined || route === undefined) {
      throw new DomainError('not-found', 'No such stop in the plan.', { stopId: input.stopId });
    }
    return { zone: route.zone, stopId: stop.id, truckId: route.truckId, incident: null, isNew: false };
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
    if (stop !== undefined) {
      const truckId = snapshot.routes.get(stop.routeId!)?.truckId ?? null;
      return { zone: incident.zone, stopId: stop.id, truckId, incident: null, isNew: false };
    }
  }
  return { zone: incident.zone, stopId: null, truckId: null, incident, isNew: true };
}

function refusedPlace(routeId: number, truck: TruckRow, refused: string): Place {
  const { id: truckId, plate } = truck;
  return { routeId, truckId, plate, number: null, seconds: null, metres: null, late: [], refused };
}

function toPlace(
  frame: Frame,
  truckId: number,
  jobId: number,
  best: InsertionPrice,
  /** New work is also served. */
  serviceS: number,
): Place {
  const vehicle = frame.vehicles.find((other) => other.truck.id === truckId)!;
  const others = vehicle.steps.filter((step) => step.type !== 'job' || step.id !== jobId);
  const before = others.slice(0, best.index).filter((step) => step.type === 'job').length;
  return {
    routeId: vehicle.route!.id,
    truckId,
    plate: vehicle.truck.plate,
    number: before + 1,
    seconds: Math.round(best.seconds + serviceS),
    metres: Math.round(best.metres),
    late: best.lateStops.flatMap((late) => {
      const held = frame.jobs.get(late.jobId);
      return held?.kind === 'stop' ? [{ stopId: held.stop.id, seconds: Math.round(late.seconds) }] : [];
    }),
    refused: null,
  };
}
