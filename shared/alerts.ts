import { z } from 'zod';
import { WATCHED_KINDS } from './alert-rules.ts';
import { DomainError } from './errors.ts';
import { zone } from './rules.ts';

/** Kinds that concern the installation itself: raised by what runs it, for the person who looks after it. */
export const SYSTEM_KINDS = [
  'backup-failed',
  'disk-low',
  'router-down',
  'redis-down',
  'certificate-expiring',
  'delivery-failing',
] as const;
export const systemKind = z.enum(SYSTEM_KINDS);
export type SystemKind = z.infer<typeof systemKind>;

export const ALERT_KINDS = [...WATCHED_KINDS, ...SYSTEM_KINDS] as const;
export const alertKind = z.enum(ALERT_KINDS);
export type AlertKind = z.infer<typeof alertKind>;

/** From the least to the most pressing. */
export const ALERT_LEVELS = ['medium', 'high', 'urgent'] as const;
export const alertLevel = z.enum(ALERT_LEVELS);
export type AlertLevel = z.infer<typeof alertLevel>;

/** True when `level` is at least `least`. */
export function levelReaches(level: AlertLevel, least: AlertLevel): boolean {
  return ALERT_LEVELS.indexOf(level) >= ALERT_LEVELS.indexOf(least);
}

export const ALERT_STATES = ['open', 'acknowledged', 'assigned', 'cleared'] as const;
export const alertState = z.enum(ALERT_STATES);
export type AlertState = z.infer<typeof alertState>;

/** An assigned one may be handed on; a cleared one stays cleared: what comes back is another alert. */
const TRANSITIONS: Readonly<Record<AlertState, readonly AlertState[]>> = {
  open: ['acknowledged', 'assigned', 'cleared'],
  acknowledged: ['assigned', 'cleared'],
  assigned: ['assigned', 'cleared'],
  cleared: [],
};

/** States from which `to` may be reached. */
export function statesBefore(to: AlertState): AlertState[] {
  return ALERT_STATES.filter((from) => TRANSITIONS[from].includes(to));
}

/** @throws DomainError `invalid-transition` */
export function assertAlertTransition(from: AlertState, to: AlertState): void {
  if (!TRANSITIONS[from].includes(to)) {
    throw new DomainError('invalid-transition', `An alert cannot go from ${from} to ${to}.`, { from, to });
  }
}

export const ALERT_SUBJECTS = ['truck', 'device', 'route', 'incident', 'system'] as const;
export type AlertSubjectKind = (typeof ALERT_SUBJECTS)[number];

/** What an alert is about. `id` 0 and a `name` tell one part of the installation from another. */
export interface AlertSubject {
  kind: AlertSubjectKind;
  id: number;
  name?: string;
}

/** The same subject always gives the same key; at most one alert a kind and key is open. */
export function subjectKey({ kind, id, name }: AlertSubject): string {
  return name === undefined ? `${kind}:${id}` : `${kind}:${id}:${name}`;
}

/** Facts that go with an alert: numbers with their unit in the name, plates and codes; never a person's details. */
export type AlertDetails = Record<string, string | number | boolean | null>;

export const DELIVERY_STATES = ['pending', 'sent', 'failed', 'suppressed'] as const;
export const deliveryState = z.enum(DELIVERY_STATES);
export type DeliveryState = z.infer<typeof deliveryState>;

/** Ways out of the room: the browser, a letter, another program. `telegram` is a webhook in that bot's own form. */
export const CHANNEL_KINDS = ['push', 'mail', 'webhook', 'telegram'] as const;
export const channelKind = z.enum(CHANNEL_KINDS);
export type ChannelKind = z.infer<typeof channelKind>;

export const alertView = z.object({
  id: z.number().int(),
  kind: alertKind,
  level: alertLevel,
  state: alertState,
  subject: z.object({ kind: z.enum(ALERT_SUBJECTS), id: z.number().int(), name: z.string().optional() }),
  zone: zone.nullable(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  raisedAt: z.string(),
  /** How often it came again while it was open or had just been cleared. */
  repeats: z.number().int(),
  lastSeenAt: z.string(),
  acknowledgedAt: z.string().nullable(),
  acknowledgedBy: z.string().nullable(),
  assignedTo: z.object({ id: z.number().int(), username: z.string() }).nullable(),
  note: z.string().nullable(),
  mutedUntil: z.string().nullable(),
  clearedAt: z.string().nullable(),
  /** A user's name, or `system` when it was over by itself. */
  clearedBy: z.string().nullable(),
  /** Deliveries by how they stand; what failed says why in `alerts.get`. */
  deliveries: z.object({
    pending: z.number().int(),
    sent: z.number().int(),
    failed: z.number().int(),
    suppressed: z.number().int(),
  }),
});
export type AlertView = z.infer<typeof alertView>;

/** What is sent: a new alert, one that grew worse, one that is over, a trial. */
export const NOTICES = ['raised', 'escalated', 'cleared', 'test'] as const;
export const notice = z.enum(NOTICES);
export type Notice = z.infer<typeof notice>;

export const deliveryView = z.object({
  id: z.number().int(),
  channelId: z.number().int(),
  channel: z.string(),
  kind: channelKind,
  notice,
  state: deliveryState,
  attempts: z.number().int(),
  createdAt: z.string(),
  sentAt: z.string().nullable(),
  nextAttemptAt: z.string().nullable(),
  /** Why it has not arrived: a word of ours (`no-answer`), or what the other side said (`HTTP 503`). */
  lastError: z.string().nullable(),
});
export type DeliveryView = z.infer<typeof deliveryView>;

export const channelView = z.object({
  id: z.number().int(),
  kind: channelKind,
  name: z.string(),
  active: z.boolean(),
  /** null = every kind. */
  kinds: z.array(alertKind).nullable(),
  minLevel: alertLevel,
  language: z.enum(['es', 'en']),
  sendCleared: z.boolean(),
  maxPerHour: z.number().int(),
  /** The person it is for; null for an address of its own. */
  user: z.object({ id: z.number().int(), username: z.string() }).nullable(),
  /** Where it goes, without its secrets: an address, a host, how many browsers. */
  target: z.string(),
  sent: z.number().int(),
  pending: z.number().int(),
  failed: z.number().int(),
  lastSentAt: z.string().nullable(),
  lastError: z.string().nullable(),
});
export type ChannelView = z.infer<typeof channelView>;

const channelBase = {
  name: z.string().trim().min(1).max(100),
  kinds: z.array(alertKind).min(1).max(ALERT_KINDS.length).nullable().default(null),
  minLevel: alertLevel.default('high'),
  language: z.enum(['es', 'en']).default('es'),
  sendCleared: z.boolean().default(false),
  /** More than so many an hour are held back and said so in one notice. */
  maxPerHour: z.number().int().min(1).max(1_000).default(60),
};
const userId = z.number().int().positive();
const webUrl = z.url({ protocol: /^https?$/ }).max(2_000);

/** Where a channel goes. A webhook's secret is made by the server and shown once. */
export const channelInput = z.discriminatedUnion('kind', [
  z.object({ ...channelBase, kind: z.literal('push'), userId }),
  /** To a person's own address, or to one that is given. */
  z.object({
    ...channelBase,
    kind: z.literal('mail'),
    userId: userId.optional(),
    to: z.email().max(200).optional(),
  }),
  z.object({ ...channelBase, kind: z.literal('webhook'), url: webUrl }),
  z.object({
    ...channelBase,
    kind: z.literal('telegram'),
    /** `https://api.telegram.org/bot<token>/sendMessage`. */
    url: webUrl,
    chatId: z.string().trim().min(1).max(64),
  }),
]);
export type ChannelInput = z.input<typeof channelInput>;

/** What may change of a channel; where it goes may not: that would be another one. */
export const channelChange = z.object({
  id: userId,
  active: z.boolean().optional(),
  name: channelBase.name.optional(),
  kinds: z.array(alertKind).min(1).max(ALERT_KINDS.length).nullable().optional(),
  minLevel: alertLevel.optional(),
  language: z.enum(['es', 'en']).optional(),
  sendCleared: z.boolean().optional(),
  maxPerHour: z.number().int().min(1).max(1_000).optional(),
});
export type ChannelChange = z.infer<typeof channelChange>;

/** What a browser's push manager hands over. */
export const pushSubscriptionInput = z.object({
  endpoint: z.url({ protocol: /^https?$/ }).max(1_000),
  p256dh: z.string().regex(/^[A-Za-z0-9_-]{86,88}=?$/),
  auth: z.string().regex(/^[A-Za-z0-9_-]{22,24}={0,2}$/),
  language: z.enum(['es', 'en']).default('es'),
  /** The browser says by itself what was agreed before: a channel that an admin took away stays away. */
  renewal: z.boolean().default(false),
});
export type PushSubscriptionInput = z.input<typeof pushSubscriptionInput>;
