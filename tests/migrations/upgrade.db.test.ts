import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateDown, migrateUp, readMigrations } from '../../server/db/migrate.ts';
import { openTestDatabase, type TestDatabase } from '../database/open.ts';
import { contentsOf, fillEveryTable, lostBetween, ownTables } from './fill.ts';

const migrations = readMigrations();
const names = migrations.map(({ name }) => name);
/** Migrations that change rows on purpose: their name, and the tables they may change. */
const CHANGES_ROWS: Readonly<Record<string, readonly string[]>> = {};

describe('each version, full of data,', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase({ migrated: false });
    await migrateUp(database.sql, migrations.slice(0, 2));
  });
  afterAll(() => database.drop());
  /** Everything that was there, but for what a migration says it changes. */
  const lost = (name: string, ...[before, after]: Parameters<typeof lostBetween>) =>
    lostBetween(before, after).filter(
      (line) => !(CHANGES_ROWS[name] ?? []).some((table) => line.startsWith(`${table}:`)),
    );

  it.each(names.slice(2).map((name, n) => [names[n + 1]!, name]))(
    '%s goes up to %s, down, and up again without losing a row',
    async (_from, name) => {
      const { sql } = database;
      const upTo = migrations.slice(0, names.indexOf(name) + 1);
      await fillEveryTable(sql);
      const before = await contentsOf(sql);
      expect([...before].filter(([, rows]) => rows.length === 0)).toEqual([]);
      expect(await migrateUp(sql, upTo)).toEqual([name]);
      expect(lost(name, before, await contentsOf(sql))).toEqual([]);
      // Down is taken from a database in use: with rows in what is new, too.
      await fillEveryTable(sql);
      const above = await contentsOf(sql);
      expect(await migrateDown(sql)).toBe(name);
      const below = await contentsOf(sql);
      expect([...below.keys()]).toEqual([...before.keys()]);
      expect(lost(name, before, below)).toEqual([]);
      expect(await migrateUp(sql, upTo)).toEqual([name]);
      expect([...(await contentsOf(sql)).keys()]).toEqual([...above.keys()]);
      expect(lost(name, before, await contentsOf(sql))).toEqual([]);
    },
    240_000,
  );

  it('the newest can be filled and emptied step by step down to the first, and comes back', async () => {
    const { sql } = database;
    await fillEveryTable(sql);
    for (const name of names.slice(1).toReversed()) expect(await migrateDown(sql)).toBe(name);
    expect(await ownTables(sql)).toEqual([]);
    expect(await migrateUp(sql)).toEqual(names.slice(1));
  }, 240_000);
});

describe('the comparison itself', () => {
  it('sees a row gone, a value changed and a table gone; not a new column or table', () => {
    const before = new Map([
      [
        'a',
        [
          { id: '1', name: 'x' },
          { id: '2', name: null },
        ],
      ],
      ['b', [{ id: '1' }]],
    ]);
    const same = new Map([...before, ['c', [{ id: '9' }]]]);
    same.set('a', [
      { id: '2', name: null, more: '1' },
      { id: '1', name: 'x', more: null },
    ] as never);
    expect(lostBetween(before, same)).toEqual([]);
    expect(lostBetween(before, new Map([['a', [{ id: '1', name: 'y' }]]]))).toEqual([
      'a: ["1","x"] became ["1","y"]',
      'a: ["2",null] became nothing',
      'b is gone',
    ]);
  });
});
