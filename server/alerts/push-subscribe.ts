import { and, desc, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { pushSubscriptionInput, type PushSubscriptionInput } from '../../shared/alerts.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import { alertChannels, pushSubscriptions } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { insertChannel } from './channel-create.ts';

/** Browsers kept of one person; the oldest makes room. */
const MAX_BROWSERS = 10;
const FIRST_MIN_LEVEL = 'high';

/**
 * This browser of a person of the room agrees to be told. It belongs to whoever said so last; the first time a channel
 * of the person's own is made, which an admin may change or take away. One that was taken away comes back when the
 * person asks for it, not when a browser renews what it was told before.
 *
 * @returns whether the browser will be told
 */
export async function subscribePush(
  store: Store,
  actor: Actor,
  given: PushSubscriptionInput,
): Promise<{ told: boolean }> {
  requireRole(actor, 'operator');
  const input = pushSubscriptionInput.parse(given);
  if (actor.kind !== 'user') throw new DomainError('not-signed-in', 'A browser belongs to a person.');
  return commit(store, actor, async (tx, emit) => {
    const pushChannels = await tx
      .select({ removedAt: alertChannels.removedAt })
      .from(alertChannels)
      .where(and(eq(alertChannels.kind, 'push'), eq(alertChannels.userId, actor.id)));
    const hasChannel = pushChannels.some(({ removedAt }) => removedAt === null);
    if (input.renewal && !hasChannel && pushChannels.length > 0) {
      // Nor is this person's screen told any more what was meant for whoever used it before.
      await tx.delete(pushSubscriptions).where(eq(pushSubscriptions.endpoint, input.endpoint));
      return { told: false };
    }
    const values = { userId: actor.id, p256dh: input.p256dh, auth: input.auth };
    await tx
      .insert(pushSubscriptions)
      .values({ ...values, endpoint: input.endpoint, createdAt: new Date(store.clock()) })
      .onConflictDoUpdate({ target: pushSubscriptions.endpoint, set: values });
    const mine = await tx
      .select({ id: pushSubscriptions.id })
      .from(pushSubscriptions)
      .where(eq(pushSubscriptions.userId, actor.id))
      .orderBy(desc(pushSubscriptions.id));
    const tooMany = mine.slice(MAX_BROWSERS).map(({ id }) => id);
    if (tooMany.length > 0) await tx.delete(pushSubscriptions).where(inArray(pushSubscriptions.id, tooMany));
    if (!hasChannel) {
      await insertChannel(tx, emit, store.clock(), {
        kind: 'push',
        name: actor.username,
        kinds: null,
        minLevel: FIRST_MIN_LEVEL,
        language: input.language,
        maxPerHour: 60,
        userId: actor.id,
        target: {},
      });
    }
    return { told: true };
  });
}

/** This browser is told no more. */
export async function unsubscribePush(
  store: Store,
  actor: Actor,
  endpoint: string,
): Promise<{ removed: boolean }> {
  requireRole(actor, 'operator');
  if (actor.kind !== 'user') throw new DomainError('not-signed-in', 'A browser belongs to a person.');
  const rows = await store.database.db
    .delete(pushSubscriptions)
    .where(and(eq(pushSubscriptions.endpoint, endpoint), eq(pushSubscriptions.userId, actor.id)))
    .returning({ id: pushSubscriptions.id });
  return { removed: rows.length > 0 };
}
