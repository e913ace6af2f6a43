import { randomUUID } from 'node:crypto';
import { and, eq, gt, inArray, isNull, ne, sql } from 'drizzle-orm';
import { levelReaches, type Notice } from '../../shared/alerts.ts';
import { roleCovers, type Role } from '../../shared/actor.ts';
import type { Tx } from '../db/connect.ts';
import { alertChannels, alertDeliveries, pushSubscriptions, users } from '../db/schema/index.ts';
import type { AlertRow } from './alert-record.ts';

export type ChannelRow = typeof alertChannels.$inferSelect;

const HOUR_MS = 3_600_000;

/** True when a channel wants to hear of an alert. */
export function channelWants(
  channel: Pick<ChannelRow, 'kinds' | 'minLevel'>,
  alert: Pick<AlertRow, 'kind' | 'level'>,
): boolean {
  return (
    levelReaches(alert.level, channel.minLevel) &&
    (channel.kinds === null || channel.kinds.includes(alert.kind))
  );
}

/** False for a person who left, and by push, which people of the room take for themselves, once they are not of it. */
export function mayBeTold({
  channel,
  userActive,
  userRole,
}: {
  channel: Pick<ChannelRow, 'kind'>;
  userActive: boolean | null;
  userRole: Role | null;
}): boolean {
  if (userActive === false) return false;
  return channel.kind !== 'push' || userRole === null || roleCovers(userRole, 'operator');
}

/**
 * Writes what is to be sent of an alert, in the alert's own transaction: either both are there or neither. A channel
 * that sent its fill this hour holds the rest back, visibly; the end of an alert is told only where its beginning was.
 */
export async function queueNotices(tx: Tx, alert: AlertRow, notice: Notice, nowMs: number): Promise<void> {
  const candidates = await tx
    .select({ channel: alertChannels, userActive: users.active, userRole: users.role })
    .from(alertChannels)
    .leftJoin(users, eq(users.id, alertChannels.userId))
    .where(and(eq(alertChannels.active, true), isNull(alertChannels.removedAt)));
  const told = notice === 'cleared' ? await channelsTold(tx, alert.id) : null;
  const wanted = candidates.flatMap((candidate) => {
    const { channel } = candidate;
    if (!channelWants(channel, alert) || !mayBeTold(candidate)) return [];
    if (told !== null && !(channel.sendCleared && told.has(channel.id))) return [];
    return [channel];
  });
  if (wanted.length === 0) return;
  const sentThisHour = await countedSince(tx, wanted, nowMs - HOUR_MS);
  const rows: (typeof alertDeliveries.$inferInsert)[] = [];
  for (const channel of wanted) {
    const isFull = (sentThisHour.get(channel.id) ?? 0) >= channel.maxPerHour;
    const row = {
      alertId: alert.id,
      channelId: channel.id,
      notice,
      level: alert.level,
      createdAt: new Date(nowMs),
      nextAttemptAt: new Date(nowMs),
      ...(isFull ? { state: 'suppressed' as const, lastError: 'rate-limit' } : {}),
    };
    for (const subscriptionId of await receiversOf(tx, channel)) {
      rows.push({ ...row, subscriptionId, messageId: randomUUID() });
    }
  }
  if (rows.length > 0) await tx.insert(alertDeliveries).values(rows);
}

/** One delivery a browser for push, one for everything else. */
export async function receiversOf(tx: Tx, channel: ChannelRow): Promise<(number | null)[]> {
  if (channel.kind !== 'push') return [null];
  if (channel.userId === null) return [];
  const rows = await tx
    .select({ id: pushSubscriptions.id })
    .from(pushSubscriptions)
    .where(eq(pushSubscriptions.userId, channel.userId))
    .orderBy(pushSubscriptions.id);
  return rows.map((row) => row.id);
}

async function channelsTold(tx: Tx, alertId: number): Promise<Set<number>> {
  const rows = await tx
    .select({ channelId: alertDeliveries.channelId })
    .from(alertDeliveries)
    .where(and(eq(alertDeliveries.alertId, alertId), ne(alertDeliveries.state, 'suppressed')));
  return new Set(rows.map((row) => row.channelId));
}

async function countedSince(
  tx: Tx,
  channels: readonly ChannelRow[],
  sinceMs: number,
): Promise<Map<number, number>> {
  const rows = await tx
    .select({ channelId: alertDeliveries.channelId, n: sql<number>`count(distinct alert_id)::int` })
    .from(alertDeliveries)
    .where(
      and(
        inArray(
          alertDeliveries.channelId,
          channels.map((channel) => channel.id),
        ),
        gt(alertDeliveries.createdAt, new Date(sinceMs)),
        ne(alertDeliveries.state, 'suppressed'),
        ne(alertDeliveries.notice, 'cleared'),
      ),
    )
    .groupBy(alertDeliveries.channelId);
  return new Map(rows.map((row) => [row.channelId, row.n]));
}
