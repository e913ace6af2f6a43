import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type {
  AlertDetails,
  AlertKind,
  AlertLevel,
  AlertState,
  AlertSubjectKind,
  ChannelKind,
  DeliveryState,
  Notice,
} from '../../../shared/alerts.ts';
import type { Zone } from '../../../shared/rules.ts';
import { users } from './access.ts';
import { id, instant, ref } from './columns.ts';

export const alerts = pgTable(
  'alerts',
  {
    id: id(),
    kind: text('kind').$type<AlertKind>().notNull(),
    level: text('level').$type<AlertLevel>().notNull(),
    subjectKind: text('subject_kind').$type<AlertSubjectKind>().notNull(),
    subjectId: ref('subject_id').notNull(),
    /** Tells parts of the installation apart, which have no row of their own. */
    subjectName: text('subject_name'),
    /** Kind, id and name in one word: at most one alert a kind and key is open. */
    subjectKey: text('subject_key').notNull(),
    zone: text('zone').$type<Zone>(),
    state: text('state').$type<AlertState>().notNull().default('open'),
    details: jsonb('details').$type<AlertDetails>().notNull(),
    raisedAt: instant('raised_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
    /** How often it came again while open, or within the cool-down after it was cleared. */
    repeats: integer('repeats').notNull().default(0),
    acknowledgedAt: instant('acknowledged_at'),
    acknowledgedBy: text('acknowledged_by'),
    assignedTo: ref('assigned_to').references(() => users.id),
    note: text('note'),
    mutedUntil: instant('muted_until'),
    clearedAt: instant('cleared_at'),
    clearedBy: text('cleared_by'),
  },
  (t) => [
    uniqueIndex('alerts_one_open')
      .on(t.kind, t.subjectKey)
      .where(sql`${t.state} <> 'cleared'`),
    index('alerts_subject').on(t.subjectKey, t.kind, t.id),
    index('alerts_raised').on(t.raisedAt),
    check('alerts_state', sql`${t.state} in ('open','acknowledged','assigned','cleared')`),
    check('alerts_level', sql`${t.level} in ('medium','high','urgent')`),
  ],
);

/** Who is told of what outside the room, and where. */
export const alertChannels = pgTable(
  'alert_channels',
  {
    id: id(),
    kind: text('kind').$type<ChannelKind>().notNull(),
    name: text('name').notNull(),
    active: boolean('active').notNull().default(true),
    /** null = every kind. */
    kinds: jsonb('kinds').$type<AlertKind[]>(),
    minLevel: text('min_level').$type<AlertLevel>().notNull(),
    language: text('language').$type<'es' | 'en'>().notNull().default('es'),
    sendCleared: boolean('send_cleared').notNull().default(false),
    maxPerHour: integer('max_per_hour').notNull(),
    /** The person it is for: push goes to that person's browsers, mail to that person's address. */
    userId: ref('user_id').references(() => users.id),
    /** Address, URL and secret by kind; secrets never leave the server. */
    target: jsonb('target').$type<Record<string, string>>().notNull(),
    createdAt: instant('created_at').notNull(),
    removedAt: instant('removed_at'),
  },
  (t) => [check('alert_channels_kind', sql`${t.kind} in ('push','mail','webhook','telegram')`)],
);

/** A browser that agreed to be told; the keys are its own public ones. */
export const pushSubscriptions = pgTable(
  'push_subscriptions',
  {
    id: id(),
    userId: ref('user_id')
      .notNull()
      .references(() => users.id),
    endpoint: text('endpoint').notNull().unique(),
    p256dh: text('p256dh').notNull(),
    auth: text('auth').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [index('push_subscriptions_user').on(t.userId)],
);

/** The outbox: written in the transaction of the alert, emptied at least once. */
export const alertDeliveries = pgTable(
  'alert_deliveries',
  {
    id: id(),
    /** null for a trial. */
    alertId: ref('alert_id').references(() => alerts.id),
    channelId: ref('channel_id')
      .notNull()
      .references(() => alertChannels.id),
    /** The browser it goes to, for push; no reference, for a browser may go away before it. */
    subscriptionId: ref('subscription_id'),
    notice: text('notice').$type<Notice>().notNull(),
    level: text('level').$type<AlertLevel>().notNull(),
    /** The same through all attempts: who receives it twice can tell. */
    messageId: uuid('message_id').notNull().unique(),
    state: text('state').$type<DeliveryState>().notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    createdAt: instant('created_at').notNull(),
    nextAttemptAt: instant('next_attempt_at').notNull(),
    sentAt: instant('sent_at'),
    lastError: text('last_error'),
  },
  (t) => [
    index('alert_deliveries_due')
      .on(t.nextAttemptAt)
      .where(sql`${t.state} = 'pending'`),
    index('alert_deliveries_alert').on(t.alertId),
    index('alert_deliveries_channel').on(t.channelId, t.createdAt),
    check('alert_deliveries_state', sql`${t.state} in ('pending','sent','failed','suppressed')`),
  ],
);

/** Keys the server makes for itself once and all its instances share. */
export const serverKeys = pgTable('server_keys', {
  name: text('name').primaryKey(),
  value: jsonb('value').$type<Record<string, string>>().notNull(),
  createdAt: instant('created_at').notNull(),
});
