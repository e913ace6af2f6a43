import type { Actor } from '../../shared/actor.ts';
import { assertStopTransition } from '../../shared/plan.ts';
import { commit, type Store } from '../events/store.ts';
import { closeCompleted } from '../incidents/close-completed.ts';
import { finishStop } from './finish-stop.ts';
import { requireRunning } from './require-running.ts';
import { stopToActOn, toStopRecord, type StopRecord } from './stop-record.ts';
import { isRepeated } from './stop-repeated.ts';

/**
 * The work at a stop is done; its incident is completed with it. The same `clientId` again returns the stop unchanged.
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
    assertStopTransition(stop.state, 'done');
    await requireRunning(tx, stop, 'done');
    const done = await finishStop(tx, emit, store.clock(), stop, { clientId });
    if (done.incidentId !== null) await closeCompleted(tx, emit, store.clock(), done.incidentId, null);
    return toStopRecord(done);
  });
}
