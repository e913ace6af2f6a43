import type { Sql } from '../db/connect.ts';
import { isLockTimeout, PATIENCE } from '../db/track-partitions.ts';

/**
 * Rewrites a day of tracks in the order it is read in: a truck's day then lies in a few hundred pages instead of one page a
 * fix. For days of which no fix can arrive any more: meanwhile nobody else reads or writes that day. The index remembers
 * that it was done.
 * @returns false when it is packed already, or somebody reads the day just now: the next night tries again
 */
export async function packDay(sql: Sql, name: string): Promise<boolean> {
  const index = await truckIndexOf(sql, name);
  if (index === null || index.isPacked) return false;
  try {
    await sql.begin(async (tx) => {
      await tx`set local statement_timeout = '10min'`;
      await tx.unsafe(`set local lock_timeout = '${PATIENCE}'`);
      await tx.unsafe(`cluster ${name} using ${index.name}`);
    });
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
  await sql.unsafe(`analyze ${name}`);
  return true;
}

async function truckIndexOf(sql: Sql, name: string): Promise<{ name: string; isPacked: boolean } | null> {
  const [row] = await sql<{ name: string; isPacked: boolean }[]>`
    select i.indexrelid::regclass::text as name, i.indisclustered as "isPacked"
      from pg_index i
      join pg_inherits h on h.inhrelid = i.indexrelid and h.inhparent = 'tracks_truck'::regclass
     where i.indrelid = ${name}::regclass`;
  return row ?? null;
}
