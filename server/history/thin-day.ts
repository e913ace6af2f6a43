import type { Sql } from '../db/connect.ts';
import { DAY_MS, isLockTimeout, PATIENCE, trackPartitionOf, WORK_SCHEMA } from '../db/track-partitions.ts';
import { keptOf, type ThinnablePoint } from './thin.ts';

/** What thinning a day saved. Bytes with indexes. */
export interface ThinnedDay {
  day: string;
  fixesBefore: number;
  fixesAfter: number;
  bytesBefore: number;
  bytesAfter: number;
}

/**
 * Thins a UTC day of tracks to an error bound: implausible fixes go, of the rest so many that the way stays within
 * `toleranceM` at every instant. One device a step into a table beside, then the day's rows are replaced in one
 * transaction that holds no lock but that day's; a run that was cut off goes on where it was. Only for days of which no
 * fix can arrive any more.
 * @returns null when the day has no rows, was changed or is being read meanwhile, or `goOn` said no
 */
export async function thinDay(
  sql: Sql,
  day: Date,
  toleranceM: number,
  nowMs: number,
  goOn: () => Promise<boolean> = async () => true,
): Promise<ThinnedDay | null> {
  const name = trackPartitionOf(day);
  const work = `${WORK_SCHEMA}.${name}`;
  await sql.unsafe(`create schema if not exists ${WORK_SCHEMA}`);
  await sql.unsafe(`create unlogged table if not exists ${work} (like ${name})`);
  const devices = await sql.unsafe<{ id: number; fixes: number; done: boolean }[]>(
    `select device_id::float8 as id, count(*)::int as fixes,
            exists (select 1 from ${work} w where w.device_id = p.device_id) as done
       from ${name} p group by device_id order by device_id`,
  );
  const fixesBefore = devices.reduce((sum, { fixes }) => sum + fixes, 0);
  if (fixesBefore === 0) {
    await sql.unsafe(`drop table ${work}`);
    return null;
  }
  for (const { id, done } of devices) {
    if (done) continue;
    if (!(await goOn())) return null;
    await thinDevice(sql, name, work, id, day, toleranceM);
  }
  const bytesBefore = await sizeOf(sql, name);
  const isReplaced = await replaceRows(sql, name, work, fixesBefore);
  if (!isReplaced) return null;
  await sql.unsafe(`analyze ${name}`);
  const [after] = await sql.unsafe<{ fixes: number }[]>(`select count(*)::int as fixes from ${name}`);
  const thinned = {
    day: day.toISOString().slice(0, 10),
    fixesBefore,
    fixesAfter: after!.fixes,
    bytesBefore,
    bytesAfter: await sizeOf(sql, name),
  };
  await sql`
    insert into thinned_days (day, tolerance_m, fixes_before, fixes_after, bytes_before, bytes_after, at)
    values (${thinned.day}::date, ${toleranceM}, ${fixesBefore}, ${thinned.fixesAfter}, ${bytesBefore},
            ${thinned.bytesAfter}, to_timestamp(${nowMs}::float8 / 1000))
    on conflict (day) do update
       set tolerance_m = excluded.tolerance_m, fixes_after = excluded.fixes_after, bytes_after = excluded.bytes_after,
           at = excluded.at`;
  return thinned;
}

async function thinDevice(
  sql: Sql,
  name: string,
  work: string,
  deviceId: number,
  day: Date,
  toleranceM: number,
): Promise<void> {
  const track = await sql.unsafe<ThinnablePoint[]>(
    `select round(extract(epoch from recorded_at) * 1000)::float8 as t, ST_Y(geom) as lat, ST_X(geom) as lon, speed,
            ignition
       from ${name} where device_id = $1 and flag is null order by recorded_at`,
    [deviceId],
  );
  const visits = await sql<{ t: number }[]>`
    select round(extract(epoch from v.at) * 1000)::float8 as t
      from (select arrived_at as at, truck_id from visits union all select left_at, truck_id from visits) v
     where v.at >= ${day.toISOString()}::timestamptz
       and v.at < ${new Date(day.getTime() + DAY_MS).toISOString()}::timestamptz
       and v.truck_id in (select truck_id from tracks
                           where device_id = ${deviceId} and recorded_at >= ${day.toISOString()}::timestamptz
                             and recorded_at < ${new Date(day.getTime() + DAY_MS).toISOString()}::timestamptz)`;
  const kept = keptOf(
    track,
    toleranceM,
    visits.map(({ t }) => t),
  ).map((index) => track[index]!.t);
  await sql.unsafe(
    `insert into ${work} select p.* from unnest($2::float8[]) as k(t)
       join ${name} p on p.device_id = $1 and p.recorded_at = to_timestamp(k.t / 1000)`,
    [deviceId, `{${kept.join(',')}}`],
  );
}

/**
 * Swaps the rows, in the order days are read in; false when the day changed since it was counted, when the prepared rows
 * are not all there any more, or when somebody reads the day just now.
 */
async function replaceRows(sql: Sql, name: string, work: string, fixesBefore: number): Promise<boolean> {
  const replacing = sql.begin(async (tx) => {
    await tx.unsafe(`set local lock_timeout = '${PATIENCE}'`);
    // A day of a large fleet takes longer than any request may; it holds up nobody but who reads that day.
    await tx`set local statement_timeout = '10min'`;
    await tx.unsafe(`lock table ${name} in access exclusive mode`);
    const [now] = await tx.unsafe<{ fixes: number }[]>(`select count(*)::int as fixes from ${name}`);
    // An unlogged table is empty after a crash of the database, or on the server that took its place.
    const [lost] = await tx.unsafe(
      `select device_id from ${name} where flag is null except select device_id from ${work} limit 1`,
    );
    const isSame = now!.fixes === fixesBefore && lost === undefined;
    if (isSame) {
      await tx.unsafe(`truncate ${name}`);
      await tx.unsafe(`insert into ${name} select * from ${work} order by truck_id, recorded_at`);
    }
    await tx.unsafe(`drop table ${work}`);
    return isSame;
  }) as Promise<boolean>;
  return replacing.catch((error: unknown) => {
    if (isLockTimeout(error)) return false;
    throw error;
  });
}

async function sizeOf(sql: Sql, name: string): Promise<number> {
  const [row] = await sql.unsafe<{ bytes: number }[]>(
    `select pg_total_relation_size('${name}')::float8 as bytes`,
  );
  return row!.bytes;
}
