import { encodePolyline } from '../../shared/polyline.ts';
import { distanceM, type LonLat, type Point } from '../../shared/geo.ts';
import type { PlannedRoute, PlannedStop, StopKind } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import type { PlannerSolution, SolutionRoute } from '../planning/index.ts';
import type { Roads } from '../roads/roads.ts';
import { remainingStops, type Frame, type FramedVehicle, type JobSource } from './frame.ts';
import type { Snapshot, StopRow } from './snapshot.ts';

/** Rows of landfill visits are used again where the landfill still is. */
const SAME_PLACE_M = 100;

/** A planned stop whose row may not exist yet: new incidents, and landfill and depot visits of new routes. */
export interface DraftStop {
  stopId: number | null;
  kind: StopKind;
  incidentId: number | null;
  containerId: number | null;
  lat: number;
  lon: number;
  address: string | null;
  load: number;
  serviceS: number;
  windowEnd: Date | null;
  plan: Omit<PlannedStop, 'stopId'>;
}

export interface DraftRoute {
  routeId: number | null;
  truckId: number;
  zone: Zone;
  startAt: string;
  /** Already driven or being driven to: kept as they stand in the current version. */
  kept: PlannedStop[];
  tail: DraftStop[];
}

export interface DraftPlan {
  routes: DraftRoute[];
  degraded: boolean;
}

/** The vehicles whose remaining sequence the solution changes, or that it brings into play. */
export function changedVehicles(
  frame: Frame,
  solution: PlannerSolution,
  redrawTruckIds: readonly number[] = [],
): [FramedVehicle, SolutionRoute | null][] {
  const byTruck = new Map(solution.routes.map((route) => [route.vehicle, route]));
  const changed: [FramedVehicle, SolutionRoute | null][] = [];
  for (const vehicle of frame.vehicles) {
    const route = byTruck.get(vehicle.truck.id) ?? null;
    const before = vehicle.steps.map((step) => `${step.type}${step.id}`).join();
    const after = (route?.steps ?? [])
      .filter((step) => step.type === 'job' || step.type === 'disposal')
      .map((step) => `${step.type}${step.id}`)
      .join();
    if (before !== after || redrawTruckIds.includes(vehicle.truck.id)) changed.push([vehicle, route]);
  }
  return changed;
}

/**
 * Writes the changed routes of a solution as drafts: timetable from the solution, the way between stops from the
 * router. Trucks out of service keep only what is behind them.
 */
export async function draftPlan(
  roads: Roads,
  snapshot: Snapshot,
  frame: Frame,
  changed: readonly (readonly [FramedVehicle, SolutionRoute | null])[],
  outRoutes: readonly PlannedRoute[],
  zoneOfNew: Zone,
): Promise<DraftPlan> {
  let degraded = false;
  const routes = await Promise.all(
    changed.map(async ([vehicle, route]) => {
      const draft = draftRoute(snapshot, frame, vehicle, route, zoneOfNew);
      degraded = (await drawLegs(roads, vehicle, draft)) || degraded;
      return draft;
    }),
  );
  for (const planned of outRoutes) routes.push(withoutRemaining(snapshot, planned));
  return { routes, degraded };
}

function draftRoute(
  snapshot: Snapshot,
  frame: Frame,
  vehicle: FramedVehicle,
  route: SolutionRoute | null,
  zoneOfNew: Zone,
): DraftRoute {
  const { rules, nowMs } = snapshot;
  const planned = vehicle.planned;
  const landfillOf = (id: number) => frame.landfills.find((landfill) => landfill.id === id)!;
  const kept = planned === null ? [] : keptStops(snapshot, planned);
  const spare = planned === null ? [] : remainingStops(snapshot, planned).filter((stop) => !stop.incidentId);
  const reuse = (kind: StopKind, place?: Point): StopRow | null => {
    const at = spare.findIndex(
      (stop) =>
        stop.kind === kind &&
        stop.state === 'planned' &&
        (place === undefined || distanceM(stop, place) < SAME_PLACE_M),
    );
    return at < 0 ? null : spare.splice(at, 1)[0]!;
  };
  const tail: DraftStop[] = [];
  // Also where a stop of it was settled at the desk meanwhile: a route that has not left begins at the depot.
  if (vehicle.atDepot) {
    // A route that has not left: the depot comes first, with its service before the wheels turn.
    tail.push({
      ...place(reuse('depot'), 'depot', rules.depot, rules.depotServiceS),
      plan: timed(vehicle.startMs, 0, rules.depotServiceS, vehicle.truck.loadAboard),
    });
  }
  const steps = route?.steps ?? [];
  let beforeS = steps[0]?.duration ?? 0;
  let visited = 0;
  let pauseS = 0;
  for (const step of steps) {
    if (step.type === 'start') continue;
    if (step.type === 'break') {
      pauseS += step.service;
      continue;
    }
    // The stop it is driving to is among the kept ones.
    if (visited++ < vehicle.enroute) {
      beforeS = step.duration;
      pauseS = 0;
      continue;
    }
    const arrivalMs = nowMs + step.arrival * 1_000;
    const legS = step.duration - beforeS;
    const held = { pauseS, waitS: step.waiting_time };
    beforeS = step.duration;
    pauseS = 0;
    const load = step.load[0] ?? 0;
    if (step.type === 'job') {
      const source = frame.jobs.get(step.id!)!;
      const from = stopOfJob(snapshot, source);
      tail.push({
        ...from,
        plan: timed(arrivalMs + step.waiting_time * 1_000, legS, from.serviceS, load, held),
      });
    } else if (step.type === 'disposal') {
      const landfill = landfillOf(step.id!);
      const own = reuse('disposal', landfill);
      tail.push({
        ...place(own, 'disposal', landfill, landfill.serviceS),
        plan: timed(arrivalMs + step.waiting_time * 1_000, legS, landfill.serviceS, 0, held),
      });
    } else if (step.type === 'end') {
      tail.push({
        ...place(reuseEnd(spare), 'depot', rules.depot, 0),
        plan: timed(arrivalMs, legS, 0, load, held),
      });
    }
  }
  return {
    routeId: vehicle.route?.id ?? null,
    truckId: vehicle.truck.id,
    zone: vehicle.route?.zone ?? zoneOfNew,
    startAt: planned?.startAt ?? new Date(vehicle.startMs).toISOString(),
    kept,
    tail,
  };
}

/** The last planned depot visit is the return. */
function reuseEnd(spare: StopRow[]): StopRow | null {
  const at = spare.findLastIndex((stop) => stop.kind === 'depot' && stop.state === 'planned');
  return at < 0 ? null : spare.splice(at, 1)[0]!;
}

/** Stops that no version may move, as they stand: done, failed, and the one being driven to. */
export function keptStops(snapshot: Snapshot, planned: PlannedRoute): PlannedStop[] {
  return planned.stops.filter((stop) => snapshot.stops.get(stop.stopId)!.state !== 'planned');
}

/** A truck out of service: what is behind it stays, and its way home; the rest is gone. */
function withoutRemaining(snapshot: Snapshot, planned: PlannedRoute): DraftRoute {
  return {
    routeId: planned.routeId,
    truckId: planned.truckId,
    zone: planned.zone,
    startAt: planned.startAt,
    kept: planned.stops.filter((stop) => {
      const state = snapshot.stops.get(stop.stopId)!.state;
      return state === 'done' || state === 'failed';
    }),
    tail: [],
  };
}

function stopOfJob(snapshot: Snapshot, source: JobSource): Omit<DraftStop, 'plan'> {
  if (source.kind === 'stop') {
    const { stop } = source;
    return {
      stopId: stop.id,
      kind: stop.kind,
      incidentId: stop.incidentId,
      containerId: stop.containerId,
      lat: stop.lat,
      lon: stop.lon,
      address: stop.address,
      load: stop.load,
      serviceS: stop.serviceS,
      windowEnd: stop.windowEnd,
    };
  }
  const { rules } = snapshot;
  if (source.kind === 'incident') {
    const { incident } = source;
    return {
      stopId: null,
      kind: 'incident',
      incidentId: incident.id,
      containerId: null,
      lat: incident.lat,
      lon: incident.lon,
      address: incident.address,
      load: incident.severity,
      serviceS: rules.incidentServiceS,
      windowEnd: incident.windowEnd,
    };
  }
  const { container } = source;
  return {
    stopId: null,
    kind: 'container',
    incidentId: null,
    containerId: container.id,
    lat: container.lat,
    lon: container.lon,
    address: container.address,
    load: container.load,
    serviceS: rules.containerServiceS,
    windowEnd: null,
  };
}

function place(
  own: StopRow | null,
  kind: 'depot' | 'disposal',
  at: { lat: number; lon: number },
  serviceS: number,
): Omit<DraftStop, 'plan'> {
  return {
    stopId: own?.id ?? null,
    kind,
    incidentId: null,
    containerId: null,
    lat: at.lat,
    lon: at.lon,
    address: null,
    load: 0,
    serviceS,
    windowEnd: null,
  };
}

function timed(
  arrivalMs: number,
  legS: number,
  serviceS: number,
  loadAfter: number,
  held: { pauseS: number; waitS: number } = { pauseS: 0, waitS: 0 },
): DraftStop['plan'] {
  return {
    arrival: new Date(arrivalMs).toISOString(),
    departure: new Date(arrivalMs + serviceS * 1_000).toISOString(),
    legS: Math.max(0, Math.round(legS)),
    legM: 0,
    serviceS,
    ...(held.pauseS > 0 ? { pauseS: held.pauseS } : {}),
    ...(held.waitS > 0 ? { waitS: Math.round(held.waitS) } : {}),
    loadAfter,
    leg: '',
  };
}

/** Asks the router for the way along the new stops and writes it, leg by leg. Returns whether it was estimated. */
async function drawLegs(roads: Roads, vehicle: FramedVehicle, draft: DraftRoute): Promise<boolean> {
  if (draft.tail.length === 0) return false;
  const fromDepot = vehicle.atDepot;
  const enroute = vehicle.enroute > 0 ? draft.kept.at(-1) : undefined;
  const points: LonLat[] = draft.tail.map((stop) => [stop.lon, stop.lat]);
  if (!fromDepot) {
    const start = enroute === undefined ? vehicle.start : (vehicle.frozenPlace ?? vehicle.start);
    points.unshift([start.lon, start.lat]);
  }
  if (points.length < 2) return false;
  const way = await roads.route(points);
  way.legs.forEach((leg, index) => {
    const stop = draft.tail[fromDepot ? index + 1 : index]!;
    stop.plan.leg = encodePolyline(leg.geometry);
    stop.plan.legM = Math.round(leg.distanceM);
  });
  return way.degraded;
}

/** Totals of a route's whole day, driven part included. */
export function totalsOf(
  stops: readonly PlannedStop[],
  startAt: string,
): { distanceM: number; durationS: number } {
  const distanceM = stops.reduce((sum, stop) => sum + stop.legM, 0);
  const last = stops.at(-1);
  const durationS = last === undefined ? 0 : (Date.parse(last.departure) - Date.parse(startAt)) / 1_000;
  return { distanceM, durationS: Math.max(0, Math.round(durationS)) };
}
