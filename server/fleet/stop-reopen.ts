import { and, desc, eq, gt, ne, sql } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { Tx } from '../db/connect.ts';
import { containers, events, incidents, routes, stops, trucks } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { requireRunning } from './require-running.ts';
import { refusedStop, stopToActOn, toStopRecord, type StopRecord, type StopRow } from './stop-record.ts';

/**
 * A visit closed a stop that was not served: its driver or a supervisor says so, and it is as it was before — open, its
 * incident assigned, its load off the truck again. What somebody's word closed stays closed.
 * @throws DomainError `invalid-transition`, `not-yours`, `not-found`
 */
export async function reopenStop(store: Store, actor: Actor, stopId: number): Promise<StopRecord> {
  return commit(store, actor, async (tx, emit) => {
    const stop = await stopToActOn(tx, actor, stopId);
    if (stop.state === 'planned' || stop.state === 'enroute') return toStopRecord(stop);
    return toStopRecord(await reopenVisited(tx, emit, stop));
  });
}

/**
 * The same inside the transaction of a verb whose word overrules the visit.
 * @throws DomainError `invalid-transition` unless a visit closed it and its route still runs
 */
export async function reopenVisited(tx: Tx, emit: Emit, stop: StopRow): Promise<StopRow> {
  if (stop.state !== 'done' || stop.closedBy !== 'visit') {
    throw refusedStop(stop, 'planned', 'Only what a visit closed can be opened again.');
  }
  const route = await requireRunning(tx, stop, 'planned');
  const [other] = await tx
    .select({ id: stops.id })
    .from(stops)
    .where(and(eq(stops.routeId, route.id), eq(stops.state, 'enroute'), ne(stops.id, stop.id)));
  const state = stop.departedAt !== null && !other ? 'enroute' : 'planned';
  const [row] = await tx
    .update(stops)
    .set({
      state,
      departedAt: state === 'enroute' ? stop.departedAt : null,
      finishedAt: null,
      closedBy: null,
      evidence: null,
      loaded: null,
    })
    .where(and(eq(stops.id, stop.id), eq(stops.state, 'done')))
    .returning();
  if (!row) throw refusedStop(stop, 'planned');
  const loadAboard = await takeOff(tx, route.truckId, stop);
  await unempty(tx, stop);
  emit({
    type: 'stop.reopened',
    subject: { kind: 'stop', id: row.id },
    zone: route.zone,
    data: {
      routeId: route.id,
      truckId: route.truckId,
      kind: row.kind,
      incidentId: row.incidentId,
      loadAboard,
    },
  });
  if (row.incidentId !== null) await reopenIncident(tx, emit, row.incidentId, row.id);
  return row;
}

/** The load goes off the truck, unless a landfill took it since. @returns what is aboard now */
async function takeOff(tx: Tx, truckId: number, stop: StopRow): Promise<number | null> {
  if (stop.loaded === null || stop.finishedAt === null) return null;
  const [emptied] = await tx
    .select({ id: stops.id })
    .from(stops)
    .innerJoin(routes, eq(routes.id, stops.routeId))
    .where(
      and(
        eq(routes.truckId, truckId),
        eq(stops.kind, 'disposal'),
        eq(stops.state, 'done'),
        gt(stops.finishedAt, stop.finishedAt),
      ),
    );
  if (emptied) return null;
  const [truck] = await tx
    .update(trucks)
    .set({ loadAboard: sql`greatest(0, ${trucks.loadAboard} - ${stop.loaded}::float8)` })
    .where(eq(trucks.id, truckId))
    .returning({ loadAboard: trucks.loadAboard });
  return truck?.loadAboard ?? null;
}

/** A container was last emptied when it was before; the event of its closing knows. */
async function unempty(tx: Tx, stop: StopRow): Promise<void> {
  if (stop.containerId === null) return;
  const [closed] = await tx
    .select({ data: events.data })
    .from(events)
    .where(
      and(eq(events.subjectKind, 'stop'), eq(events.subjectId, stop.id), eq(events.type, 'stop.completed')),
    )
    .orderBy(desc(events.id))
    .limit(1);
  const before = closed?.data.emptiedBefore;
  await tx
    .update(containers)
    .set({ lastEmptiedAt: typeof before === 'string' ? new Date(before) : null })
    .where(eq(containers.id, stop.containerId));
}

async function reopenIncident(tx: Tx, emit: Emit, id: number, stopId: number): Promise<void> {
  const [incident] = await tx
    .update(incidents)
    .set({ state: 'assigned', closedAt: null, outcome: null })
    .where(and(eq(incidents.id, id), eq(incidents.state, 'completed')))
    .returning();
  if (!incident) {
    throw new DomainError('invalid-transition', 'Its incident is not completed.', { incidentId: id });
  }
  emit({
    type: 'incident.reopened',
    subject: { kind: 'incident', id },
    zone: incident.zone,
    data: { stopId },
  });
}
