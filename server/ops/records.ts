import type { Sql } from '../db/connect.ts';

/** What is recorded of the care of an installation. */
export const RECORD_KINDS = [
  'backup',
  'upload',
  'drill',
  'load-test',
  'security-scan',
  'training',
  'log-sink',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export interface OperationRecord {
  kind: RecordKind;
  at: Date;
  ok: boolean;
  /** Numbers and names of that kind; never a secret. */
  detail: Record<string, unknown>;
  /** A username, or `schedule`. */
  recordedBy: string;
}

/** Either a client or a transaction of it. */
type Client = Pick<Sql, 'unsafe'>;

/** Appends a record. */
export async function record(sql: Client, entry: OperationRecord): Promise<void> {
  await sql.unsafe(
    `insert into operation_records (kind, at, ok, detail, recorded_by)
     values ($1, $2::timestamptz, $3, $4::text::jsonb, $5)`,
    [entry.kind, entry.at.toISOString(), entry.ok, JSON.stringify(entry.detail), entry.recordedBy],
  );
}

/** The newest record of a kind, or the newest good one; null when there is none. */
export async function newest(
  sql: Client,
  kind: RecordKind,
  { good = false } = {},
): Promise<OperationRecord | null> {
  const [row] = await sql.unsafe<
    { at: Date; ok: boolean; detail: Record<string, unknown>; recordedBy: string }[]
  >(
    `select at, ok, detail, recorded_by as "recordedBy" from operation_records
     where kind = $1 and (ok or not $2::boolean) order by at desc, id desc limit 1`,
    [kind, good],
  );
  return row ? { kind, ...row } : null;
}

/** When this database was made: the instant of its first migration. */
export async function installedAt(sql: Client): Promise<Date> {
  const [row] = await sql.unsafe<{ at: Date }[]>(
    'select coalesce(min(applied_at), now()) as at from schema_migrations',
  );
  return row?.at ?? new Date(0);
}
