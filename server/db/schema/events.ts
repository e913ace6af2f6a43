import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Actor } from '../../../shared/actor.ts';
import type { EventType, SubjectKind } from '../../../shared/events.ts';
import type { Rules, Zone } from '../../../shared/rules.ts';
import { instant, ref } from './columns.ts';

/** Append-only: audit, live feed, undo and time machine all rest on it. */
export const events = pgTable(
  'events',
  {
    id: bigint('id', { mode: 'number' }).primaryKey(),
    at: instant('at').notNull().defaultNow(),
    type: text('type').$type<EventType>().notNull(),
    subjectKind: text('subject_kind').$type<SubjectKind>().notNull(),
    subjectId: ref('subject_id').notNull(),
    zone: text('zone').$type<Zone>(),
    actor: jsonb('actor').$type<Actor>().notNull(),
    data: jsonb('data').$type<Record<string, unknown>>().notNull(),
  },
  (t) => [index('events_subject').on(t.subjectKind, t.subjectId, t.id), index('events_at').on(t.at)],
);

/** One row, locked by whoever appends: ids are dense and in commit order. */
export const eventHead = pgTable(
  'event_head',
  { id: integer('id').primaryKey(), lastId: bigint('last_id', { mode: 'number' }).notNull() },
  (t) => [check('event_head_one_row', sql`${t.id} = 1`)],
);

export const rulesVersions = pgTable('rules_versions', {
  version: integer('version').primaryKey(),
  rules: jsonb('rules').$type<Rules>().notNull(),
  at: instant('at').notNull().defaultNow(),
  actor: jsonb('actor').$type<Actor>().notNull(),
});

/** Leadership between server instances: who holds it until when. */
export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  expiresAt: instant('expires_at').notNull(),
});
