import { parseArgs } from 'node:util';
import { connectDatabase, type Database } from '../server/db/connect.ts';
import { migrateUp } from '../server/db/migrate.ts';
import { DAY_MS, trackPartitionOf } from '../server/db/track-partitions.ts';
import { packDay } from '../server/history/pack-day.ts';
import { thinDay } from '../server/history/thin-day.ts';
import { silentLog } from '../server/ops/log.ts';
import { trackOf } from '../server/telemetry/tracks.ts';
import { DEFAULT_RULES } from '../shared/rules.ts';
import { startCluster } from '../tests/database/cluster.ts';
import { rounded } from './processes.ts';

/**
 * How long the track of one truck and day takes among many millions of fixes, what a fix costs on disk, and what it costs
 * once its day was thinned: a PostgreSQL cluster of its own under the temporary folder, filled by SQL, deleted at the end.
 * `--rows N` (50,000,000) `--trucks N` (200) `--every S` (5: seconds between fixes) `--hours H` (10 a day);
 * the last line is JSON.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '50000000' },
    trucks: { type: 'string', default: '200' },
    every: { type: 'string', default: '5' },
    hours: { type: 'string', default: '10' },
    samples: { type: 'string', default: '60' },
  },
});
const trucks = Number(values.trucks);
const everyS = Number(values.every);
const fixesADay = Math.floor((Number(values.hours) * 3_600) / everyS);
const days = Math.max(1, Math.ceil(Number(values.rows) / (trucks * fixesADay)));
const samples = Number(values.samples);
const FIRST_DAY = Date.parse('2026-01-05T00:00:00Z');
const BEGIN_S = 11 * 3_600;
const PATHS = 24;

const dayAt = (index: number) => new Date(FIRST_DAY + index * DAY_MS);
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Shifts as crews drive them: blocks of streets with a turn every minute or less, then a stand of some minutes. */
async function drawPaths({ sql }: Database): Promise<void> {
  await sql`
    create unlogged table bench_paths as
    with step as (
      select p, n, floor(n * ${everyS}::float8 / 45)::int as street, (n * ${everyS}) % 540 >= 330 as stands
        from generate_series(1, ${PATHS}::int) p, generate_series(0, ${fixesADay - 1}::int) n),
    turned as (
      select p, n, stands, (('x' || md5(p || ':' || street))::bit(16)::int % 4) * pi() / 2 as bearing,
             4 + ('x' || md5(street || ':' || p))::bit(16)::int % 9 as speed
        from step)
    select p::int as path, n::int as n, case when stands then 0 else speed end::real as speed,
           degrees(bearing)::real as heading,
           -0.93 + sum(case when stands then 0 else speed * ${everyS} * cos(bearing) end)
                     over (partition by p order by n) / 111195 as lat,
           -78.61 + sum(case when stands then 0 else speed * ${everyS} * sin(bearing) end)
                      over (partition by p order by n) / 111195 as lon
      from turned`;
  await sql`create index on bench_paths (n, path)`;
}

/** A day of all trucks in the order it would arrive, indexes made when it is there. */
async function fillDay({ sql }: Database, index: number): Promise<void> {
  const day = dayAt(index);
  const name = trackPartitionOf(day);
  // The receiver's noise: the sum of uniform numbers is nearly a bell, of 2.5 m.
  const noise = `(random() + random() + random() + random() - 2) * 4.3 / 111195`;
  const insert = `
    insert into ${name} (device_id, truck_id, recorded_at, received_at, geom, speed, heading, accuracy, battery, ignition, flag)
    select t.id, t.id, at.at, at.at + interval '0.4 s',
           ST_SetSRID(ST_MakePoint(w.lon + ${noise}, w.lat + ${noise}), 4326),
           w.speed, w.heading, 5, 0.9, true, case when random() < 0.0005 then 'jump' end
      from bench_paths w
      join generate_series(1, ${trucks}) t(id) on w.path = (t.id + ${index}) % ${PATHS} + 1
      cross join lateral (
        select to_timestamp(${day.getTime() / 1_000 + BEGIN_S} + w.n * ${everyS} + (t.id % 10) / 10.0) as at) at
     order by w.n`;
  await sql.begin(async (tx) => {
    await tx`set local statement_timeout = 0`;
    await tx.unsafe(`create table ${name} (like tracks including defaults)`);
    await tx.unsafe(insert);
    await tx.unsafe(`alter table tracks attach partition ${name}
      for values from ('${day.toISOString()}') to ('${dayAt(index + 1).toISOString()}')`);
  });
  await sql.unsafe(`analyze ${name}`);
}

interface Timed {
  p50: number;
  p95: number;
  /** This process's own work for one: the machine may be busy otherwise. */
  cpu: number;
}

/** The product's own query, over trucks and days drawn at random. */
async function timeDays(database: Database, picks: readonly (readonly [number, number])[]): Promise<Timed> {
  const times: number[] = [];
  const before = process.cpuUsage();
  for (const [truckId, index] of picks) {
    const startedMs = performance.now();
    const { fixes } = await trackOf(
      database,
      truckId,
      dayAt(index),
      new Date(dayAt(index + 1).getTime() - 1),
    );
    times.push(performance.now() - startedMs);
    if (fixes.length !== fixesADay) throw new Error(`${fixes.length} fixes instead of ${fixesADay}`);
  }
  times.sort((a, b) => a - b);
  const { user, system } = process.cpuUsage(before);
  return {
    cpu: (user + system) / 1_000 / picks.length,
    p50: times[Math.floor(times.length / 2)]!,
    p95: times[Math.floor(times.length * 0.95)]!,
  };
}

/** What the database says the rows alone take, without sending them: the best of five. */
async function explainDay({ sql }: Database, [truckId, index]: readonly [number, number]): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const [row] = await sql.unsafe<
      { 'QUERY PLAN': { 'Planning Time': number; 'Execution Time': number }[] }[]
    >(
      `explain (analyze, timing off, format json)
       select recorded_at, ST_Y(geom), ST_X(geom), speed, heading, accuracy, flag from tracks
        where truck_id = ${truckId} and recorded_at between '${dayAt(index).toISOString()}'
          and '${new Date(dayAt(index + 1).getTime() - 1).toISOString()}' order by recorded_at, device_id`,
    );
    const [plan] = row!['QUERY PLAN'];
    best = Math.min(best, plan!['Planning Time'] + plan!['Execution Time']);
  }
  return rounded(best);
}

async function bytesOf({ sql }: Database): Promise<{ bytes: number; rows: number }> {
  const [row] = await sql<{ bytes: number; rows: number }[]>`
    select sum(pg_total_relation_size(inhrelid))::float8 as bytes,
           sum((select reltuples from pg_class where oid = inhrelid))::float8 as rows
      from pg_inherits where inhparent = 'tracks'::regclass`;
  return row!;
}

async function run(database: Database): Promise<object> {
  const { sql } = database;
  await migrateUp(sql);
  await sql`
    insert into trucks (plate, type, capacity)
    select 'BEN-' || lpad(n::text, 4, '0'), 'posterior', 25 from generate_series(1, ${trucks}::int) n`;
  await drawPaths(database);
  const startedMs = performance.now();
  for (let index = 0; index < days; index++) {
    await fillDay(database, index);
    const rows = (index + 1) * trucks * fixesADay;
    say(
      `day ${index + 1} of ${days}: ${rows} rows, ${Math.round((performance.now() - startedMs) / 1_000)} s`,
    );
  }
  await sql`checkpoint`;
  const picks = Array.from(
    { length: samples },
    (_, i) => [1 + ((i * 7_919) % trucks), (i * 104_729) % days] as const,
  );
  const first = await timeDays(database, picks);
  const again = await timeDays(database, picks);
  const size = await bytesOf(database);
  const plan = await explainDay(database, picks[0]!);
  const packedDays = Math.min(days, 3);
  const packStartedMs = performance.now();
  for (let index = 0; index < packedDays; index++) await packDay(sql, trackPartitionOf(dayAt(index)));
  const packDayS = (performance.now() - packStartedMs) / 1_000 / packedDays;
  const packedPicks = picks.map(([truckId, index]) => [truckId, index % packedDays] as const);
  const packed = await timeDays(database, packedPicks);
  const packedPlan = await explainDay(database, packedPicks[0]!);
  const thinStartedMs = performance.now();
  const thinned = await thinDay(sql, dayAt(0), DEFAULT_RULES.trackToleranceM, Date.now());
  if (thinned === null) throw new Error('the day was not thinned');
  return {
    rows: days * trucks * fixesADay,
    days,
    trucks,
    fixesADay,
    dayTrackFirstP50Ms: rounded(first.p50),
    dayTrackFirstP95Ms: rounded(first.p95),
    dayTrackP50Ms: rounded(again.p50),
    dayTrackP95Ms: rounded(again.p95),
    dayTrackCpuMs: rounded(again.cpu),
    dayTrackServerMs: plan,
    packedP50Ms: rounded(packed.p50),
    packedP95Ms: rounded(packed.p95),
    packedServerMs: packedPlan,
    packDayS: rounded(packDayS),
    bytesPerFix: Math.round(size.bytes / (days * trucks * fixesADay)),
    thinnedKeptPct: rounded((100 * thinned.fixesAfter) / thinned.fixesBefore, 2),
    thinnedBytesPerRecordedFix: rounded(thinned.bytesAfter / thinned.fixesBefore, 1),
    toleranceM: DEFAULT_RULES.trackToleranceM,
    thinDayS: rounded((performance.now() - thinStartedMs) / 1_000),
  };
}

const cluster = await startCluster({
  settings: ['shared_buffers=512MB', 'max_wal_size=2GB', 'wal_level=minimal', 'max_wal_senders=0'],
});
try {
  const admin = await connectDatabase({ databaseUrl: cluster.url('postgres'), log: silentLog() });
  await admin.sql.unsafe('create database bench');
  await admin.close();
  const database = await connectDatabase({ databaseUrl: cluster.url('bench'), log: silentLog() });
  try {
    const result = await run(database);
    say(JSON.stringify(result));
  } finally {
    await database.close();
  }
} finally {
  cluster.stop();
}
