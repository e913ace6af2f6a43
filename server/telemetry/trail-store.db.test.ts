import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../../tests/database/open.ts';
import { EMPTY_TRAIL, extendTrail, newestT, type Sighting, type TrailEnd } from './filters.ts';
import { createPartitions } from './partitions.ts';
import { createTrailStore, readTrailEnds, type TrackRow } from './trail-store.ts';

const DAY_MS = 86_400_000;
let database: TestDatabase;
let deviceIds: number[];

beforeAll(async () => {
  database = await openTestDatabase();
  const log = { error: () => undefined };
  await createPartitions({ sql: database.sql, clock: Date.now, retentionDays: 30, log }).maintain();
  const [truck] = await database.sql<{ id: number }[]>`
    insert into trucks (plate, type, capacity) values ('TST-001', 'posterior', 25) returning id`;
  const devices = await database.sql<{ id: number }[]>`
    insert into devices (truck_id, name, token_hash)
    select ${truck!.id}, 'test', 'hash-' || n from generate_series(1, 3) n returning id`;
  deviceIds = devices.map((row) => row.id).sort((a, b) => a - b);
});
afterAll(() => database?.drop());
beforeEach(async () => {
  await database.sql`delete from tracks`;
  await database.sql`delete from device_writers`;
});

function row(deviceId: number, { t, lat, lon }: Sighting): TrackRow {
  const unknown = { speed: null, heading: null, accuracy: null, battery: null, ignition: null };
  return {
    source: { deviceId, receivedAtMs: Date.now() },
    truckId: 1,
    fix: { t, lat, lon, ...unknown },
    flag: null,
  };
}

async function storedFlags(deviceId: number): Promise<string> {
  const rows = await database.sql<{ t: number; flag: string | null }[]>`
    select round(extract(epoch from recorded_at) * 1000)::float8 as t, flag
      from tracks where device_id = ${deviceId} order by recorded_at`;
  return rows.map((one) => `${one.t}${one.flag === null ? '' : '!'}`).join(' ');
}

/** What the flags must be: the fold over all distinct fixes in time order. */
function expectedFlags(sightings: readonly Sighting[]): { text: string; end: TrailEnd } {
  const byT = new Map<number, Sighting>();
  for (const one of sightings) if (!byT.has(one.t)) byT.set(one.t, one);
  let end = EMPTY_TRAIL;
  const text = [...byT.values()]
    .sort((a, b) => a.t - b.t)
    .map((one) => {
      const step = extendTrail(end, one);
      end = step.end;
      return `${one.t}${step.flag === null ? '' : '!'}`;
    })
    .join(' ');
  return { text, end };
}

const BASE = Math.floor(Date.now() / DAY_MS) * DAY_MS - 10_000;
const PLACES = [
  { lat: -0.93, lon: -78.61 },
  { lat: -0.9302, lon: -78.61 },
  { lat: -0.93, lon: -78.34 },
  { lat: -0.9302, lon: -78.34 },
  { lat: -0.66, lon: -78.61 },
];

/** Fixes of one device on both sides of midnight, cut into batches that overlap, in any order. */
const arrivals = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: PLACES.length - 1 })), {
    minLength: 1,
    maxLength: 40,
  })
  .chain((given) => {
    const byT = new Map(given.map(([second, place]) => [second, place]));
    const fixes = [...byT].map(([second, place]) => ({ t: BASE + second * 500, ...PLACES[place]! }));
    const batch = fc.subarray(fixes, { minLength: 1 });
    return fc.tuple(
      fc.constant(fixes),
      fc.array(batch, { minLength: 0, maxLength: 5 }),
      fc.shuffledSubarray(fixes, { minLength: fixes.length, maxLength: fixes.length }),
      fc.integer({ min: 1, max: 7 }),
    );
  })
  .map(([, overlapping, everything, size]) => {
    const batches: Sighting[][] = overlapping.map((batch) => [...batch]);
    for (let i = 0; i < everything.length; i += size) batches.push(everything.slice(i, i + size));
    return { batches, everything };
  });

describe('settling', () => {
  it('ends in the same rows and flags whatever the order and overlap of arrival', async () => {
    const store = createTrailStore(database.sql, 11);
    const deviceId = deviceIds[0]!;
    await fc.assert(
      fc.asyncProperty(arrivals, async ({ batches, everything }) => {
        await database.sql`delete from tracks`;
        let stored = 0;
        let end: TrailEnd | undefined;
        for (const batch of batches) {
          const settled = await store.settle(batch.map((one) => row(deviceId, one)));
          stored += settled.stored.size;
          end = settled.ends.get(deviceId);
        }
        const expected = expectedFlags(everything);
        expect(await storedFlags(deviceId)).toBe(expected.text);
        expect(stored).toBe(everything.length);
        expect(end).toEqual(expected.end);
      }),
      { seed: 4_711, numRuns: testDatabaseKind() === 'postgres' ? 60 : 25 },
    );
  });

  it('knows the end of a trail from the rows alone', async () => {
    const store = createTrailStore(database.sql, 11);
    const [deviceId, unknown] = [deviceIds[0]!, deviceIds[1]!];
    const sightings = [0, 1, 2, 3].map((i) => ({ t: BASE + i * 1_000, ...PLACES[i < 2 ? 0 : 2]! }));
    await store.settle(sightings.map((one) => row(deviceId, one)));
    const ends = await readTrailEnds(database.sql, [deviceId, unknown]);
    expect(ends.get(deviceId)).toEqual(expectedFlags(sightings).end);
    expect(ends.get(deviceId)!.doubts).toBe(2);
    expect(ends.get(unknown)).toEqual(EMPTY_TRAIL);
  });

  it('appends only for the instance that settles the device', async () => {
    const [first, second] = [createTrailStore(database.sql, 21), createTrailStore(database.sql, 22)];
    const deviceId = deviceIds[0]!;
    const at = (i: number) => row(deviceId, { t: BASE + i * 1_000, ...PLACES[0]! });
    await first.settle([at(0)]);
    expect(await first.append([at(1)])).toBe(true);
    expect(await second.append([at(2)])).toBe(false);
    await second.settle([at(2)]);
    expect(await first.append([at(3)])).toBe(false);
    expect(await second.append([at(3)])).toBe(true);
    expect((await storedFlags(deviceId)).split(' ')).toHaveLength(4);
  });

  it('writes nothing of an append that meets a stored row', async () => {
    const store = createTrailStore(database.sql, 31);
    const deviceId = deviceIds[0]!;
    const at = (i: number) => row(deviceId, { t: BASE + i * 1_000, ...PLACES[0]! });
    await store.settle([at(1)]);
    expect(await store.append([at(2), at(1), at(3)])).toBe(false);
    expect((await storedFlags(deviceId)).split(' ')).toHaveLength(1);
  });

  it('counts a row twice in one batch as one stored and one duplicate', async () => {
    const store = createTrailStore(database.sql, 41);
    const sighting = { t: BASE, ...PLACES[0]! };
    const settled = await store.settle([row(deviceIds[0]!, sighting), row(deviceIds[0]!, sighting)]);
    expect(settled.stored.size).toBe(1);
  });
});

describe.runIf(testDatabaseKind() === 'postgres')('two instances at once', () => {
  it('settle one device in turn and end in the fold over all of its fixes', async () => {
    const other = await database.again();
    try {
      const stores = [createTrailStore(database.sql, 51), createTrailStore(other.sql, 52)];
      await fc.assert(
        fc.asyncProperty(arrivals, fc.infiniteStream(fc.nat(1)), async ({ batches, everything }, choice) => {
          await database.sql`delete from tracks`;
          const ends = [new Map<number, TrailEnd>(), new Map<number, TrailEnd>()];
          const deviceId = deviceIds[2]!;
          const send = async (batch: Sighting[], which: number) => {
            const known = ends[which]!.get(deviceId);
            // As the ingest does: append what is newer than the end it remembers, settle all else.
            if (known && batch.every((one) => one.t > newestT(known))) {
              let end = known;
              const rows = batch
                .toSorted((a, b) => a.t - b.t)
                .map((one) => {
                  const step = extendTrail(end, one);
                  end = step.end;
                  return { ...row(deviceId, one), flag: step.flag };
                });
              ends[which]!.set(deviceId, end);
              if (await stores[which]!.append(rows)) return;
            }
            ends[which]!.delete(deviceId);
            const settled = await stores[which]!.settle(batch.map((one) => row(deviceId, one)));
            ends[which]!.set(deviceId, settled.ends.get(deviceId)!);
          };
          const queues: Sighting[][][] = [[], []];
          for (const batch of batches) queues[choice.next().value!]!.push(batch);
          const ended = await Promise.allSettled(
            queues.map(async (queue, which) => {
              for (const batch of queue) await send(batch, which);
            }),
          );
          expect(ended.filter((one) => one.status === 'rejected')).toEqual([]);
          expect(await storedFlags(deviceId)).toBe(expectedFlags(everything).text);
        }),
        { seed: 99, numRuns: 60 },
      );
    } finally {
      await other.close();
    }
  });
});
