import { and, eq, inArray } from 'drizzle-orm';
import { SYSTEM, actorLabel, type Actor } from '../../shared/actor.ts';
import { statesBefore, type AlertKind, type AlertView } from '../../shared/alerts.ts';
import { requireRole } from '../access/require.ts';
import type { Tx } from '../db/connect.ts';
import { alerts } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { alertEvent, refusedAlert, toAlertView, type AlertRow } from './alert-record.ts';
import { queueNotices } from './outbox.ts';
import { openAlert } from './raise.ts';

/**
 * Somebody says it is dealt with. If its cause lasts, it is raised anew after the cool-down.
 * @throws DomainError `invalid-transition`, `not-found`
 */
export async function clearAlert(
  store: Store,
  actor: Actor,
  { id, note }: { id: number; note?: string | undefined },
): Promise<AlertView> {
  requireRole(actor, 'operator');
  return commit(store, actor, async (tx, emit) => {
    const row = await closeIn(tx, emit, id, actor, store.clock(), note);
    if (row === null) throw await refusedAlert(tx, id, 'cleared');
    return toAlertView(tx, row);
  });
}

/** It is over by itself. False when nothing of the kind and subject was open. */
export async function clearByItself(store: Store, kind: AlertKind, key: string): Promise<boolean> {
  return commit(store, SYSTEM, async (tx, emit) => {
    const open = await openAlert(tx, kind, key);
    if (open === null) return false;
    return (await closeIn(tx, emit, open.id, SYSTEM, store.clock())) !== null;
  });
}

async function closeIn(
  tx: Tx,
  emit: Emit,
  id: number,
  actor: Actor,
  nowMs: number,
  note?: string,
): Promise<AlertRow | null> {
  const [row] = await tx
    .update(alerts)
    .set({
      state: 'cleared',
      clearedAt: new Date(nowMs),
      clearedBy: actorLabel(actor),
      ...(note === undefined ? {} : { note }),
    })
    .where(and(eq(alerts.id, id), inArray(alerts.state, statesBefore('cleared'))))
    .returning();
  if (!row) return null;
  emit(alertEvent(row, note === undefined ? {} : { note }));
  const isMuted = row.mutedUntil !== null && row.mutedUntil.getTime() > nowMs;
  if (!isMuted) await queueNotices(tx, row, 'cleared', nowMs);
  return row;
}
