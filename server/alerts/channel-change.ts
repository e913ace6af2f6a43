import { and, eq, isNull } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { channelChange, type ChannelChange, type ChannelView } from '../../shared/alerts.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import { alertChannels, alertDeliveries } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { channelViews } from './channel-view.ts';

/**
 * Who is told of what, from now on.
 * @throws DomainError `not-found`
 */
export async function updateChannel(store: Store, actor: Actor, given: ChannelChange): Promise<ChannelView> {
  requireRole(actor, 'admin');
  const { id, ...asked } = channelChange.parse(given);
  const set = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return commit(store, actor, async (tx, emit) => {
    const [before] = await tx
      .select()
      .from(alertChannels)
      .where(and(eq(alertChannels.id, id), isNull(alertChannels.removedAt)))
      .for('update');
    if (!before) throw new DomainError('not-found', 'No such channel.', { id });
    if (Object.keys(set).length > 0) {
      await tx.update(alertChannels).set(set).where(eq(alertChannels.id, id));
      const was = before as Record<string, unknown>;
      emit({
        type: 'channel.updated',
        subject: { kind: 'channel', id },
        data: {
          name: before.name,
          before: Object.fromEntries(Object.keys(set).map((key) => [key, was[key]])),
          after: set,
        },
      });
    }
    return (await channelViews(tx, id))[0]!;
  });
}

/**
 * Takes a channel away; what was still to be sent through it is not.
 * @throws DomainError `not-found`
 */
export async function removeChannel(store: Store, actor: Actor, id: number): Promise<{ id: number }> {
  requireRole(actor, 'admin');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(alertChannels)
      // Its address and secret go with it.
      .set({ removedAt: new Date(store.clock()), active: false, target: {} })
      .where(and(eq(alertChannels.id, id), isNull(alertChannels.removedAt)))
      .returning();
    if (!row) throw new DomainError('not-found', 'No such channel.', { id });
    await tx
      .update(alertDeliveries)
      .set({ state: 'failed', lastError: 'removed' })
      .where(and(eq(alertDeliveries.channelId, id), eq(alertDeliveries.state, 'pending')));
    emit({
      type: 'channel.removed',
      subject: { kind: 'channel', id },
      data: { kind: row.kind, name: row.name },
    });
    return { id };
  });
}
