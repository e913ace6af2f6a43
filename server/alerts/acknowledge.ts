import { and, eq, inArray } from 'drizzle-orm';
import { actorLabel, type Actor } from '../../shared/actor.ts';
import { statesBefore, type AlertView } from '../../shared/alerts.ts';
import { requireRole } from '../access/require.ts';
import { alerts } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { alertEvent, refusedAlert, toAlertView } from './alert-record.ts';

/**
 * Somebody has seen it.
 * @throws DomainError `invalid-transition`, `not-found`
 */
export async function acknowledgeAlert(
  store: Store,
  actor: Actor,
  { id, note }: { id: number; note?: string | undefined },
): Promise<AlertView> {
  requireRole(actor, 'operator');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(alerts)
      .set({
        state: 'acknowledged',
        acknowledgedAt: new Date(store.clock()),
        acknowledgedBy: actorLabel(actor),
        ...(note === undefined ? {} : { note }),
      })
      .where(and(eq(alerts.id, id), inArray(alerts.state, statesBefore('acknowledged'))))
      .returning();
    if (!row) throw await refusedAlert(tx, id, 'acknowledged');
    emit(alertEvent(row, note === undefined ? {} : { note }));
    return toAlertView(tx, row);
  });
}
