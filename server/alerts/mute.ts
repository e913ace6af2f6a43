import { and, eq, ne } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { AlertView } from '../../shared/alerts.ts';
import { requireRole } from '../access/require.ts';
import type { Tx } from '../db/connect.ts';
import { alerts, assignments, routes } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { alertEvent, refusedAlert, toAlertView, type AlertRow } from './alert-record.ts';
import { shiftEndMs } from './shift-end.ts';

/**
 * Silences one kind of alert about one subject until the shift ends, or lets it speak again: no tone and nothing is
 * sent, also of those that come after it. It stays on the list.
 * @throws DomainError `not-found`, `invalid-transition` when it is cleared
 */
export async function muteAlert(
  store: Store,
  actor: Actor,
  { id, muted }: { id: number; muted: boolean },
): Promise<AlertView> {
  requireRole(actor, 'operator');
  return commit(store, actor, async (tx, emit) => {
    const nowMs = store.clock();
    const [found] = await tx.select().from(alerts).where(eq(alerts.id, id));
    const untilMs = found && muted ? await endOfShift(tx, found, nowMs) : null;
    const [row] = await tx
      .update(alerts)
      .set({ mutedUntil: untilMs === null ? null : new Date(untilMs) })
      .where(and(eq(alerts.id, id), ne(alerts.state, 'cleared')))
      .returning();
    if (!row) throw await refusedAlert(tx, id, 'cleared');
    emit(alertEvent(row, { mutedUntil: row.mutedUntil?.toISOString() ?? null }));
    return toAlertView(tx, row);
  });
}

/** The end of the shift in which its truck drives, else of the room's own. */
async function endOfShift(tx: Tx, alert: AlertRow, nowMs: number): Promise<number> {
  const { rules } = await currentRules(tx);
  if (alert.subjectKind !== 'truck' && alert.subjectKind !== 'route')
    return shiftEndMs(nowMs, null, rules.shiftS);
  const mine = alert.subjectKind === 'truck' ? routes.truckId : routes.id;
  const [running] = await tx
    .select({ startedAt: assignments.startedAt })
    .from(routes)
    .innerJoin(assignments, eq(assignments.routeId, routes.id))
    .where(and(eq(mine, alert.subjectId), eq(routes.state, 'running'), eq(assignments.state, 'started')));
  return shiftEndMs(nowMs, running?.startedAt?.getTime() ?? null, rules.shiftS);
}
