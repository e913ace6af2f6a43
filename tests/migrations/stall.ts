import { connectDatabase, type Sql } from '../../server/db/connect.ts';
import { migrateDown, migrateUp, readMigrations } from '../../server/db/migrate.ts';
import { ensureTrackPartitions } from '../../server/db/track-partitions.ts';
import { silentLog } from '../../server/ops/log.ts';
import { fillEveryTable } from './fill.ts';

const DEVICES = 100;
const DAYS = 10;
const FIRST_DAY = new Date('2026-01-10T00:00:00Z');
const DAY_MS = 86_400_000;

export interface Stall {
  /** The migration, and which way. */
  step: string;
  tookMs: number;
  /** The longest that a single write of a tracker, or a read of its truck's day, took meanwhile. */
  longestMs: number;
  writes: number;
}

/**
 * Takes a database full of tracks through every migration, up, down and up again, while a tracker writes and a screen
 * reads without pause.
 * @param rows of `tracks`, over ten days and a hundred devices
 */
export async function measureStalls(databaseUrl: string, rows: number): Promise<Stall[]> {
  const open = () => connectDatabase({ databaseUrl, log: silentLog(), pool: { db: 1, sql: 2 } });
  const [migrator, fleet] = await Promise.all([open(), open()]);
  try {
    const migrations = readMigrations();
    await migrateUp(migrator.sql, migrations.slice(0, 2));
    await fillEveryTable(migrator.sql);
    await fillTracks(migrator.sql, rows);
    const stalls: Stall[] = [];
    for (const n of migrations.keys()) {
      if (n < 2) continue;
      const upTo = migrations.slice(0, n + 1);
      const name = migrations[n]!.name;
      const watched = async (step: string, work: () => Promise<unknown>) =>
        stalls.push({ step: `${name} ${step}`, ...(await beside(fleet.sql, work)) });
      await watched('up', () => migrateUp(migrator.sql, upTo));
      await fillEveryTable(migrator.sql);
      await watched('down', () => migrateDown(migrator.sql));
      await watched('up again', () => migrateUp(migrator.sql, upTo));
    }
    return stalls;
  } finally {
    await Promise.all([migrator.close(), fleet.close()]);
  }
}

/** Days, devices and points as a city's trackers leave them, by the database itself: a million rows in seconds. */
export async function fillTracks(sql: Sql, rows: number): Promise<void> {
  const lastDay = new Date(FIRST_DAY.getTime() + (DAYS - 1) * DAY_MS);
  await ensureTrackPartitions(sql, FIRST_DAY, lastDay);
  const aDay = Math.ceil(rows / DAYS);
  for (let day = 0; day < DAYS; day++) {
    await sql.begin(async (tx) => {
      await tx.unsafe('set local statement_timeout = 0');
      await tx.unsafe(
        `insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed, heading)
         select 1000 + n % ${DEVICES}, (select min(id) from trucks), at, at,
           ST_SetSRID(ST_MakePoint(-78.6 + (n % 1000) * 1e-5, -0.93 + (n % 777) * 1e-5), 4326), 6, n % 360
         from generate_series(0, ${aDay - 1}) n,
           lateral (select timestamptz '${new Date(FIRST_DAY.getTime() + day * DAY_MS).toISOString()}'
             + (n / ${DEVICES}) * interval '1 millisecond' * ${Math.floor(DAY_MS / Math.ceil(aDay / DEVICES))} as at) t`,
      );
    });
  }
  await sql.begin(async (tx) => {
    await tx.unsafe('set local statement_timeout = 0');
    await tx.unsafe('analyze tracks');
  });
}

/** Runs `work` beside a tracker and a screen. */
async function beside(
  sql: Sql,
  work: () => Promise<unknown>,
): Promise<{ tookMs: number; longestMs: number; writes: number }> {
  let isOver = false;
  let longestMs = 0;
  let writes = 0;
  const timed = async (statement: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await statement();
    longestMs = Math.max(longestMs, performance.now() - startedAt);
  };
  const write = async () => {
    for (; !isOver; writes++) {
      const at = new Date(
        FIRST_DAY.getTime() + DAY_MS / 2 + Math.floor(performance.timeOrigin % 1000) + writes,
      );
      await timed(
        () => sql`
        insert into tracks (device_id, truck_id, recorded_at, received_at, geom)
        select 9, min(id), ${at}, now(), ST_SetSRID(ST_MakePoint(-78.6, -0.93), 4326) from trucks
        on conflict do nothing`,
      );
    }
  };
  const read = async () => {
    while (!isOver) {
      await timed(
        () => sql`
        select count(*) from tracks where device_id = 1007
          and recorded_at >= ${FIRST_DAY} and recorded_at < ${new Date(FIRST_DAY.getTime() + DAY_MS / 24)}`,
      );
    }
  };
  const others = Promise.all([write(), read()]);
  const startedAt = performance.now();
  try {
    await work();
    const tookMs = performance.now() - startedAt;
    isOver = true;
    await others;
    return { tookMs, longestMs, writes };
  } finally {
    isOver = true;
    await others.catch(() => undefined);
  }
}

/** Where the rows and the indexes of `tracks` lie: another place means that all of it was written anew. */
export async function filesOfTracks(sql: Sql): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    with parts as (select inhrelid as oid from pg_inherits where inhparent = 'tracks'::regclass)
    select c.relname || ' ' || c.relfilenode as line from pg_class c
    where c.oid in (select oid from parts)
      or c.oid in (select indexrelid from pg_index where indrelid in (select oid from parts))
    order by 1`;
  return rows.map(({ line }) => line);
}
