import type { Sql } from './connect.ts';

/** `tracks` is cut by UTC day. A partition is named `tracks_YYYYMMDD`. */
const NAME = /^tracks_(\d{4})(\d{2})(\d{2})$/;
export const DAY_MS = 86_400_000;
/**
 * Rows of a day being rewritten are prepared in a schema of their own. They are nobody's data until they replace the
 * day's: no backup holds them, and a restore takes them away with the rows they were made of.
 */
export const WORK_SCHEMA = 'history_work';

/**
 * How long a change of a whole partition waits for its lock. Whoever asks for the lock makes all others wait behind it,
 * devices too; a backup that runs reads every partition for as long as it takes.
 */
export const PATIENCE = '1s';
/** True when that patience ended: another time. */
export const isLockTimeout = (error: unknown) => (error as { code?: unknown }).code === '55P03';

const startOfDay = (at: Date) => new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS);
/** The partition's name of a UTC day. */
export const trackPartitionOf = (day: Date) => `tracks_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;

/** A day that must be there is asked for so often, a second each. */
const MOST_TRIES = 5;

/**
 * Makes the partitions of all days from `from` to `to`, both included, that are missing. Safe to call from several
 * instances at once. A day is made beside and then attached: unlike a partition made in its place that neither waits
 * for whoever reads or writes `tracks`, such as a backup, nor makes others wait behind it.
 * @returns the names of those made here
 */
export async function ensureTrackPartitions(sql: Sql, from: Date, to: Date): Promise<string[]> {
  const have = new Set((await listTrackPartitions(sql)).map(({ name }) => name));
  const made: string[] = [];
  for (let day = startOfDay(from); day <= to; day = new Date(day.getTime() + DAY_MS)) {
    const name = trackPartitionOf(day);
    if (have.has(name)) continue;
    if (await makePartition(sql, name, day)) made.push(name);
  }
  return made;
}

/** @returns false when another instance made it */
async function makePartition(sql: Sql, name: string, day: Date): Promise<boolean> {
  const next = new Date(day.getTime() + DAY_MS);
  for (let tries = 1; ; tries++) {
    try {
      await sql.begin(async (tx) => {
        await tx.unsafe(`set local lock_timeout = '${PATIENCE}'`);
        await tx.unsafe(`create table ${name} (like tracks including all)`);
        await tx.unsafe(
          `alter table tracks attach partition ${name}
           for values from ('${day.toISOString()}') to ('${next.toISOString()}')`,
        );
      });
      return true;
    } catch (error) {
      if (isLockTimeout(error) && tries < MOST_TRIES) continue;
      // Of two that make it at the same moment one may lose, on the table, its row type or the catalogue's own unique
      // index: it is there then.
      if (['23505', '42P07', '42710'].includes((error as { code?: string }).code ?? '')) return false;
      throw error;
    }
  }
}

/** The partitions there are, oldest first, each with the instant its day begins. */
export async function listTrackPartitions(sql: Sql): Promise<{ name: string; day: Date }[]> {
  const rows = await sql<{ name: string }[]>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'tracks'::regclass order by c.relname`;
  return rows.flatMap(({ name }) => {
    const parts = NAME.exec(name);
    return parts ? [{ name, day: new Date(`${parts[1]}-${parts[2]}-${parts[3]}T00:00:00Z`) }] : [];
  });
}

/**
 * Drops every partition whose whole day lies before `keepFrom`. While somebody reads all of `tracks` for long, such as a
 * backup, they stay until the next time: to drop one asks for the lock of all.
 * @returns the names of those dropped
 */
export async function dropTrackPartitions(sql: Sql, keepFrom: Date): Promise<string[]> {
  const old = (await listTrackPartitions(sql)).filter(
    ({ day }) => day.getTime() + DAY_MS <= keepFrom.getTime(),
  );
  const dropped: string[] = [];
  for (const { name } of old) {
    try {
      await sql.begin(async (tx) => {
        await tx.unsafe(`set local lock_timeout = '${PATIENCE}'`);
        await tx.unsafe(`drop table if exists ${name}`);
      });
    } catch (error) {
      if (isLockTimeout(error)) break;
      throw error;
    }
    dropped.push(name);
  }
  return dropped;
}
