import type { Sql } from '../db/connect.ts';
import type { DeviceFix, DeviceKind } from './fleet-state.ts';

/** Keeps the one-row-per-device table near the truth without a write for every fix. */
export interface DeviceLatestWriter {
  /** The newest plausible fix of a device, already committed in tracks. */
  note(fix: DeviceFix): void;
  /** A device gave a sign of life, whatever it sent. */
  seen(deviceId: number, atMs: number): void;
  flush(): Promise<void>;
  start(): () => Promise<void>;
}

const FLUSH_MS = 5_000;
const SEEN_MS = 15_000;

/**
 * Written behind, at most once in five seconds a device: the table is derived from tracks and rebuilt from it at start, so
 * that nothing is lost with it. An older fix never replaces a newer one.
 */
export function createDeviceLatestWriter(
  sql: Sql,
  log: { warn(fields: object, message?: string): void },
): DeviceLatestWriter {
  let fixes = new Map<number, DeviceFix>();
  let seenAt = new Map<number, number>();
  let seenFlushedAtMs = 0;

  async function flush(): Promise<void> {
    await Promise.all([flushFixes(), flushSeen()]);
  }

  async function flushFixes(): Promise<void> {
    if (fixes.size === 0) return;
    const batch = fixes;
    fixes = new Map();
    try {
      await upsertLatest(sql, [...batch.values()]);
    } catch (error) {
      // What came meanwhile is newer; the next flush takes both.
      for (const [deviceId, fix] of batch) if (!fixes.has(deviceId)) fixes.set(deviceId, fix);
      log.warn({ err: error }, 'latest positions not written; tried again');
    }
  }

  async function flushSeen(): Promise<void> {
    if (seenAt.size === 0) return;
    const batch = seenAt;
    seenAt = new Map();
    try {
      const ids = [...batch.keys()].sort((a, b) => a - b);
      await sql`
        update devices d set last_seen_at = greatest(d.last_seen_at, to_timestamp(s.at / 1000))
          from unnest(${`{${ids.join(',')}}`}::bigint[],
                      ${`{${ids.map((id) => batch.get(id)).join(',')}}`}::float8[]) as s(id, at)
         where d.id = s.id`;
    } catch (error) {
      for (const [deviceId, atMs] of batch) if (!seenAt.has(deviceId)) seenAt.set(deviceId, atMs);
      log.warn({ err: error }, 'last signs of life not written; tried again');
    }
  }

  return {
    note(fix) {
      const waiting = fixes.get(fix.deviceId);
      if (!waiting || waiting.t < fix.t) fixes.set(fix.deviceId, fix);
    },
    seen: (deviceId, atMs) => void seenAt.set(deviceId, atMs),
    flush,
    start() {
      let running: Promise<void> = Promise.resolve();
      const timer = setInterval(() => {
        const isSeenDue = performance.now() - seenFlushedAtMs >= SEEN_MS;
        if (isSeenDue) seenFlushedAtMs = performance.now();
        running = running.then(isSeenDue ? flush : flushFixes);
      }, FLUSH_MS);
      timer.unref();
      return async () => {
        clearInterval(timer);
        await running;
        await flush();
      };
    },
  };
}

async function upsertLatest(sql: Sql, fixes: readonly DeviceFix[]): Promise<void> {
  const sorted = [...fixes].sort((a, b) => a.deviceId - b.deviceId);
  const of = (read: (fix: DeviceFix) => number | boolean | null) =>
    `{${sorted.map(read).map(String).join(',')}}`;
  await sql`
    insert into device_latest (device_id, truck_id, recorded_at, received_at, lat, lon, geom, speed, heading, accuracy,
                               battery, ignition)
    select f.device, f.truck, to_timestamp(f.t / 1000), to_timestamp(f.received / 1000), f.lat, f.lon,
           ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326), f.speed, f.heading, f.accuracy, f.battery, f.ignition
      from unnest(${of((f) => f.deviceId)}::bigint[], ${of((f) => f.truckId)}::bigint[], ${of((f) => f.t)}::float8[],
                  ${of((f) => f.receivedAtMs)}::float8[], ${of((f) => f.lat)}::float8[], ${of((f) => f.lon)}::float8[],
                  ${of((f) => f.speed)}::real[], ${of((f) => f.heading)}::real[], ${of((f) => f.accuracy)}::real[],
                  ${of((f) => f.battery)}::real[], ${of((f) => f.ignition)}::boolean[])
           as f(device, truck, t, received, lat, lon, speed, heading, accuracy, battery, ignition)
    on conflict (device_id) do update
       set truck_id = excluded.truck_id, recorded_at = excluded.recorded_at, received_at = excluded.received_at,
           lat = excluded.lat, lon = excluded.lon, geom = excluded.geom, speed = excluded.speed,
           heading = excluded.heading, accuracy = excluded.accuracy, battery = excluded.battery,
           ignition = excluded.ignition
     where device_latest.recorded_at < excluded.recorded_at`;
}

/** The newest plausible fix of every device in use, from tracks: the truth the table above is derived from. */
export async function readLatestFixes(sql: Sql): Promise<DeviceFix[]> {
  const rows = await sql<(Omit<DeviceFix, 'kind'> & { kind: DeviceKind })[]>`
    select d.id::float8 as "deviceId", k.truck_id::float8 as "truckId", d.kind,
           round(extract(epoch from k.recorded_at) * 1000)::float8 as t,
           round(extract(epoch from k.received_at) * 1000)::float8 as "receivedAtMs",
           ST_Y(k.geom) as lat, ST_X(k.geom) as lon, k.speed, k.heading, k.accuracy, k.battery, k.ignition
      from devices d
      join lateral (
        select * from tracks where device_id = d.id and flag is null order by recorded_at desc limit 1) k on true
     where d.revoked_at is null`;
  return rows.map((row) => ({ ...row }));
}
