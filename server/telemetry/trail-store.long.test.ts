import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openTestDatabase } from '../../tests/database/open.ts';
import { EMPTY_TRAIL, extendTrail, type Sighting } from './filters.ts';
import { createPartitions } from './partitions.ts';
import { createTrailStore, type TrackRow } from './trail-store.ts';

const UNKNOWN = { speed: null, heading: null, accuracy: null, battery: null, ignition: null };

it('settles long trails with many jumps the same way in every order', async () => {
  const database = await openTestDatabase();
  const partitions = createPartitions({
    sql: database.sql,
    clock: Date.now,
    retentionDays: 30,
    log: { error: () => undefined },
  });
  await partitions.maintain();
  await database.sql`insert into trucks (plate, type, capacity) values ('LNG-001', 'posterior', 25)`;
  const [device] = await database.sql<{ id: number }[]>`
    insert into devices (truck_id, name, token_hash) select id, 'test', 'hash' from trucks returning id`;
  const deviceId = device!.id;
  const store = createTrailStore(database.sql, 7);
  const base = Date.now() - 2 * 86_400_000;
  const places = [-0.93, -0.9302, -0.66, -0.6602, -0.4];
  // More rows than one window of settling reads.
  const trail = fc
    .array(fc.integer({ min: 0, max: places.length - 1 }), { minLength: 900, maxLength: 1_500 })
    .map((list) => list.map((place, i) => ({ t: base + i * 1_000, lat: places[place]!, lon: -78.61 })));
  const arrivals = trail.chain((fixes) =>
    fc.tuple(
      fc.constant(fixes),
      fc.shuffledSubarray(fixes, { minLength: fixes.length, maxLength: fixes.length }),
      fc.integer({ min: 50, max: 400 }),
    ),
  );
  const row = ({ t, lat, lon }: Sighting): TrackRow => ({
    source: { deviceId, receivedAtMs: Date.now() },
    truckId: 1,
    fix: { t, lat, lon, ...UNKNOWN },
    flag: null,
  });
  await fc.assert(
    fc.asyncProperty(arrivals, async ([fixes, shuffled, size]) => {
      await database.sql`delete from tracks`;
      for (let i = 0; i < shuffled.length; i += size) {
        await store.settle(shuffled.slice(Math.max(0, i - 20), i + size).map(row));
      }
      let end = EMPTY_TRAIL;
      const expected = fixes.map((fix) => {
        const step = extendTrail(end, fix);
        end = step.end;
        return step.flag;
      });
      const rows = await database.sql<{ flag: string | null }[]>`
        select flag from tracks where device_id = ${deviceId} order by recorded_at`;
      expect(rows.map((one) => one.flag)).toEqual(expected);
    }),
    { seed: 12, numRuns: 60 },
  );
  await database.drop();
});
