import { and, eq, sql } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { TruckPlanning } from '../../shared/fleet.ts';
import type { PlanDocument, PlanKind, PlannedRoute, StopPin } from '../../shared/plan.ts';
import type { Tx } from '../db/connect.ts';
import { stops, trucks } from '../db/schema/index.ts';
import { anyOf } from './snapshot.ts';

/** Taking work out of a route — a cancelled incident, a route that ends — is no re-plan: it may shorten any route. */
const SHORTENS: ReadonlySet<PlanKind> = new Set<PlanKind>(['cancel', 'finish']);

export interface Marks {
  /** What a re-plan may do with each truck in service. */
  planning: ReadonlyMap<number, TruckPlanning>;
  /** Stops still to be done that a supervisor keeps where they are. */
  pins: ReadonlyMap<number, StopPin>;
  /** Collection stops that nobody has left for: only these can move. */
  open: ReadonlySet<number>;
}

export interface BrokenMark {
  reason: 'stop-pinned' | 'truck-locked' | 'truck-excluded';
  stopIds: number[];
  truckId: number;
}

/**
 * What a change would do against a supervisor's marks: a pinned stop that leaves its truck or its place, a locked
 * truck with another order, an excluded truck with more work. Pure.
 */
export function brokenMarks(
  before: readonly PlannedRoute[],
  after: readonly PlannedRoute[],
  marks: Marks,
): BrokenMark[] {
  const broken: BrokenMark[] = [];
  const is = new Map(after.map((route) => [route.routeId, openStops(route, marks)]));
  const was = new Map(before.map((route) => [route.routeId, openStops(route, marks)]));
  for (const route of after) {
    const planning = marks.planning.get(route.truckId);
    const [old, now] = [was.get(route.routeId) ?? [], is.get(route.routeId)!];
    const added = now.filter((stopId) => !old.includes(stopId));
    if (planning === 'locked' && old.join() !== now.join()) {
      broken.push({ reason: 'truck-locked', stopIds: added, truckId: route.truckId });
    } else if (planning === 'excluded' && added.length > 0) {
      broken.push({ reason: 'truck-excluded', stopIds: added, truckId: route.truckId });
    }
  }
  for (const route of before) {
    const old = was.get(route.routeId)!;
    const now = is.get(route.routeId) ?? [];
    if (!is.has(route.routeId) && old.length > 0 && marks.planning.get(route.truckId) === 'locked') {
      broken.push({ reason: 'truck-locked', stopIds: old, truckId: route.truckId });
    }
    for (const [index, stopId] of old.entries()) {
      const pin = marks.pins.get(stopId);
      if (pin === undefined) continue;
      const inPlace = old.slice(0, index + 1).join() === now.slice(0, index + 1).join();
      if (!now.includes(stopId) || (pin === 'place' && !inPlace)) {
        broken.push({ reason: 'stop-pinned', stopIds: [stopId], truckId: route.truckId });
      }
    }
  }
  return broken;
}

function openStops(route: PlannedRoute, marks: Marks): number[] {
  return route.stops.flatMap((stop) => (marks.open.has(stop.stopId) ? [stop.stopId] : []));
}

/**
 * Every way to a new version — approved, moved by hand, undone, planned first — passes here, under the plan's lock.
 *
 * @throws DomainError `stop-pinned`, `truck-locked`, `truck-excluded`
 */
export async function assertMarksKept(
  tx: Tx,
  before: PlanDocument,
  after: PlanDocument,
  change: { kind: PlanKind; routes: readonly PlannedRoute[] },
): Promise<void> {
  if (SHORTENS.has(change.kind)) return;
  const marked = await tx
    .select({ id: trucks.id, planning: trucks.planning })
    .from(trucks)
    .where(and(eq(trucks.state, 'available'), sql`${trucks.planning} <> 'open'`));
  const touched = new Set(change.routes.map((route) => route.routeId));
  const routesOf = (document: PlanDocument) => document.routes.filter((route) => touched.has(route.routeId));
  const ids = [...routesOf(before), ...routesOf(after)].flatMap((route) =>
    route.stops.map((stop) => stop.stopId),
  );
  const rows = await tx
    .select({ id: stops.id, pin: stops.pin })
    .from(stops)
    .where(
      and(anyOf(stops.id, ids), eq(stops.state, 'planned'), sql`${stops.kind} in ('incident','container')`),
    );
  const [first] = brokenMarks(routesOf(before), routesOf(after), {
    planning: new Map(marked.map((row) => [row.id, row.planning])),
    pins: new Map(rows.flatMap((row) => (row.pin === null ? [] : [[row.id, row.pin]]))),
    open: new Set(rows.map((row) => row.id)),
  });
  if (first === undefined) return;
  const { reason, ...detail } = first;
  throw new DomainError(reason, 'A supervisor keeps this where it is.', detail);
}
