import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { channelInput, type ChannelInput, type ChannelView } from '../../shared/alerts.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import type { Tx } from '../db/connect.ts';
import { alertChannels, users } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { channelViews } from './channel-view.ts';
import type { ChannelRow } from './outbox.ts';

/**
 * A new way out of the room. A webhook's secret is shown this once.
 * @throws DomainError `not-found` for no such person in use, `invalid-input` for a letter to nobody or to two
 */
export async function createChannel(
  store: Store,
  actor: Actor,
  given: ChannelInput,
): Promise<{ channel: ChannelView; secret: string | null }> {
  requireRole(actor, 'admin');
  const input = channelInput.parse(given);
  const secret = input.kind === 'webhook' ? `whsec_${randomBytes(32).toString('base64url')}` : null;
  return commit(store, actor, async (tx, emit) => {
    const userId = 'userId' in input ? (input.userId ?? null) : null;
    if (userId !== null) await requirePerson(tx, userId, input.kind === 'mail');
    if (input.kind === 'mail' && (userId === null) === (input.to === undefined)) {
      throw new DomainError('invalid-input', 'A letter goes to a person or to an address.', {
        fields: ['to'],
      });
    }
    const row = await insertChannel(tx, emit, store.clock(), {
      kind: input.kind,
      name: input.name,
      kinds: input.kinds,
      minLevel: input.minLevel,
      language: input.language,
      sendCleared: input.sendCleared,
      maxPerHour: input.maxPerHour,
      userId,
      target: {
        ...('url' in input ? { url: input.url } : {}),
        ...('chatId' in input ? { chatId: input.chatId } : {}),
        ...('to' in input && input.to !== undefined ? { to: input.to } : {}),
        ...(secret === null ? {} : { secret }),
      },
    });
    return { channel: (await channelViews(tx, row.id))[0]!, secret };
  });
}

/** The same inside a transaction of the caller. */
export async function insertChannel(
  tx: Tx,
  emit: Emit,
  nowMs: number,
  values: Omit<typeof alertChannels.$inferInsert, 'createdAt'>,
): Promise<ChannelRow> {
  const [row] = await tx
    .insert(alertChannels)
    .values({ ...values, createdAt: new Date(nowMs) })
    .returning();
  emit({
    type: 'channel.created',
    subject: { kind: 'channel', id: row!.id },
    data: {
      kind: row!.kind,
      name: row!.name,
      minLevel: row!.minLevel,
      kinds: row!.kinds,
      ...(row!.userId === null ? {} : { userId: row!.userId }),
    },
  });
  return row!;
}

async function requirePerson(tx: Tx, userId: number, needsAddress: boolean): Promise<void> {
  const [user] = await tx.select().from(users).where(eq(users.id, userId));
  if (!user?.active) throw new DomainError('not-found', 'No such person.', { userId });
  if (needsAddress && user.email === null) {
    throw new DomainError('invalid-input', 'This person has no mail address.', { fields: ['userId'] });
  }
}
