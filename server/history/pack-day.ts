import type { Sql } from '../db/connect.ts';

/**
 * Rewrites a day of tracks in the order it is read in: a truck's day then lies in a few hundred pages instead of one page a
 * fix. For days of which no fix can arrive any more: meanwhile nobody else reads or writes that day. The index remembers
 * that it was done.
 */
export async function packDay(sql: Sql, name: string): Promise<void> {
  const index = await truckIndexOf(sql, name);
  if (index === null || index.isPacked) return;
  await sql.begin(async (tx) => {
    await tx`set local statement_timeout = '10min'`;
    await tx.unsafe(`cluster ${name} using ${index.name}`);
  });
  await sql.unsafe(`analyze ${name}`);
}

async function truckIndexOf(sql: Sql, name: string): Promise<{ name: string; isPacked: boolean } | null> {
  const [row] = await sql<{ name: string; isPacked: boolean }[]>`
    select i.indexrelid::regclass::text as name, i.indisclustered as "isPacked"
      from pg_index i
      join pg_inherits h on h.inhrelid = i.indexrelid and h.inhparent = 'tracks_truck'::regclass
     where i.indrelid = ${name}::regclass`;
  return row ?? null;
}
