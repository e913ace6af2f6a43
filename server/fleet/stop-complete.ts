import { eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { assertStopTransition } from '../../shared/plan.ts';
import type { Tx } from '../db/connect.ts';
import { stops } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { closeCompleted } from '../incidents/close-completed.ts';
import { finishStop } from './finish-stop.ts';
import { requireRunning } from './require-running.ts';
import { stopToActOn, toStopRecord, type StopRecord, type StopRow } from './stop-record.ts';
import { isRepeated } from './stop-repeated.ts';

/**
 * The work at a stop is done; its incident is completed with it. The same `clientId` again returns the stop unchanged. One
 * that a visit had closed already is confirmed by it.
 * @throws DomainError `invalid-transition`, `not-yours`, `not-found`
 */
export async function completeStop(
  store: Store,
  actor: Actor,
  { stopId, clientId }: { stopId: number; clientId?: string | undefined },
): Promise<StopRecord> {
  return commit(store, actor, async (tx, emit) => {
    const stop = await stopToActOn(tx, actor, stopId);
    if (await isRepeated(tx, stop, clientId)) return toStopRecord(stop);
    if (stop.state === 'done' && stop.closedBy === 'visit') return confirmVisited(tx, emit, stop, clientId);
    assertStopTransition(stop.state, 'done');
    await requireRunning(tx, stop, 'done');
    const done = await finishStop(tx, emit, store.clock(), stop, { clientId });
    if (done.incidentId !== null) await closeCompleted(tx, emit, store.clock(), done.incidentId, null);
    return toStopRecord(done);
  });
}

/** The word comes after the visit: it adds to the evidence and changes nothing else. */
async function confirmVisited(
  tx: Tx,
  emit: Emit,
  stop: StopRow,
  clientId: string | undefined,
): Promise<StopRecord> {
  const [row] = await tx
    .update(stops)
    .set({ closedBy: 'word', clientId: clientId ?? null })
    .where(eq(stops.id, stop.id))
    .returning();
  emit({
    type: 'stop.confirmed',
    subject: { kind: 'stop', id: stop.id },
    data: { routeId: stop.routeId, kind: stop.kind, incidentId: stop.incidentId },
  });
  return toStopRecord(row ?? stop);
}
