import { and, asc, desc, eq, gte, inArray, ne } from 'drizzle-orm';
import type { Rules } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { events, incidents, routes, stops, trucks } from '../db/schema/index.ts';
import type { Emit } from '../events/store.ts';
import { closeCompleted } from '../incidents/close-completed.ts';
import { finishStop } from './finish-stop.ts';

export interface StopVisit {
  stopId: number;
  truckId: number;
  arrivedMs: number;
  leftMs: number;
}

/**
 * A truck stood at a stop and left: the stop is done where the rule says so, without anybody's word, as of the moment it
 * left. Only the stop it was on its way to, else the next one of its own running route: one it merely stood beside is
 * left alone, and so is one that somebody opened again since. The caller holds the plan's lock.
 * @returns true when the stop was closed
 */
export async function closeVisited(tx: Tx, emit: Emit, rules: Rules, visit: StopVisit): Promise<boolean> {
  const closes = rules.visitCloses;
  if (closes === null || visit.leftMs - visit.arrivedMs < closes.standS * 1_000) return false;
  const [found] = await tx
    .select({ stop: stops, route: routes, truckState: trucks.state })
    .from(stops)
    .innerJoin(routes, eq(routes.id, stops.routeId))
    .innerJoin(trucks, eq(trucks.id, routes.truckId))
    .where(and(eq(stops.id, visit.stopId), inArray(stops.state, ['planned', 'enroute'])));
  if (!found || found.route.truckId !== visit.truckId || found.truckState !== 'available') return false;
  const { stop, route } = found;
  if (route.state !== 'running' || route.startedAt === null || !route.current) return false;
  if (stop.kind === 'depot' || visit.leftMs < route.startedAt.getTime()) return false;
  if ((await dueStopId(tx, route.id)) !== stop.id) return false;
  // One halt closes one stop: what it closed beside this one has used up that time.
  const usedToMs = await closedByVisitUntil(tx, route.id);
  if (visit.leftMs - Math.max(visit.arrivedMs, usedToMs) < closes.standS * 1_000) return false;
  if (await isReopenedSince(tx, stop.id, visit.leftMs)) return false;
  if (stop.incidentId !== null) {
    const [incident] = await tx.select().from(incidents).where(eq(incidents.id, stop.incidentId));
    if (incident?.state !== 'assigned' || incident.severity > closes.upToSeverity) return false;
  }
  const done = await finishStop(tx, emit, visit.leftMs, stop, { closedBy: 'visit' });
  if (done.incidentId !== null) await closeCompleted(tx, emit, visit.leftMs, done.incidentId, null);
  return true;
}

/** Somebody said after the visit that it served nothing: fixes of it that arrive late do not say otherwise. */
async function isReopenedSince(tx: Tx, stopId: number, leftMs: number): Promise<boolean> {
  const rows = await tx
    .select({ id: events.id })
    .from(events)
    .where(
      and(
        eq(events.subjectKind, 'stop'),
        eq(events.subjectId, stopId),
        eq(events.type, 'stop.reopened'),
        gte(events.at, new Date(leftMs)),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

/** The stop the truck of a route is on its way to, else its next one. */
async function dueStopId(tx: Tx, routeId: number): Promise<number | null> {
  const open = await tx
    .select({ id: stops.id, state: stops.state })
    .from(stops)
    .where(
      and(eq(stops.routeId, routeId), inArray(stops.state, ['planned', 'enroute']), ne(stops.kind, 'depot')),
    )
    .orderBy(asc(stops.position));
  return (open.find((stop) => stop.state === 'enroute') ?? open[0])?.id ?? null;
}

/** Until when visits of a route have closed stops; 0 when none has. */
async function closedByVisitUntil(tx: Tx, routeId: number): Promise<number> {
  const [row] = await tx
    .select({ finishedAt: stops.finishedAt })
    .from(stops)
    .where(and(eq(stops.routeId, routeId), eq(stops.closedBy, 'visit')))
    .orderBy(desc(stops.finishedAt))
    .limit(1);
  return row?.finishedAt?.getTime() ?? 0;
}
