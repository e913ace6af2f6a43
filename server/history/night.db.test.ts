import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { destination, distanceM } from '../../shared/geo.ts';
import { DEFAULT_RULES } from '../../shared/rules.ts';
import { dayRange } from '../../shared/time.ts';
import { testDatabaseKind } from '../../tests/database/open.ts';
import { buyTruck, openHouse, type House } from '../../tests/regression/house.ts';
import { loadConfig } from '../config.ts';
import { dropTrackPartitions, ensureTrackPartitions, listTrackPartitions } from '../db/track-partitions.ts';
import { registerDevice } from '../fleet/register-device.ts';
import { silentLog } from '../ops/log.ts';
import { AGE_LIMIT_MS } from '../telemetry/filters.ts';
import { trackOf } from '../telemetry/tracks.ts';
import { createNight } from './night.ts';
import { packDay } from './pack-day.ts';
import { readTrack } from './read-track.ts';
import { thinDay } from './thin-day.ts';
import { historyOf } from './trips.ts';

const DAY_MS = 86_400_000;
const OLD = '2026-01-20';
const RECENT = '2026-03-01';

let house: House;
let truckId: number;
let deviceId: number;
beforeAll(async () => {
  house = await openHouse();
  house.clock.nowMs = Date.parse('2026-03-02T09:00:00Z');
  truckId = (await buyTruck(house)).id;
  ({ deviceId } = await registerDevice(house.store, house.actors.admin, { truckId, name: 'tracker' }));
  const { sql } = house.database;
  for (const day of [OLD, RECENT]) {
    const { fromMs, toMs } = dayRange(day);
    await ensureTrackPartitions(sql, new Date(fromMs), new Date(toMs));
    await drive(fromMs + 13 * 3_600_000 - 5 * 3_600_000);
  }
});
afterAll(() => house.close());

/** An hour and a half of collecting: ten minutes of driving, five of standing, a fix every two seconds, some wild. */
async function drive(fromMs: number): Promise<void> {
  const { sql } = house.database;
  const rows: { t: number; lat: number; lon: number; speed: number; flag: string | null }[] = [];
  let at = { lat: -0.93, lon: -78.61 };
  for (let s = 0; s < 5_400; s += 2) {
    const isDriving = s % 900 < 600;
    const bearing = (Math.floor(s / 150) * 73) % 360;
    if (isDriving) at = destination(at, bearing, 14);
    const noisy = destination(at, (s * 31) % 360, 2);
    const isWild = s % 500 === 250;
    rows.push({
      t: fromMs + s * 1_000,
      ...(isWild ? destination(at, 10, 20_000) : noisy),
      speed: isDriving ? 7 : 0,
      flag: isWild ? 'jump' : null,
    });
  }
  await sql`
    insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed, flag)
    select ${deviceId}, ${truckId}, to_timestamp(x.t / 1000), now(), ST_SetSRID(ST_MakePoint(x.lon, x.lat), 4326),
           x.speed, x.flag
      from jsonb_to_recordset(${sql.json(rows)}::jsonb) as x(t float8, lat float8, lon float8, speed real, flag text)`;
}

const track = (day: string) => {
  const { fromMs, toMs } = dayRange(day);
  return readTrack(house.database.sql, truckId, fromMs, toMs - 1);
};
const night = () =>
  createNight({ store: house.store, holder: 'test', log: silentLog(), upkeepAt: '03:30', thinAfterDays: 30 });

describe('the night', () => {
  it('sums up the days that ended, thins the old ones to the bound, and leaves the young ones', async () => {
    const { sql } = house.database;
    const [before, young] = [await track(OLD), await track(RECENT)];
    const visitMs = before[1_000]!.t;
    await sql`
      insert into visits (truck_id, place, arrived_at, live)
      values (${truckId}, 'depot', to_timestamp(${visitMs}::float8 / 1000), true)`;
    expect(await night().run()).toBe(true);

    const [packed] = await sql<{ n: number }[]>`
      select count(*)::int as n from pg_index i
       where i.indisclustered and i.indrelid = 'tracks_20260120'::regclass`;
    expect(packed!.n).toBe(1);
    const after = await track(OLD);
    expect(after.length).toBeLessThan(before.length / 8);
    expect(after.map(({ t }) => t)).toContain(visitMs);
    expect(await track(RECENT)).toEqual(young);
    const { fromMs } = dayRange(OLD);
    const { fixes } = await trackOf(house.database, truckId, new Date(fromMs), new Date(fromMs + DAY_MS));
    expect(fixes.every((fix) => fix.flag === undefined)).toBe(true);

    // At every instant that was dropped, the way between its neighbours is within the bound.
    let worst = 0;
    for (const point of before) {
      const next = after.findIndex(({ t }) => t >= point.t);
      const [a, b] = [after[Math.max(0, next - 1)]!, after[next]!];
      const share = b.t === a.t ? 0 : (point.t - a.t) / (b.t - a.t);
      const between = { lat: a.lat + share * (b.lat - a.lat), lon: a.lon + share * (b.lon - a.lon) };
      worst = Math.max(worst, distanceM(point, between));
    }
    expect(worst).toBeLessThanOrEqual(DEFAULT_RULES.trackToleranceM + 0.05);
    const [full, thin] = [historyOf(before).summary, historyOf(after).summary];
    expect(thin.trips).toBe(full.trips);
    expect(Math.abs(thin.distanceM - full.distanceM) / full.distanceM).toBeLessThan(0.06);

    const [saved] = await sql<{ bytesBefore: number; bytesAfter: number; fixesBefore: number }[]>`
      select bytes_before as "bytesBefore", bytes_after as "bytesAfter", fixes_before as "fixesBefore"
        from thinned_days where day = ${OLD}::date`;
    expect(saved!.bytesAfter).toBeLessThan(saved!.bytesBefore / 3);
    const [sum] = await sql<{ summary: { trips: number } }[]>`
      select summary from truck_days where truck_id = ${truckId} and day = ${RECENT}::date`;
    expect(sum!.summary).toEqual(historyOf(young).summary);
    const [stretch] = await sql<{ n: number }[]>`select count(*)::int as n from late_tracks`;
    expect(stretch!.n).toBe(1);
  });

  it('done again changes nothing, and another instance does not do it at the same time', async () => {
    const { sql } = house.database;
    const [before] = await sql<{ n: number }[]>`select count(*)::int as n from tracks`;
    await sql`insert into leases (name, holder, expires_at) values ('tracks-upkeep', 'other', now() + interval '1 min')`;
    expect(await night().run()).toBe(false);
    await sql`delete from leases`;
    expect(await night().run()).toBe(true);
    const [after] = await sql<{ n: number }[]>`select count(*)::int as n from tracks`;
    expect(after).toEqual(before);
  });

  it('keeps its lease through a step that takes longer than the lease lasts', async () => {
    const { sql } = house.database;
    await sql`delete from leases`;
    // Longer than a busy machine keeps a renewal waiting.
    const leaseS = 3;
    let reached = (): void => undefined;
    let goOn = (): void => undefined;
    const isAtWork = new Promise<void>((resolve) => (reached = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    // The first statement of the night's work takes as long as somebody says.
    let first = true;
    const slow = new Proxy(sql, {
      apply(target, self, args) {
        if (!first) return Reflect.apply(target, self, args) as unknown;
        first = false;
        reached();
        return mayGoOn.then(() => Reflect.apply(target, self, args) as unknown);
      },
    });
    const deps = { holder: 'slow', log: silentLog(), upkeepAt: '03:30', thinAfterDays: 30, leaseS };
    const database = { ...house.database, sql: slow };
    const running = createNight({ ...deps, store: { ...house.store, database } }).run();
    await isAtWork;
    const leaseEnd = async () =>
      (
        await sql<{ ends: number }[]>`
          select extract(epoch from expires_at)::float8 as ends from leases where name = 'tracks-upkeep'`
      )[0]!.ends;
    const begun = await leaseEnd();
    await expect.poll(leaseEnd).toBeGreaterThan(begun + 1.5 * leaseS);
    expect(await createNight({ ...deps, holder: 'other', store: house.store }).run()).toBe(false);
    goOn();
    expect(await running).toBe(true);
    expect(await sql`select 1 from leases where name = 'tracks-upkeep'`).toEqual([]);
  });

  it('keeps a day whose prepared rows were lost with the database, and thins it the next time', async () => {
    const { sql } = house.database;
    const { fromMs } = dayRange('2026-01-21');
    await ensureTrackPartitions(sql, new Date(fromMs), new Date(fromMs));
    const other = await registerDevice(house.store, house.actors.admin, { truckId, name: 'second' });
    for (const device of [deviceId, other.deviceId]) {
      await sql`
        insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed)
        select ${device}, ${truckId}, to_timestamp((${fromMs}::float8 + s * 1000) / 1000), now(),
               ST_SetSRID(ST_MakePoint(-78.61, -0.93), 4326), 0 from generate_series(0, 99) as s`;
    }
    const count = async () =>
      (await sql<{ n: number }[]>`select count(*)::int as n from tracks_20260121`)[0]!.n;
    const day = new Date('2026-01-21T00:00:00Z');
    let steps = 0;
    const crash = async () => {
      // After the first of two devices: as an unlogged table is after a crash.
      if (++steps === 2) await sql`truncate history_work.tracks_20260121`;
      return true;
    };
    expect(await thinDay(sql, day, 10, fromMs, crash)).toBeNull();
    expect(await count()).toBe(200);
    expect(await thinDay(sql, day, 10, fromMs)).toMatchObject({ fixesBefore: 200 });
    expect(await count()).toBeLessThan(20);
  });

  it.runIf(testDatabaseKind() === 'postgres')(
    'leaves a day that somebody reads, such as a backup, and makes nobody wait behind it',
    async () => {
      const { sql } = house.database;
      const { fromMs } = dayRange('2026-01-22');
      await ensureTrackPartitions(sql, new Date(fromMs), new Date(fromMs));
      await sql`
        insert into tracks (device_id, truck_id, recorded_at, received_at, geom)
        values (${deviceId}, ${truckId}, to_timestamp(${fromMs}::float8 / 1000), now(),
                ST_SetSRID(ST_MakePoint(-78.61, -0.93), 4326))`;
      const reading = await sql.reserve();
      await reading`begin`;
      await reading`select 1 from tracks_20260122`;
      expect(await packDay(sql, 'tracks_20260122')).toBe(false);
      expect(await thinDay(sql, new Date('2026-01-22T00:00:00Z'), 10, fromMs)).toBeNull();
      await reading`commit`;
      reading.release();
      expect(await packDay(sql, 'tracks_20260122')).toBe(true);
    },
  );

  it('is never told to thin days for which fixes are still accepted', () => {
    const days = AGE_LIMIT_MS / DAY_MS;
    for (const tooYoung of [1, days]) {
      expect(() => loadConfig({ TRACKS_THIN_AFTER_DAYS: String(tooYoung) }, { mode: 'test' })).toThrow(
        'TRACKS_THIN_AFTER_DAYS',
      );
    }
    expect(loadConfig({ TRACKS_THIN_AFTER_DAYS: '0' }, { mode: 'test' }).tracks.thinAfterDays).toBeNull();
  });

  it('days past retention are dropped whole', async () => {
    const { sql } = house.database;
    await dropTrackPartitions(sql, new Date(dayRange(RECENT).fromMs));
    const days = await listTrackPartitions(sql);
    expect(days.every(({ day }) => day.getTime() + DAY_MS > dayRange(RECENT).fromMs)).toBe(true);
    expect(await track(OLD)).toEqual([]);
    expect((await track(RECENT)).length).toBeGreaterThan(1_000);
  });
});
