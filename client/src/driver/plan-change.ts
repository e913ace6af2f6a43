/** What changed in a driver's route since they last said "understood". Pure. */
import type { RouteView, StopView } from '../../../shared/plan.ts';
import { returnAt } from './work.ts';

/** As much of a route as has to be remembered to tell what changed. */
export interface KnownRoute {
  routeId: number;
  version: number;
  returnAt: string | null;
  stops: {
    id: number;
    kind: StopView['kind'];
    incidentType: string | null;
    place: string | null;
    open: boolean;
  }[];
}

export interface PlanChange {
  added: StopView[];
  removed: KnownRoute['stops'];
  /** The same stops in another order. */
  reordered: boolean;
  /** Both null when the return moved by less than is worth reading. */
  returnBefore: string | null;
  returnNow: string | null;
}

/** Arrivals breathe with traffic; only more than this is news. */
const RETURN_NEWS_MS = 3 * 60_000;

const isOpen = (stop: StopView) => stop.state === 'planned' || stop.state === 'enroute';

export function knownRoute(route: RouteView, version: number): KnownRoute {
  return {
    routeId: route.id,
    version,
    returnAt: returnAt(route),
    stops: route.stops.map((stop) => ({
      id: stop.id,
      kind: stop.kind,
      incidentType: stop.incidentType ?? null,
      place: stop.address,
      open: isOpen(stop),
    })),
  };
}

/**
 * Compares the route the driver acknowledged with the one in force. Stops the driver finished meanwhile are no change.
 * null: nothing to read (another route, the same version, or a version that left this route as it was).
 */
export function planChange(known: KnownRoute, route: RouteView, version: number): PlanChange | null {
  if (known.routeId !== route.id || known.version === version) return null;
  const before = new Map(known.stops.map((stop) => [stop.id, stop]));
  const now = new Map(route.stops.map((stop) => [stop.id, stop]));
  const added = route.stops.filter((stop) => isOpen(stop) && !before.has(stop.id));
  const removed = known.stops.filter((stop) => stop.open && !now.has(stop.id));
  const stay = (id: number) => before.has(id) && now.has(id) && isOpen(now.get(id)!);
  const orderBefore = known.stops.map((stop) => stop.id).filter(stay);
  const orderNow = route.stops.map((stop) => stop.id).filter(stay);
  const reordered = orderBefore.some((id, index) => orderNow[index] !== id);
  if (added.length === 0 && removed.length === 0 && !reordered) return null;
  const returnNow = returnAt(route);
  const moved =
    known.returnAt !== null &&
    returnNow !== null &&
    Math.abs(Date.parse(returnNow) - Date.parse(known.returnAt)) >= RETURN_NEWS_MS;
  return {
    added,
    removed,
    reordered,
    returnBefore: moved ? known.returnAt : null,
    returnNow: moved ? returnNow : null,
  };
}
