import { and, desc, eq, inArray, isNull } from 'drizzle-orm';
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
 * of the person's own is made, which an admin may change.
 */
export async function subscribePush(
  store: Store,
  actor: Actor,
  given: PushSubscriptionInput,
): Promise<{ id: number }> {
  requireRole(actor, 'operator');
  const input = pushSubscriptionInput.parse(given);
  if (actor.kind !== 'user') throw new DomainError('not-signed-in', 'A browser belongs to a person.');
  return commit(store, actor, async (tx, emit) => {
    const values = { userId: actor.id, p256dh: input.p256dh, auth: input.auth };
    const [row] = await tx
      .insert(pushSubscriptions)
      .values({ ...values, endpoint: input.endpoint, createdAt: new Date(store.clock()) })
      .onConflictDoUpdate({ target: pushSubscriptions.endpoint, set: values })
      .returning({ id: pushSubscriptions.id });
    const mine = await tx
      .select({ id: pushSubscriptions.id })
      .from(pushSubscriptions)
      .where(eq(pushSubscriptions.userId, actor.id))
      .orderBy(desc(pushSubscriptions.id));
    const tooMany = mine.slice(MAX_BROWSERS).map(({ id }) => id);
    if (tooMany.length > 0) await tx.delete(pushSubscriptions).where(inArray(pushSubscriptions.id, tooMany));
    const [channel] = await tx
      .select({ id: alertChannels.id })
      .from(alertChannels)
      .where(
        and(
          eq(alertChannels.kind, 'push'),
          eq(alertChannels.userId, actor.id),
          isNull(alertChannels.removedAt),
        ),
      );
    if (!channel) {
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
    return row!;
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
