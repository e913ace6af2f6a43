import type { PlanDocument, PlannedRoute, PlannedStop, StopState } from '../../shared/plan.ts';
import { isFrozen } from '../../shared/plan.ts';

export interface Reverted {
  /** The routes that change, whole; without stops: the route leaves the plan. */
  routes: PlannedRoute[];
  /** Stops this change placed that a later one moved again. */
  conflicts: number[];
  /** Stops this change placed that were driven meanwhile: they stay. */
  frozen: number[];
}

/**
 * The plan `current` without the change from `before` to `made`. Where a route still is as the change left it, its
 * old order comes back exactly (equal hashes, equal plans); where later changes added to it, only the stops of this
 * change go back, each behind the stop it followed. Pure.
 */
export function revertChange(
  before: PlanDocument,
  made: PlanDocument,
  current: PlanDocument,
  states: ReadonlyMap<number, StopState>,
): Reverted {
  const routeIds = new Set(
    [...before.routes, ...made.routes]
      .map((route) => route.routeId)
      .filter((id) => order(before, id) !== order(made, id)),
  );
  const was = homes(before);
  const became = homes(made);
  const is = homes(current);
  const changed = [...new Set([...was.keys(), ...became.keys()])].filter(
    (stopId) => was.get(stopId) !== became.get(stopId),
  );
  const frozen = changed.filter((stopId) => isFrozen(states.get(stopId) ?? 'planned'));
  const conflicts = changed.filter(
    (stopId) => !frozen.includes(stopId) && is.get(stopId) !== became.get(stopId),
  );
  for (const routeId of routeIds) {
    const now = find(current, routeId);
    const untouched = order(current, routeId) === order(made, routeId);
    if (now === undefined || untouched) continue;
    const placed = new Set((find(made, routeId)?.stops ?? []).map((stop) => stop.stopId));
    const added = now.stops.filter((stop) => !placed.has(stop.stopId)).map((stop) => stop.stopId);
    // What came later onto a route this change made rests on it; so does any order laid over a pure reordering.
    if (find(before, routeId) === undefined) conflicts.push(...added);
    else if (changed.length === 0) conflicts.push(...now.stops.map((stop) => stop.stopId));
  }
  if (conflicts.length > 0) return { routes: [], conflicts, frozen };

  const routes: PlannedRoute[] = [];
  const movable = new Set(changed.filter((stopId) => !frozen.includes(stopId)));
  for (const routeId of routeIds) {
    const now = find(current, routeId);
    const old = find(before, routeId);
    const left = find(made, routeId);
    const stops =
      order(current, routeId) === order(made, routeId)
        ? restoreOrder(old, now, states)
        : moveBack(old, now, movable, routeId, was);
    if (stops.map((stop) => stop.stopId).join() === order(current, routeId)) continue;
    const shape = now ?? old ?? left!;
    routes.push({ ...shape, stops });
  }
  return { routes, conflicts: [], frozen };
}

function find(document: PlanDocument, routeId: number): PlannedRoute | undefined {
  return document.routes.find((route) => route.routeId === routeId);
}

function order(document: PlanDocument, routeId: number): string {
  return (find(document, routeId)?.stops ?? []).map((stop) => stop.stopId).join();
}

function homes(document: PlanDocument): Map<number, number> {
  return new Map(document.routes.flatMap((route) => route.stops.map((stop) => [stop.stopId, route.routeId])));
}

/** The old order, with what was driven meanwhile in front as it was driven. */
function restoreOrder(
  old: PlannedRoute | undefined,
  now: PlannedRoute | undefined,
  states: ReadonlyMap<number, StopState>,
): PlannedStop[] {
  const driven = (now?.stops ?? []).filter((stop) => isFrozen(states.get(stop.stopId) ?? 'planned'));
  const drivenIds = new Set(driven.map((stop) => stop.stopId));
  const rest = (old?.stops ?? []).filter(
    (stop) => !drivenIds.has(stop.stopId) && !isFrozen(states.get(stop.stopId) ?? 'planned'),
  );
  return [...driven, ...rest];
}

/** Takes this change's stops out of the present order and puts those that belong here back behind their old neighbour. */
function moveBack(
  old: PlannedRoute | undefined,
  now: PlannedRoute | undefined,
  movable: ReadonlySet<number>,
  routeId: number,
  was: ReadonlyMap<number, number>,
): PlannedStop[] {
  const stops = (now?.stops ?? []).filter(
    (stop) => !movable.has(stop.stopId) || was.get(stop.stopId) === routeId,
  );
  const present = new Set(stops.map((stop) => stop.stopId));
  (old?.stops ?? []).forEach((stop, index) => {
    if (!movable.has(stop.stopId) || present.has(stop.stopId)) return;
    const neighbour = old!.stops.slice(0, index).findLast((earlier) => present.has(earlier.stopId));
    const at =
      neighbour === undefined ? 0 : stops.findIndex((other) => other.stopId === neighbour.stopId) + 1;
    stops.splice(at, 0, stop);
    present.add(stop.stopId);
  });
  return stops;
}
