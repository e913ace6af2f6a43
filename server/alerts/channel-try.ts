import { randomUUID } from 'node:crypto';
import { and, eq, isNull } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import { alertChannels, alertDeliveries } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { receiversOf } from './outbox.ts';

/**
 * Sends a trial through a channel, switched off or not; how it went is read with its deliveries.
 * @throws DomainError `not-found`; `invalid-input` for push when none of the person's browsers agreed to be told
 */
export async function tryChannel(store: Store, actor: Actor, id: number): Promise<{ deliveryIds: number[] }> {
  requireRole(actor, 'admin');
  return commit(store, actor, async (tx, emit) => {
    const [channel] = await tx
      .select()
      .from(alertChannels)
      .where(and(eq(alertChannels.id, id), isNull(alertChannels.removedAt)));
    if (!channel) throw new DomainError('not-found', 'No such channel.', { id });
    const receivers = await receiversOf(tx, channel);
    if (receivers.length === 0)
      throw new DomainError('invalid-input', 'No browser of this person agreed to be told.', { id });
    const now = new Date(store.clock());
    const rows = await tx
      .insert(alertDeliveries)
      .values(
        receivers.map((subscriptionId) => ({
          channelId: id,
          subscriptionId,
          notice: 'test' as const,
          level: 'medium' as const,
          messageId: randomUUID(),
          createdAt: now,
          nextAttemptAt: now,
        })),
      )
      .returning({ id: alertDeliveries.id });
    emit({
      type: 'channel.tried',
      subject: { kind: 'channel', id },
      data: { kind: channel.kind, name: channel.name },
    });
    return { deliveryIds: rows.map((row) => row.id) };
  });
}

/**
 * Tries again what was given up.
 * @throws DomainError `not-found` when it was not given up
 */
export async function retryDelivery(store: Store, actor: Actor, id: number): Promise<{ id: number }> {
  requireRole(actor, 'admin');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(alertDeliveries)
      .set({ state: 'pending', attempts: 0, nextAttemptAt: new Date(store.clock()) })
      .where(and(eq(alertDeliveries.id, id), eq(alertDeliveries.state, 'failed')))
      .returning({ channelId: alertDeliveries.channelId, alertId: alertDeliveries.alertId });
    if (!row) throw new DomainError('not-found', 'No delivery that was given up.', { id });
    emit({
      type: 'channel.retried',
      subject: { kind: 'channel', id: row.channelId },
      data: { deliveryId: id, ...(row.alertId === null ? {} : { alertId: row.alertId }) },
    });
    return { id };
  });
}
