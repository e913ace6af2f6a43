import type postgres from 'postgres';
import type { FixFlag } from '../../shared/telemetry.ts';
import type { Sql } from '../db/connect.ts';
import {
  EMPTY_TRAIL,
  extendTrail,
  newestT,
  trailEndAt,
  type CheckedFix,
  type Sighting,
  type TrailEnd,
} from './filters.ts';

type Transaction = postgres.TransactionSql<{ bigint: number; numeric: number }>;

/** Whose fixes they are, shared by all rows of a frame. */
export interface RowSource {
  deviceId: number;
  receivedAtMs: number;
}

/** A checked fix on its way into the tracks table. */
export interface TrackRow {
  source: RowSource;
  /** The truck the device was fitted to at the fix's instant. */
  truckId: number;
  fix: CheckedFix;
  flag: FixFlag | null;
}

export interface Settled<Row extends TrackRow> {
  /** The rows that were new; all others were stored before. */
  stored: Set<Row>;
  /** Where each device's trail ends now. */
  ends: Map<number, TrailEnd>;
}

export interface TrailStore {
  /**
   * Appends rows that are newer than everything their devices have, with flags computed from the ends this instance
   * keeps: one statement. False, and nothing written, when another instance took a device over or a row was there.
   */
  append(rows: readonly TrackRow[]): Promise<boolean>;
  /**
   * Stores rows of any age, in any order, takes their devices over for this instance, and settles the flags around
   * them: one transaction. The rows' own flags are set in passing.
   */
  settle<Row extends TrackRow>(
    rows: readonly Row[],
    /** Devices to take over as well, though they sent nothing yet. */
    expected?: readonly number[],
  ): Promise<Settled<Row>>;
}

/** First key of the advisory locks: one second key a writer. */
const WRITER_LOCK = 740_501;
const WINDOW_ROWS = 500;

/**
 * @param writer random number of this instance. A writer's appends share a lock on it; who takes a device over waits
 * for them, so that no append decided on an old end can commit later.
 */
export function createTrailStore(sql: Sql, writer: number): TrailStore {
  return {
    async append(rows) {
      try {
        await sql.unsafe(appendText(rows, writer));
        return true;
      } catch (error) {
        if ((error as { code?: unknown }).code === DIVISION_BY_ZERO) return false;
        throw error;
      }
    },

    async settle<Row extends TrackRow>(rows: readonly Row[], expected: readonly number[] = []) {
      return sql.begin(async (tx) => {
        const byDevice = groupByDevice(rows);
        const deviceIds = [...new Set([...byDevice.keys(), ...expected])].sort((a, b) => a - b);
        const ends = await takeOver(tx, deviceIds, writer);
        const candidates: Row[] = [];
        const late = new Set<Row>();
        for (const [deviceId, deviceRows] of byDevice) {
          let end = ends.get(deviceId)!;
          for (const row of deviceRows) {
            candidates.push(row);
            if (row.fix.t <= newestT(end)) {
              late.add(row);
              continue;
            }
            const step = extendTrail(end, row.fix);
            end = step.end;
            row.flag = step.flag;
          }
          ends.set(deviceId, end);
        }
        const stored = candidates.length === 0 ? new Set<Row>() : await insertReturning(tx, candidates);
        for (const [deviceId, deviceRows] of byDevice) {
          const lateRows = deviceRows.filter((row) => late.has(row) && stored.has(row));
          if (lateRows.length === 0) continue;
          const changed = await settleAround(tx, deviceId, lateRows[0]!.fix.t, lateRows.at(-1)!.fix.t);
          for (const row of deviceRows) {
            if (changed.flags.has(row.fix.t)) row.flag = changed.flags.get(row.fix.t)!;
          }
          if (changed.end) ends.set(deviceId, changed.end);
        }
        return { stored, ends };
      }) as Promise<Settled<Row>>;
    },
  };
}

/** A device's rows oldest first; of two with one instant the first to arrive counts. */
function groupByDevice<Row extends TrackRow>(rows: readonly Row[]): Map<number, Row[]> {
  const byDevice = new Map<number, Row[]>();
  for (const row of rows) {
    const list = byDevice.get(row.source.deviceId);
    if (list) list.push(row);
    else byDevice.set(row.source.deviceId, [row]);
  }
  for (const [deviceId, list] of byDevice) {
    list.sort((a, b) => a.fix.t - b.fix.t);
    byDevice.set(
      deviceId,
      list.filter((row, i) => i === 0 || row.fix.t !== list[i - 1]!.fix.t),
    );
  }
  return byDevice;
}

/** Arrays as PostgreSQL's own text: the driver's serialiser would take longer than the insert. */
function columns(rows: readonly TrackRow[]) {
  const of = (read: (row: TrackRow) => number | boolean | string | null) => {
    let text = '{';
    for (let i = 0; i < rows.length; i++) text += (i === 0 ? '' : ',') + read(rows[i]!);
    return text + '}';
  };
  return {
    device: of((row) => row.source.deviceId),
    truck: of((row) => row.truckId),
    t: of((row) => row.fix.t),
    received: of((row) => row.source.receivedAtMs),
    lon: of((row) => row.fix.lon),
    lat: of((row) => row.fix.lat),
    speed: of((row) => row.fix.speed),
    heading: of((row) => row.fix.heading),
    accuracy: of((row) => row.fix.accuracy),
    battery: of((row) => row.fix.battery),
    ignition: of((row) => row.fix.ignition),
    flag: of((row) => row.flag),
  };
}

const DIVISION_BY_ZERO = '22012';

/**
 * Lock and insert in one message, hence one round trip and one implicit transaction, in which each statement still
 * sees what was committed before it. A count that differs divides by zero, which undoes both. Only numbers, truths
 * and flags of our own are written into the text.
 */
function appendText(rows: readonly TrackRow[], writer: number): string {
  const c = columns(rows);
  return `select pg_advisory_xact_lock_shared(${WRITER_LOCK}, ${writer});
    with inserted as (
      insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed, heading, accuracy, battery,
                          ignition, flag)
      select f.device, f.truck, to_timestamp(f.t / 1000), to_timestamp(f.received / 1000),
             ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326), f.speed, f.heading, f.accuracy, f.battery, f.ignition, f.flag
        from unnest('${c.device}'::bigint[], '${c.truck}'::bigint[], '${c.t}'::float8[], '${c.received}'::float8[],
                    '${c.lon}'::float8[], '${c.lat}'::float8[], '${c.speed}'::real[], '${c.heading}'::real[],
                    '${c.accuracy}'::real[], '${c.battery}'::real[], '${c.ignition}'::boolean[], '${c.flag}'::text[])
             as f(device, truck, t, received, lon, lat, speed, heading, accuracy, battery, ignition, flag)
        join device_writers w on w.device_id = f.device and w.writer = ${writer}
      on conflict (device_id, recorded_at) do nothing
      returning 1)
    select 1 / (count(*) = ${rows.length})::int from inserted`;
}

async function insertReturning<Row extends TrackRow>(
  tx: Transaction,
  rows: readonly Row[],
): Promise<Set<Row>> {
  const c = columns(rows);
  const inserted = await tx<{ device: number; t: number }[]>`
    insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed, heading, accuracy, battery,
                        ignition, flag)
    select f.device, f.truck, to_timestamp(f.t / 1000), to_timestamp(f.received / 1000),
           ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326), f.speed, f.heading, f.accuracy, f.battery, f.ignition, f.flag
      from unnest(${c.device}::bigint[], ${c.truck}::bigint[], ${c.t}::float8[], ${c.received}::float8[],
                  ${c.lon}::float8[], ${c.lat}::float8[], ${c.speed}::real[], ${c.heading}::real[],
                  ${c.accuracy}::real[], ${c.battery}::real[], ${c.ignition}::boolean[], ${c.flag}::text[])
           as f(device, truck, t, received, lon, lat, speed, heading, accuracy, battery, ignition, flag)
    on conflict (device_id, recorded_at) do nothing
    returning device_id::float8 as device, round(extract(epoch from recorded_at) * 1000)::float8 as t`;
  const keys = new Set(inserted.map((row) => `${row.device}:${row.t}`));
  return new Set(rows.filter((row) => keys.has(`${row.source.deviceId}:${row.fix.t}`)));
}

/**
 * Makes this instance the writer of the devices, waits for what their former writers have under way, and reads where
 * their trails end.
 */
async function takeOver(
  tx: Transaction,
  deviceIds: readonly number[],
  writer: number,
): Promise<Map<number, TrailEnd>> {
  const ids = `{${deviceIds.join(',')}}`;
  const [held, ends] = await Promise.all([
    // The update changes nothing: it locks the row and tells whose it is.
    tx<{ writer: number }[]>`
      insert into device_writers (device_id, writer)
      select id, ${writer} from unnest(${ids}::bigint[]) as id order by id
      on conflict (device_id) do update set writer = device_writers.writer
      returning writer`,
    readTrailEnds(tx, deviceIds),
  ]);
  const others = [...new Set(held.map((row) => row.writer))].filter((other) => other !== writer);
  if (others.length === 0) return ends;
  await tx`
    update device_writers set writer = ${writer}
     where device_id = any(${ids}::bigint[]) and writer <> ${writer}`;
  for (const other of others.sort((a, b) => a - b)) {
    await tx`select pg_advisory_xact_lock(${WRITER_LOCK}::int, ${other}::int)`;
  }
  return readTrailEnds(tx, deviceIds);
}

interface EndRow {
  device: number;
  /** The last plausible fix; null when there is none. */
  t: number | null;
  lon: number;
  lat: number;
  /** A doubted fix after it; null when there is none. */
  doubtedT: number | null;
  doubtedLon: number;
  doubtedLat: number;
}

/** Where the trails of these devices end, from the stored rows. */
export async function readTrailEnds(
  tx: Transaction | Sql,
  deviceIds: readonly number[],
): Promise<Map<number, TrailEnd>> {
  const rows = await tx<EndRow[]>`
    select d.id::float8 as device, round(extract(epoch from g.recorded_at) * 1000)::float8 as t,
           ST_X(g.geom) as lon, ST_Y(g.geom) as lat,
           round(extract(epoch from k.recorded_at) * 1000)::float8 as "doubtedT",
           ST_X(k.geom) as "doubtedLon", ST_Y(k.geom) as "doubtedLat"
      from unnest(${`{${deviceIds.join(',')}}`}::bigint[]) as d(id)
      left join lateral (
        select recorded_at, geom from tracks where device_id = d.id and flag is null
         order by recorded_at desc limit 1) g on true
      left join lateral (
        select recorded_at, geom from tracks where device_id = d.id and recorded_at > g.recorded_at) k on true
     order by d.id, k.recorded_at`;
  const ends = new Map<number, TrailEnd>();
  for (const { device, t, lat, lon, doubtedT, doubtedLat, doubtedLon } of rows) {
    const end = ends.get(device) ?? (t === null ? EMPTY_TRAIL : trailEndAt({ t, lat, lon }));
    const doubted = { t: doubtedT ?? 0, lat: doubtedLat, lon: doubtedLon };
    ends.set(device, doubtedT === null ? end : extendTrail(end, doubted).end);
  }
  return ends;
}

/**
 * Flags the rows between `fromT` and `toT` and those after them whose flags change by them. It starts from the last
 * plausible row before, where the fold's state is that row alone, and stops at the first later row that was and
 * stays plausible: from there on both folds are the same. `end` is null when it stopped before the newest row.
 */
async function settleAround(
  tx: Transaction,
  deviceId: number,
  fromT: number,
  toT: number,
): Promise<{ flags: Map<number, FixFlag | null>; end: TrailEnd | null }> {
  const [start] = await tx<Sighting[]>`
    select round(extract(epoch from recorded_at) * 1000)::float8 as t, ST_X(geom) as lon, ST_Y(geom) as lat
      from tracks
     where device_id = ${deviceId} and flag is null and recorded_at < to_timestamp(${fromT}::float8 / 1000)
     order by recorded_at desc limit 1`;
  const flags = new Map<number, FixFlag | null>();
  let end = start ? trailEndAt(start) : EMPTY_TRAIL;
  let cursor = start?.t ?? 0;
  for (let converged = false; ;) {
    const rows = await tx<(Sighting & { flag: FixFlag | null })[]>`
      select round(extract(epoch from recorded_at) * 1000)::float8 as t, ST_X(geom) as lon, ST_Y(geom) as lat, flag
        from tracks
       where device_id = ${deviceId} and recorded_at > to_timestamp(${cursor}::float8 / 1000)
       order by recorded_at limit ${WINDOW_ROWS}`;
    for (const row of rows) {
      const step = extendTrail(end, row);
      end = step.end;
      if (step.flag !== row.flag) flags.set(row.t, step.flag);
      else if (step.flag === null && row.t > toT) {
        converged = true;
        break;
      }
    }
    if (converged || rows.length < WINDOW_ROWS) {
      await writeFlags(tx, deviceId, flags);
      return { flags, end: converged ? null : end };
    }
    cursor = rows.at(-1)!.t;
  }
}

async function writeFlags(
  tx: Transaction,
  deviceId: number,
  flags: ReadonlyMap<number, FixFlag | null>,
): Promise<void> {
  if (flags.size === 0) return;
  await tx`
    update tracks k set flag = c.flag
      from unnest(${`{${[...flags.keys()].join(',')}}`}::float8[],
                  ${`{${[...flags.values()].map(String).join(',')}}`}::text[]) as c(t, flag)
     where k.device_id = ${deviceId} and k.recorded_at = to_timestamp(c.t / 1000)`;
}
