import type { EventType } from '../../shared/events.ts';
import type { Sql } from '../db/connect.ts';
import type { PlaceState, VisitState } from '../telemetry/geofences.ts';
import type { DeviceHead } from './visit-device.ts';
import { packState, unpackState } from './visit-fold.ts';
import type { StopPlace } from './visit-places.ts';

/** How far a truck's track was looked at, and how the truck stood then. Milliseconds since the epoch. */
export interface Followed {
  seenTo: number;
  state: VisitState;
  /** What the database has; null before the first time. */
  storedTo: number | null;
}

export interface LateRow {
  truckId: number;
  fromMs: number;
  toMs: number;
  grown: number;
}

const CHANGES_PLACES: readonly EventType[] = [
  'plan.current',
  'route.started',
  'route.finished',
  'rules.changed',
];
const ENDS_STOP: readonly EventType[] = ['stop.completed', 'stop.failed', 'stop.confirmed'];
/** Stops that ended earlier and have no grade are left: their track may be gone. */
const UNGRADED_DAYS = 2;

export async function readFollowed(sql: Sql): Promise<Map<number, Followed>> {
  const rows = await sql<{ truckId: number; seenTo: number; state: Record<string, PlaceState> }[]>`
    select truck_id::float8 as "truckId", round(extract(epoch from seen_to) * 1000)::float8 as "seenTo", state
      from visit_states`;
  return new Map(
    rows.map(({ truckId, seenTo, state }) => [
      truckId,
      { seenTo, state: unpackState(state), storedTo: seenTo },
    ]),
  );
}

/** Stores how far was looked where nothing was found; what another instance stored since is left alone. */
export async function storeFollowed(sql: Sql, followed: Map<number, Followed>): Promise<void> {
  const rows = [...followed].flatMap(([truckId, { seenTo, state, storedTo }]) =>
    seenTo === storedTo ? [] : [{ truckId, seenTo, storedTo, state: packState(state) }],
  );
  if (rows.length === 0) return;
  const stored = await sql<{ truckId: number; seenTo: number }[]>`
    insert into visit_states as v (truck_id, seen_to, state)
    select x."truckId", to_timestamp(x."seenTo" / 1000), x.state
      from jsonb_to_recordset(${sql.json(rows as never)}::jsonb)
           as x("truckId" bigint, "seenTo" float8, "storedTo" float8, state jsonb)
      left join visit_states o on o.truck_id = x."truckId"
     where o.seen_to is not distinct from to_timestamp(x."storedTo" / 1000)
    on conflict (truck_id) do update set seen_to = excluded.seen_to, state = excluded.state
    returning truck_id::float8 as "truckId", round(extract(epoch from seen_to) * 1000)::float8 as "seenTo"`;
  for (const { truckId, seenTo } of stored) {
    const one = followed.get(truckId);
    if (one) followed.set(truckId, { ...one, storedTo: seenTo });
  }
}

/** What happened after an event that visits care for. */
export async function newsSince(
  sql: Sql,
  eventId: number,
): Promise<{ placesChanged: boolean; endedStopIds: number[] }> {
  const wanted = [...CHANGES_PLACES, ...ENDS_STOP];
  const rows = await sql<{ type: EventType; id: number }[]>`
    select type, subject_id::float8 as id from events
     where id > ${eventId} and type = any(${`{${wanted.join(',')}}`}::text[]) order by id`;
  return {
    placesChanged: rows.some(({ type }) => CHANGES_PLACES.includes(type)),
    endedStopIds: rows.filter(({ type }) => ENDS_STOP.includes(type)).map(({ id }) => id),
  };
}

export async function ungradedStops(sql: Sql, nowMs: number): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    select id::float8 as id from stops
     where state in ('done','failed') and closed_by is not null and evidence is null
       and finished_at > to_timestamp(${nowMs - UNGRADED_DAYS * 86_400_000}::float8 / 1000) order by id`;
  return rows.map(({ id }) => id);
}

/** The stops of every running route, by its truck. */
export async function stopsOfRunningRoutes(sql: Sql): Promise<Map<number, (StopPlace & { kind: string })[]>> {
  const rows = await sql<(StopPlace & { kind: string; truckId: number })[]>`
    select r.truck_id::float8 as "truckId", s.id::float8 as "stopId", s.lat, s.lon, s.kind
      from routes r join stops s on s.route_id = r.id
     where r.state = 'running' and r.current and s.kind <> 'depot' order by s.id`;
  return byTruck(rows);
}

/** The newest plausible fix of every device in use, by its truck. */
export async function readHeads(sql: Sql): Promise<Map<number, (DeviceHead & { truckId: number })[]>> {
  return byTruck(
    await sql<(DeviceHead & { truckId: number })[]>`
      select l.device_id::float8 as "deviceId", l.truck_id::float8 as "truckId", d.kind,
             round(extract(epoch from l.recorded_at) * 1000)::float8 as t
        from device_latest l join devices d on d.id = l.device_id
       where d.revoked_at is null`,
  );
}

/** A device's plausible fixes on its truck after an instant, at most `limit` each, by truck. */
export async function readNewer(
  sql: Sql,
  wanted: readonly { truckId: number; deviceId: number; afterT: number }[],
  limit: number,
): Promise<Map<number, { t: number; lat: number; lon: number }[]>> {
  if (wanted.length === 0) return new Map();
  const of = (read: (one: (typeof wanted)[number]) => number) => `{${wanted.map(read).join(',')}}`;
  return byTruck(
    await sql<{ truckId: number; t: number; lat: number; lon: number }[]>`
      select w.truck::float8 as "truckId", round(extract(epoch from k.recorded_at) * 1000)::float8 as t,
             ST_Y(k.geom) as lat, ST_X(k.geom) as lon
        from unnest(${of((one) => one.deviceId)}::bigint[], ${of((one) => one.truckId)}::bigint[],
                    ${of((one) => one.afterT)}::float8[]) as w(device, truck, after)
        cross join lateral (
          select recorded_at, geom from tracks
           where device_id = w.device and truck_id = w.truck and flag is null
             and recorded_at > to_timestamp(w.after / 1000)
           order by recorded_at limit ${limit}) k
       order by w.truck, k.recorded_at`,
  );
}

/** A stretch of track that arrived after its time, if there is one. */
export async function readLate(sql: Sql, exceptTruckIds: readonly number[] = []): Promise<LateRow | null> {
  const [row] = await sql<LateRow[]>`
    select truck_id::float8 as "truckId", grown,
           round(extract(epoch from from_at) * 1000)::float8 as "fromMs",
           round(extract(epoch from to_at) * 1000)::float8 as "toMs"
      from late_tracks
     where truck_id <> all(${`{${exceptTruckIds.join(',')}}`}::bigint[])
     order by truck_id limit 1`;
  return row ?? null;
}

/** Done with a stretch, unless it grew meanwhile. */
export async function forgetLate(sql: Sql, { truckId, grown }: LateRow): Promise<void> {
  await sql`delete from late_tracks where truck_id = ${truckId} and grown = ${grown}`;
}

function byTruck<Row extends { truckId: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const map = new Map<number, Row[]>();
  for (const row of rows) {
    const list = map.get(row.truckId);
    if (list) list.push(row);
    else map.set(row.truckId, [row]);
  }
  return map;
}
