import { and, eq, inArray, sql } from 'drizzle-orm';
import { actorLabel, roleCovers, type Actor } from '../../shared/actor.ts';
import { statesBefore, type AlertView } from '../../shared/alerts.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import { alerts, users } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { alertEvent, refusedAlert, toAlertView } from './alert-record.ts';

/**
 * Gives it to a person of the room, or hands it on; whoever assigns has thereby seen it.
 * @throws DomainError `invalid-transition`, `not-found` (alert, or no such person of the room)
 */
export async function assignAlert(
  store: Store,
  actor: Actor,
  { id, userId, note }: { id: number; userId: number; note?: string | undefined },
): Promise<AlertView> {
  requireRole(actor, 'operator');
  return commit(store, actor, async (tx, emit) => {
    const [user] = await tx.select().from(users).where(eq(users.id, userId));
    if (!user?.active || !roleCovers(user.role, 'operator')) {
      throw new DomainError('not-found', 'No such person in the room.', { userId });
    }
    const nowIso = new Date(store.clock()).toISOString();
    const [row] = await tx
      .update(alerts)
      .set({
        state: 'assigned',
        assignedTo: userId,
        acknowledgedAt: sql`coalesce(${alerts.acknowledgedAt}, ${nowIso}::timestamptz)`,
        acknowledgedBy: sql`coalesce(${alerts.acknowledgedBy}, ${actorLabel(actor)}::text)`,
        ...(note === undefined ? {} : { note }),
      })
      .where(and(eq(alerts.id, id), inArray(alerts.state, statesBefore('assigned'))))
      .returning();
    if (!row) throw await refusedAlert(tx, id, 'assigned');
    emit(alertEvent(row, { assignedTo: userId, ...(note === undefined ? {} : { note }) }));
    return toAlertView(tx, row);
  });
}
