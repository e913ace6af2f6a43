import { boolean, index, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { id, instant } from './columns.ts';

/** What was done to keep the installation: backups, uploads, drills, trainings, tests. Append-only. */
export const operationRecords = pgTable(
  'operation_records',
  {
    id: id(),
    /** A word of `RECORD_KINDS` in server/ops/records.ts. */
    kind: text('kind').notNull(),
    at: instant('at').notNull(),
    ok: boolean('ok').notNull(),
    /** Numbers and names of that kind; never a secret. */
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull(),
    /** Who says so: a username, or `schedule`. */
    recordedBy: text('recorded_by').notNull(),
  },
  (t) => [index('operation_records_newest').on(t.kind, t.at.desc())],
);
