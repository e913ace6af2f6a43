import { eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { AlertView } from '../../shared/alerts.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import { alerts } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { alertEvent, toAlertView } from './alert-record.ts';

/**
 * Writes the note of an alert, in any state; what stood there before stays in its story.
 * @throws DomainError `not-found`
 */
export async function annotateAlert(
  store: Store,
  actor: Actor,
  { id, note }: { id: number; note: string },
): Promise<AlertView> {
  requireRole(actor, 'operator');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx.update(alerts).set({ note }).where(eq(alerts.id, id)).returning();
    if (!row) throw new DomainError('not-found', 'No such alert.', { id });
    emit(alertEvent(row, { note, noted: true }));
    return toAlertView(tx, row);
  });
}
