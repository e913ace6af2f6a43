import { and, eq, ne } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { assertStopTransition } from '../../shared/plan.ts';
import { stops } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { requireRunning } from './require-running.ts';
import { refusedStop, stopToActOn, toStopRecord, type StopRecord } from './stop-record.ts';

/**
 * The truck sets out for a stop, which from now on no plan moves. A truck drives to one stop at a time.
 * @throws DomainError `invalid-transition`, `not-yours`, `not-found`
 */
export async function departForStop(store: Store, actor: Actor, stopId: number): Promise<StopRecord> {
  return commit(store, actor, async (tx, emit) => {
    const stop = await stopToActOn(tx, actor, stopId);
    if (stop.state === 'enroute') return toStopRecord(stop);
    assertStopTransition(stop.state, 'enroute');
    const route = await requireRunning(tx, stop, 'enroute');
    const [other] = await tx
      .select({ id: stops.id })
      .from(stops)
      .where(and(eq(stops.routeId, route.id), eq(stops.state, 'enroute'), ne(stops.id, stop.id)));
    if (other) throw refusedStop(stop, 'enroute', `The truck is on its way to stop ${other.id}.`);
    const [row] = await tx
      .update(stops)
      .set({ state: 'enroute', departedAt: new Date(store.clock()) })
      .where(and(eq(stops.id, stop.id), eq(stops.state, 'planned')))
      .returning();
    if (!row) throw refusedStop(stop, 'enroute');
    emit({
      type: 'stop.departed',
      subject: { kind: 'stop', id: stop.id },
      zone: route.zone,
      data: { routeId: route.id, truckId: route.truckId, kind: row.kind, incidentId: row.incidentId },
    });
    return toStopRecord(row);
  });
}
