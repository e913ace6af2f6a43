import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { assertStopTransition } from '../../shared/plan.ts';
import { incidents, stops } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { reopenVisited } from './stop-reopen.ts';
import { requireRunning } from './require-running.ts';
import { refusedStop, stopToActOn, toStopRecord, type StopRecord } from './stop-record.ts';
import { isRepeated } from './stop-repeated.ts';

/**
 * It could not be done (blocked street, nothing there). The incident has lost its place in the plan and is validated
 * again, for another attempt; nothing came aboard. The same `clientId` again returns the stop unchanged.
 * @throws DomainError `invalid-transition`, `not-yours`, `not-found`
 */
export async function failStop(
  store: Store,
  actor: Actor,
  { stopId, reason, clientId }: { stopId: number; reason: string; clientId?: string | undefined },
): Promise<StopRecord> {
  return commit(store, actor, async (tx, emit) => {
    let stop = await stopToActOn(tx, actor, stopId);
    if (await isRepeated(tx, stop, clientId)) return toStopRecord(stop);
    // Whoever was there knows better than the visit that closed it.
    if (stop.state === 'done' && stop.closedBy === 'visit') stop = await reopenVisited(tx, emit, stop);
    assertStopTransition(stop.state, 'failed');
    const route = await requireRunning(tx, stop, 'failed');
    const [row] = await tx
      .update(stops)
      .set({
        state: 'failed',
        finishedAt: new Date(store.clock()),
        failReason: reason,
        clientId: clientId ?? null,
        closedBy: 'word',
      })
      .where(and(eq(stops.id, stop.id), inArray(stops.state, ['planned', 'enroute'])))
      .returning();
    if (!row) throw refusedStop(stop, 'failed');
    emit({
      type: 'stop.failed',
      subject: { kind: 'stop', id: row.id },
      zone: route.zone,
      data: { routeId: route.id, truckId: route.truckId, kind: row.kind, incidentId: row.incidentId, reason },
    });
    if (row.incidentId !== null) {
      const [incident] = await tx
        .update(incidents)
        .set({ state: 'validated' })
        .where(and(eq(incidents.id, row.incidentId), eq(incidents.state, 'assigned')))
        .returning();
      if (incident) {
        emit({
          type: 'incident.unassigned',
          subject: { kind: 'incident', id: incident.id },
          zone: incident.zone,
          data: { stopId: row.id, reason },
        });
      }
    }
    return toStopRecord(row);
  });
}
