import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { destination, distanceM } from '../../shared/geo.ts';
import type { DayHistory, TruckDay } from '../../shared/history.ts';
import { dayRange, localDay } from '../../shared/time.ts';
import { buyTruck, openHouse, type House } from '../../tests/regression/house.ts';
import { ensureTrackPartitions } from '../db/track-partitions.ts';
import { registerDevice } from '../fleet/register-device.ts';
import { trackOf } from '../telemetry/tracks.ts';
import { truckHistory } from './truck-history.ts';

let house: House;
let truckId: number;
let today: string;
beforeAll(async () => {
  house = await openHouse();
  const { sql } = house.database;
  today = localDay(house.clock.nowMs);
  truckId = (await buyTruck(house)).id;
  const { deviceId } = await registerDevice(house.store, house.actors.admin, { truckId, name: 'tracker' });
  const { fromMs } = dayRange(today);
  await ensureTrackPartitions(sql, new Date(fromMs), new Date(fromMs + 86_400_000));
  const home = { lat: -0.93, lon: -78.61 };
  // Two trips of a kilometre an hour apart, a fix every ten seconds.
  const fixes = [0, 3_600].flatMap((from) =>
    Array.from({ length: 11 }, (_, i) => ({
      t: fromMs + 7 * 3_600_000 + (from + i * 10) * 1_000,
      ...destination(home, 90, from / 3.6 + i * 100),
    })),
  );
  await sql`
    insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed)
    select ${deviceId}, ${truckId}, to_timestamp(x.t / 1000), now(), ST_SetSRID(ST_MakePoint(x.lon, x.lat), 4326), 10
      from jsonb_to_recordset(${sql.json(fixes)}::jsonb) as x(t float8, lat float8, lon float8)`;
});
afterAll(() => house.close());

const ask = (name: string, input: object, as: string | null = house.tokens.operator) =>
  house.call(`history.${name}`, input, as, 'query');
const theDay = () => {
  const { fromMs, toMs } = dayRange(today);
  return { truckId, from: fromMs, to: toMs - 1 };
};

describe('history over the wire', () => {
  it('tells the trips of a stretch, their sums, and the same as a table', async () => {
    const { data } = await ask('trips', theDay());
    const { trips, summary } = data as DayHistory;
    expect(trips).toHaveLength(2);
    expect(trips[0]!.distanceM).toBeCloseTo(1_000, -1);
    expect(summary.distanceM).toBeCloseTo(2_000, -1);
    const file = (await ask('tripsCsv', theDay())).data as { name: string; csv: string };
    expect(file.name).toMatch(new RegExp(`^TST-\\d+-${today}\\.csv$`));
    expect(file.csv.trimEnd().split('\r\n')).toHaveLength(4);
    expect(file.csv).toContain(`${today} 07:00:00`);
  });

  it('tells a track of too many fixes thinned, and says so; beyond what is read at all it is refused', async () => {
    const { sql } = house.database;
    const { deviceId } = await registerDevice(house.store, house.actors.admin, { truckId, name: 'chatty' });
    const { fromMs } = dayRange(today);
    // A drive round a square, a fix a second, a jump in between that nobody believes.
    const fixes = Array.from({ length: 2_000 }, (_, i) => {
      const side = Math.floor(i / 500);
      const along = (i % 500) * 8;
      const corner = [
        [0, 0],
        [4_000, 0],
        [4_000, 4_000],
        [0, 4_000],
      ][side]!;
      const [dx, dy] = [
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ][side]!;
      const [x, y] = [corner[0]! + dx! * along, corner[1]! + dy! * along];
      return {
        t: fromMs + 14 * 3_600_000 + i * 1_000,
        lat: -0.96 + y / 111_195,
        lon: -78.64 + x / 111_180,
        flag: i === 777 ? 'jump' : null,
      };
    });
    await sql`
      insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed, flag)
      select ${deviceId}, ${truckId}, to_timestamp(x.t / 1000), now(), ST_SetSRID(ST_MakePoint(x.lon, x.lat), 4326), 8, x.flag
        from jsonb_to_recordset(${sql.json(fixes)}::jsonb) as x(t float8, lat float8, lon float8, flag text)`;
    const [from, to] = [fixes[0]!.t, fixes.at(-1)!.t].map((t) => new Date(t)) as [Date, Date];
    const whole = await trackOf(house.database, truckId, from, to);
    expect(whole.fixes).toHaveLength(2_000);
    expect(whole.thinned).toBeUndefined();
    expect(whole.fixes[777]).toMatchObject({ flag: 'jump' });

    const { fixes: told, thinned } = await trackOf(house.database, truckId, from, to, 100);
    expect(thinned).toEqual({ of: 2_000, toleranceM: expect.any(Number) as number });
    expect(told.length).toBeGreaterThan(4);
    expect(told.length).toBeLessThanOrEqual(100);
    expect(told[0]!.t).toBe(fixes[0]!.t);
    expect(told.at(-1)!.t).toBe(fixes.at(-1)!.t);
    expect(told.some((fix) => fix.flag !== undefined)).toBe(false);
    for (const point of fixes) {
      const next = Math.max(
        1,
        told.findIndex(({ t }) => t >= point.t),
      );
      const [a, b] = [told[next - 1]!, told[next]!];
      const share = (point.t - a.t) / (b.t - a.t);
      const between = { lat: a.lat + share * (b.lat - a.lat), lon: a.lon + share * (b.lon - a.lon) };
      expect(distanceM(point, between)).toBeLessThanOrEqual(thinned!.toleranceM + 0.1);
    }
    await expect(trackOf(house.database, truckId, from, to, 100, 1_999)).rejects.toMatchObject({
      reason: 'invalid-input',
      detail: { maxFixes: 1_999 },
    });
    await sql`delete from tracks where device_id = ${deviceId}`;
  });

  it('sums up days, and knows that tomorrow is empty', async () => {
    const tomorrow = localDay(dayRange(today).toMs + 1);
    const { data } = await ask('days', { truckId, fromDay: today, toDay: tomorrow });
    expect((data as TruckDay[]).map(({ day, summary }) => [day, summary.trips])).toEqual([
      [today, 2],
      [tomorrow, 0],
    ]);
  });

  it('bounds what may be asked, and of whom', async () => {
    const { from, to } = theDay();
    const reasonOf = async (name: string, input: object) => (await ask(name, input)).error?.data.reason;
    expect(await reasonOf('trips', { truckId, from: to, to: from })).toBe('invalid-input');
    expect(await reasonOf('trips', { truckId, from, to: from + 32 * 86_400_000 })).toBe('invalid-input');
    expect(await reasonOf('trips', { truckId: 999_999, from, to })).toBe('not-found');
    expect(await reasonOf('days', { truckId, fromDay: '2026-01-01', toDay: '2026-12-31' })).toBe(
      'invalid-input',
    );
    for (const name of ['stops', 'visits']) {
      expect(await reasonOf(name, { truckId, from: 0, to })).toBe('invalid-input');
      expect(await reasonOf(name, { truckId, from: 8.6e15, to: 8.6e15 })).toBe('invalid-input');
      expect(
        await reasonOf(name, { truckId, from: '0000-01-01T00:00:00Z', to: '0000-01-02T00:00:00Z' }),
      ).toBe('invalid-input');
    }
    await expect(
      truckHistory(house.database, truckId, new Date(from), new Date(to), 21),
    ).rejects.toMatchObject({ reason: 'invalid-input', detail: { maxFixes: 21 } });
    expect((await ask('trips', theDay(), house.tokens.citizen)).status).toBe(403);
    expect((await ask('stops', theDay(), null)).status).toBe(401);
    expect((await ask('stops', theDay())).data).toEqual([]);
    expect((await ask('visits', theDay())).data).toEqual([]);
  });
});
