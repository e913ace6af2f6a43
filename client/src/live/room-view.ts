/** Joins what the server tells into what the room shows. Pure: the same input gives the same screen. */
import type { TruckView } from '../../../shared/fleet.ts';
import { distanceM, type Point } from '../../../shared/geo.ts';
import type { IncidentView } from '../../../shared/incident.ts';
import type { PlanView, RouteView, StopView } from '../../../shared/plan.ts';
import type { LiveTruck } from '../../../shared/telemetry.ts';
import { plateDigits } from '../format/format.ts';
import type { StopLook, Tone } from '../signs/shapes.ts';
import { keepProbability, promiseLevel } from './promise.ts';
import { truckMode, type TruckMode } from './truck-mode.ts';

export interface RoomTruck {
  id: number;
  plate: string;
  /** Four digits, as on the map. */
  label: string;
  type: TruckView['type'];
  mode: TruckMode;
  load: number;
  capacity: number;
  driverName: string | null;
  /** What a re-plan may do with it. */
  planning: TruckView['planning'];
  /** Since when it is out of service. */
  outSinceMs: number | null;
  route: RouteView | null;
  position: LiveTruck | null;
}

export interface RoomIncident {
  view: IncidentView;
  route: RouteView | null;
  stop: StopView | null;
  stopNumber: number | null;
  /** null while no truck is on its way to it. */
  probability: number | null;
  tone: Tone;
  msLeft: number;
}

const LIVE_ROUTE = new Set(['planned', 'running']);
const UNPLANNED_RISK_MS = 60 * 60_000;

/** Numbers drivers and boards use: collection stops counted from 1, beginning again after each landfill. */
export function stopNumbers(stops: readonly StopView[]): Map<number, number> {
  const numbers = new Map<number, number>();
  let next = 1;
  for (const stop of stops) {
    if (stop.kind === 'disposal') next = 1;
    else if (stop.kind !== 'depot') numbers.set(stop.id, next++);
  }
  return numbers;
}

/**
 * The number a stop would have on the board, put at a place among those still to be done.
 *
 * @param place from 1
 * @param withoutId the stop itself, where it is on this route already
 */
export function numberAtPlace(stops: readonly StopView[], place: number, withoutId?: number): number {
  const others = stops.filter((stop) => stop.id !== withoutId);
  const numbers = stopNumbers(others);
  const open = others.filter(
    (stop) => numbers.has(stop.id) && (stop.state === 'planned' || stop.state === 'enroute'),
  );
  const [before, after] = [open[place - 2], open[place - 1]];
  if (before) return numbers.get(before.id)! + 1;
  return after ? numbers.get(after.id)! : ([...numbers.values()].at(-1) ?? 0) + 1;
}

/** The stop the truck drives to or works at now. */
export function nextStop(route: RouteView): StopView | null {
  return (
    route.stops.find((stop) => stop.state === 'enroute') ??
    route.stops.find((stop) => stop.state === 'planned' && stop.kind !== 'depot') ??
    null
  );
}

/** A truck's live route: the running one before a planned one. */
function routeByTruck(plan: PlanView | null): Map<number, RouteView> {
  const routes = new Map<number, RouteView>();
  for (const route of plan?.routes ?? []) {
    if (!LIVE_ROUTE.has(route.state)) continue;
    const before = routes.get(route.truckId);
    if (before === undefined || (before.state !== 'running' && route.state === 'running')) {
      routes.set(route.truckId, route);
    }
  }
  return routes;
}

export function roomTrucks(
  trucks: readonly TruckView[],
  plan: PlanView | null,
  positions: ReadonlyMap<number, LiveTruck>,
  places: { depot: Point; landfill: Point },
  nowMs: number,
): RoomTruck[] {
  const routes = routeByTruck(plan);
  return trucks
    .filter((truck) => truck.state !== 'retired')
    .map((truck) => {
      const route = routes.get(truck.id) ?? null;
      const position = positions.get(truck.id) ?? null;
      const load = route?.loadAboard ?? truck.loadAboard;
      return {
        id: truck.id,
        plate: truck.plate,
        label: plateDigits(truck.plate),
        type: truck.type,
        load,
        capacity: truck.capacity,
        driverName: route?.driverName ?? truck.driverName,
        planning: truck.planning,
        outSinceMs: truck.outSince === null ? null : Date.parse(truck.outSince),
        route,
        position,
        mode: truckMode(
          {
            state: truck.state,
            running: route?.state === 'running',
            lastFixMs: position?.t ?? null,
            speedMps: position?.speed ?? 0,
            depotDistanceM: position ? distanceM(position, places.depot) : Infinity,
            landfillDistanceM: position ? distanceM(position, places.landfill) : Infinity,
            loadShare: truck.capacity > 0 ? load / truck.capacity : 0,
          },
          nowMs,
        ),
      };
    })
    .sort((a, b) => rank(a) - rank(b) || a.id - b.id);
}

/** Trucks with work first; the order never depends on what they do at the moment, so rows do not jump. */
const rank = (truck: RoomTruck) => (truck.route ? 0 : 1);

export function roomIncidents(
  incidents: readonly IncidentView[],
  plan: PlanView | null,
  nowMs: number,
): RoomIncident[] {
  const places = new Map<number, { route: RouteView; stop: StopView; number: number | null }>();
  for (const route of plan?.routes ?? []) {
    if (!LIVE_ROUTE.has(route.state)) continue;
    const numbers = stopNumbers(route.stops);
    for (const stop of route.stops) {
      if (stop.incidentId === undefined || stop.state === 'failed') continue;
      places.set(stop.incidentId, { route, stop, number: numbers.get(stop.id) ?? null });
    }
  }
  return incidents
    .filter((view) => view.state === 'pending' || view.state === 'validated' || view.state === 'assigned')
    .map((view) => {
      const place = places.get(view.id);
      const msLeft = Date.parse(view.windowEnd) - nowMs;
      const probability = place && place.stop.state !== 'done' ? promiseOf(place.stop, view.windowEnd) : null;
      return {
        view,
        route: place?.route ?? null,
        stop: place?.stop ?? null,
        stopNumber: place?.number ?? null,
        probability,
        tone: incidentTone(view, probability, msLeft),
        msLeft,
      };
    })
    .sort((a, b) => a.msLeft - b.msLeft);
}

function incidentTone(view: IncidentView, probability: number | null, msLeft: number): Tone {
  if (msLeft < 0) return 'crit';
  if (probability !== null) {
    const level = promiseLevel(probability);
    return level === 'ok' ? 'neutral' : level;
  }
  return view.state === 'validated' && msLeft < UNPLANNED_RISK_MS ? 'risk' : 'neutral';
}

/** The probability the server gives; from the arrival range where it gives none. */
export function promiseOf(stop: StopView, windowEnd: string): number {
  return stop.keep ?? keepProbability(stop, windowEnd);
}

/** How a stop of a route is drawn on map and board. */
export function stopLook(stop: StopView, isNext: boolean): StopLook {
  if (stop.state === 'done') return 'done';
  if (stop.state === 'failed') return 'failed';
  if (isNext) return 'next';
  if (stop.windowEnd === undefined) return 'planned';
  const level = promiseLevel(promiseOf(stop, stop.windowEnd));
  return level === 'crit' ? 'late' : level === 'risk' ? 'risk' : 'planned';
}

export interface RoomNumbers {
  promises: { atRisk: number; critical: boolean; kept: number; total: number };
  trucksOut: { count: number; broken: RoomTruck[]; silent: RoomTruck[]; full: RoomTruck[] };
  pending: number;
  tripsToLandfill: number;
  stopsDone: number;
  stopsFailed: number;
  stopsTotal: number;
}

export function roomNumbers(
  trucks: readonly RoomTruck[],
  incidents: readonly RoomIncident[],
  plan: PlanView | null,
): RoomNumbers {
  const promised = incidents.filter((incident) => incident.view.state !== 'pending');
  const atRisk = promised.filter((incident) => incident.tone === 'risk' || incident.tone === 'crit');
  const broken = trucks.filter((truck) => truck.mode === 'broken');
  const silent = trucks.filter((truck) => truck.mode === 'nosignal');
  const full = trucks.filter((truck) => truck.mode === 'full');
  const stops = (plan?.routes ?? [])
    .filter((route) => route.state !== 'cancelled')
    .flatMap((route) => route.stops);
  const collections = stops.filter((stop) => stop.kind === 'incident' || stop.kind === 'container');
  return {
    promises: {
      atRisk: atRisk.length,
      critical: atRisk.some((incident) => incident.tone === 'crit'),
      kept: promised.length - atRisk.length,
      total: promised.length,
    },
    trucksOut: { count: broken.length + silent.length, broken, silent, full },
    pending: incidents.length - promised.length,
    tripsToLandfill: stops.filter((stop) => stop.kind === 'disposal' && stop.state !== 'done').length,
    stopsDone: collections.filter((stop) => stop.state === 'done').length,
    stopsFailed: collections.filter((stop) => stop.state === 'failed').length,
    stopsTotal: collections.length,
  };
}
