import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../../tests/database/open.ts';
import { dropTrackPartitions, ensureTrackPartitions, listTrackPartitions } from './track-partitions.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.drop());

const insert = (at: string) => database.sql`
  insert into tracks (device_id, truck_id, recorded_at, received_at, geom)
  values (1, 1, ${at}, ${at}, ST_SetSRID(ST_MakePoint(-78.61, -0.93), 4326)) on conflict do nothing`;

it('a fix goes to its day; a day without partition takes none', async () => {
  const { sql } = database;
  await expect(insert('2026-03-01T12:00:00Z')).rejects.toMatchObject({ code: '23514' });
  const made = await ensureTrackPartitions(
    sql,
    new Date('2026-03-01T23:59:59Z'),
    new Date('2026-03-03T00:00:00Z'),
  );
  expect(made).toEqual(['tracks_20260301', 'tracks_20260302', 'tracks_20260303']);
  for (const at of ['2026-03-01T00:00:00Z', '2026-03-01T23:59:59.999Z', '2026-03-02T00:00:00Z'])
    await insert(at);
  await insert('2026-03-02T00:00:00Z');
  expect(
    await sql`select tableoid::regclass::text as part, count(*) as n from tracks group by 1 order by 1`,
  ).toEqual([
    { part: 'tracks_20260301', n: 2 },
    { part: 'tracks_20260302', n: 1 },
  ]);
});

it('making them twice, even at once, is harmless', async () => {
  const days = [new Date('2026-03-01T00:00:00Z'), new Date('2026-03-06T00:00:00Z')] as const;
  const made = await Promise.all([1, 2, 3].map(() => ensureTrackPartitions(database.sql, ...days)));
  expect(new Set(made.flat()).size).toBe(3);
  expect((await listTrackPartitions(database.sql)).map(({ day }) => day.toISOString().slice(8, 10))).toEqual([
    '01',
    '02',
    '03',
    '04',
    '05',
    '06',
  ]);
});

it.runIf(testDatabaseKind() === 'postgres')(
  'a day is made while a backup reads and a device writes, and nobody waits for it',
  async () => {
    const { sql } = database;
    const written = new Date('2026-03-05T00:00:00Z');
    await ensureTrackPartitions(sql, written, written);
    const reading = await sql.reserve();
    await reading`begin`;
    await reading`select 1 from tracks`;
    await reading`
      insert into tracks (device_id, truck_id, recorded_at, received_at, geom)
      values (2, 1, '2026-03-05T06:00:00Z', now(), ST_SetSRID(ST_MakePoint(-78.61, -0.93), 4326))`;
    const day = new Date('2026-03-07T00:00:00Z');
    expect(await ensureTrackPartitions(sql, day, day)).toEqual(['tracks_20260307']);
    await insert('2026-03-07T06:00:00Z');
    await reading`rollback`;
    reading.release();
    await sql`delete from tracks where recorded_at = '2026-03-07T06:00:00Z'`;
    const indexes = async (name: string) =>
      (
        await sql<{ def: string }[]>`
          select replace(pg_get_indexdef(indexrelid), ${name}, 'day') as def from pg_index
           where indrelid = ${name}::regclass order by 1`
      ).map(({ def }) => def);
    expect(await indexes('tracks_20260307')).toHaveLength(3);
    await sql`drop table tracks_20260307`;
  },
);

it.runIf(testDatabaseKind() === 'postgres')(
  'old days stay while a backup reads, and nobody waits behind the wish to drop them',
  async () => {
    const { sql } = database;
    const reading = await sql.reserve();
    await reading`begin`;
    await reading`select 1 from tracks`;
    expect(await dropTrackPartitions(sql, new Date('2026-03-02T00:00:00Z'))).toEqual([]);
    await insert('2026-03-02T06:00:00Z');
    await reading`rollback`;
    reading.release();
    await sql`delete from tracks where recorded_at = '2026-03-02T06:00:00Z'`;
  },
);

it('old days go whole, the day of the limit stays', async () => {
  const dropped = await dropTrackPartitions(database.sql, new Date('2026-03-03T18:00:00Z'));
  expect(dropped).toEqual(['tracks_20260301', 'tracks_20260302']);
  expect(await database.sql`select count(*) as n from tracks`).toEqual([{ n: 0 }]);
});
