import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { ChannelView } from '../../shared/alerts.ts';
import type { Db, Tx } from '../db/connect.ts';
import { alertChannels, alertDeliveries, pushSubscriptions, users } from '../db/schema/index.ts';
import type { ChannelRow } from './outbox.ts';

/** Channels in use by name, with how their deliveries stand; secrets stay behind. */
export async function channelViews(reader: Db | Tx, only?: number): Promise<ChannelView[]> {
  const rows = await reader
    .select({ channel: alertChannels, username: users.username, email: users.email })
    .from(alertChannels)
    .leftJoin(users, eq(users.id, alertChannels.userId))
    .where(and(isNull(alertChannels.removedAt), only === undefined ? undefined : eq(alertChannels.id, only)))
    .orderBy(asc(alertChannels.name), asc(alertChannels.id));
  if (rows.length === 0) return [];
  const ids = rows.map(({ channel }) => channel.id);
  const counts = await reader
    .select({
      channelId: alertDeliveries.channelId,
      sent: sql<number>`(count(*) filter (where state = 'sent'))::int`,
      pending: sql<number>`(count(*) filter (where state = 'pending'))::int`,
      failed: sql<number>`(count(*) filter (where state = 'failed'))::int`,
      lastSentAt: sql<
        string | null
      >`to_char(max(sent_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
      lastError: sql<
        string | null
      >`(array_agg(last_error order by id desc) filter (where last_error is not null))[1]`,
    })
    .from(alertDeliveries)
    .where(inArray(alertDeliveries.channelId, ids))
    .groupBy(alertDeliveries.channelId);
  const browsers = await reader
    .select({ userId: pushSubscriptions.userId, n: sql<number>`count(*)::int` })
    .from(pushSubscriptions)
    .groupBy(pushSubscriptions.userId);
  const countOf = new Map(counts.map((row) => [row.channelId, row]));
  const browsersOf = new Map(browsers.map((row) => [row.userId, row.n]));
  return rows.map(({ channel, username, email }) => {
    const counted = countOf.get(channel.id);
    return {
      id: channel.id,
      kind: channel.kind,
      name: channel.name,
      active: channel.active,
      kinds: channel.kinds,
      minLevel: channel.minLevel,
      language: channel.language,
      sendCleared: channel.sendCleared,
      maxPerHour: channel.maxPerHour,
      user: channel.userId === null ? null : { id: channel.userId, username: username ?? '' },
      target: targetOf(channel, email, browsersOf.get(channel.userId ?? -1) ?? 0),
      sent: counted?.sent ?? 0,
      pending: counted?.pending ?? 0,
      failed: counted?.failed ?? 0,
      lastSentAt: counted?.lastSentAt ?? null,
      lastError: counted?.lastError ?? null,
    };
  });
}

/** Where it goes, without what must stay secret: of a URL only the host, for its path may be a password. */
function targetOf(channel: ChannelRow, email: string | null, browsers: number): string {
  switch (channel.kind) {
    case 'push':
      return String(browsers);
    case 'mail':
      return channel.target.to ?? email ?? '';
    case 'webhook':
      return new URL(channel.target.url ?? 'http://invalid').host;
    case 'telegram':
      return `${new URL(channel.target.url ?? 'http://invalid').host} · ${channel.target.chatId ?? ''}`;
  }
}
