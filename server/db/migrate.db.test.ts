import { getTableColumns, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../../tests/database/open.ts';
import {
  migrateDown,
  migrateDownTo,
  migrateUp,
  readMigrations,
  schemaState,
  type Migration,
  TABLE_WAIT_MS,
} from './migrate.ts';
import * as schema from './schema/index.ts';

const migrations = readMigrations();
const names = migrations.map(({ name }) => name);
const made = (name: string, up: string, down = 'select 1'): Migration => ({
  name,
  up,
  down,
  hash: `hash of ${up}`,
});

/** Everything of ours in the database: tables with columns, indexes, constraints. */
async function inventory({ sql }: TestDatabase): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    with ours as (
      select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> 'schema_migrations'
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e'))
    select 'column ' || relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull as line
      from ours join pg_attribute on attrelid = ours.oid and attnum > 0 and not attisdropped
    union all select 'index ' || pg_get_indexdef(indexrelid) from ours join pg_index on indrelid = ours.oid
    union all select 'constraint ' || relname || ' ' || conname || ' ' || pg_get_constraintdef(k.oid)
      from ours join pg_constraint k on conrelid = ours.oid and contype <> 'n'
    order by 1`;
  return rows.map(({ line }) => line);
}

describe('migrations', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase({ migrated: false });
  });
  afterAll(() => database.drop());

  it('go all the way up, all the way down one by one, and up again to the same', async () => {
    const { sql } = database;
    expect(await schemaState(sql)).toEqual({ current: null, latest: names.at(-1), state: 'behind' });
    expect(await inventory(database)).toEqual([]);
    const steps: string[][] = [];
    for (const upTo of names.keys()) {
      expect(await migrateUp(sql, migrations.slice(0, upTo + 1))).toEqual([names[upTo]]);
      steps.push(await inventory(database));
    }
    expect(steps.at(-1)?.length).toBeGreaterThan(100);
    expect(await schemaState(sql)).toEqual({ current: names.at(-1), latest: names.at(-1), state: 'current' });
    for (const name of names.toReversed()) {
      expect(await inventory(database)).toEqual(steps.pop());
      expect(await migrateDown(sql)).toBe(name);
    }
    expect(await inventory(database)).toEqual([]);
    expect(await migrateDown(sql)).toBeNull();
    expect(await migrateUp(sql)).toEqual(names);
    expect(await migrateUp(sql)).toEqual([]);
  }, 240_000);

  it('a failing one leaves nothing of itself behind', async () => {
    const broken = made('9000_broken', 'create table half (id int); select no_such_function()');
    await expect(migrateUp(database.sql, [...migrations, broken])).rejects.toMatchObject({ code: '42883' });
    expect(await database.sql`select to_regclass('half') as half`).toEqual([{ half: null }]);
    expect((await schemaState(database.sql)).state).toBe('current');
  });

  it('refuse a database that is ahead, and a file changed after it was applied', async () => {
    const { sql } = database;
    const newer = [...migrations, made('9000_newer', 'create table newer (id int)', 'drop table newer')];
    await migrateUp(sql, newer);
    expect((await schemaState(sql)).state).toBe('ahead');
    await expect(migrateUp(sql)).rejects.toThrow('the database is ahead: it has 9000_newer');
    expect(await migrateDown(sql, newer)).toBe('9000_newer');
    const changed = migrations.map((migration, n) => (n === 1 ? { ...migration, hash: 'other' } : migration));
    await expect(migrateUp(sql, changed)).rejects.toThrow(`${names[1]}.sql was changed after it was applied`);
  });

  it('of a newer program are taken back by an older one, by the way back they left in the database', async () => {
    const { sql } = database;
    const newer = [
      ...migrations,
      made('9000_newer', 'create table newer (id int)', 'drop table newer'),
      made('9001_newest', 'alter table newer add column more int', 'alter table newer drop column more'),
    ];
    expect(await migrateUp(sql, newer)).toEqual(['9000_newer', '9001_newest']);
    await expect(migrateDownTo(sql, '9002_never')).rejects.toThrow('9002_never is not applied');
    expect(await migrateDownTo(sql, names.at(-1)!)).toEqual(['9001_newest', '9000_newer']);
    expect(await migrateDownTo(sql, names.at(-1)!)).toEqual([]);
    expect((await schemaState(sql)).state).toBe('current');
    expect(await sql`select to_regclass('newer') as newer`).toEqual([{ newer: null }]);
  });

  it('of a release that kept no way back need that release, until a newer one has added it', async () => {
    const { sql } = database;
    const newer = [...migrations, made('9000_newer', 'create table newer (id int)', 'drop table newer')];
    await migrateUp(sql, newer);
    await sql`update schema_migrations set down = null`;
    await expect(migrateDown(sql)).rejects.toThrow('use the newer one');
    expect(await migrateUp(sql, newer)).toEqual([]);
    expect(await migrateDown(sql)).toBe('9000_newer');
  });

  it.runIf(testDatabaseKind() === 'postgres')(
    'give way to whoever uses a table, and come again',
    async () => {
      const { sql } = database;
      await sql`create table busy (id int)`;
      const wanting = [
        ...migrations,
        made('9000_wanting', 'alter table busy add column more int', 'drop table busy'),
      ];
      const [reader, writer] = await Promise.all([database.again(), database.again()]);
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      let isReading = () => {};
      const reading = new Promise<void>((resolve) => (isReading = resolve));
      const query = reader.sql.begin(async (tx) => {
        await tx`select from busy`;
        isReading();
        await held;
      });
      await reading;
      const migrated = migrateUp(sql, wanting);
      // Until the migration is seen waiting; then somebody who writes comes after it in the queue.
      while (
        (await writer.sql`select from pg_locks where not granted and relation = 'busy'::regclass`).length ===
        0
      );
      // It gets through while the reader is still there: whoever waits behind one that does not give way waits for it.
      const startedAt = performance.now();
      await writer.sql`insert into busy values (1)`;
      expect(performance.now() - startedAt).toBeLessThan(10 * TABLE_WAIT_MS);
      release();
      await query;
      expect(await migrated).toEqual(['9000_wanting']);
      expect(await migrateDown(sql, wanting)).toBe('9000_wanting');
      await Promise.all([reader.close(), writer.close()]);
    },
  );

  it.runIf(testDatabaseKind() === 'postgres')('started by several instances at once run once', async () => {
    while ((await migrateDown(database.sql)) !== null);
    const others = await Promise.all([database.again(), database.again(), database.again()]);
    const applied = await Promise.all([database, ...others].map(({ sql }) => migrateUp(sql)));
    expect(applied.flat().toSorted()).toEqual(names);
    await Promise.all(others.map((other) => other.close()));
  });
});

describe('the migrated database and the schema in code', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.drop());

  it('have the same tables, columns, types and nullability', async () => {
    const inDatabase = (await inventory(database)).filter((line) => line.startsWith('column '));
    const inCode = Object.values(schema).flatMap((table) =>
      is(table, PgTable)
        ? Object.values(getTableColumns(table)).map((column) => {
            const keyed = getTableConfig(table).primaryKeys.some((key) => key.columns.includes(column));
            return `column ${getTableConfig(table).name}.${column.name} ${column.getSQLType()} ${column.notNull || keyed}`;
          })
        : [],
    );
    expect(inDatabase).toEqual(inCode.toSorted());
  });

  it('have the same indexes and unique constraints', async () => {
    const rows = await database.sql<{ name: string }[]>`
      select indexrelid::regclass::text as name from pg_index
      where not indisprimary and indrelid::regclass::text = any(${tables().map(({ name }) => name)})`;
    const inCode = tables().flatMap((table) => [
      ...table.indexes.map(({ config }) => config.name),
      ...table.columns.filter((column) => column.isUnique).map((column) => column.uniqueName),
      ...table.uniqueConstraints.map((constraint) => constraint.getName()),
    ]);
    const byHand = ['tracks_time'];
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...inCode, ...byHand].toSorted());
  });

  it('begin with one event head and one plan head', async () => {
    expect(await database.db.select().from(schema.eventHead)).toEqual([{ id: 1, lastId: 0 }]);
    expect(await database.db.select().from(schema.planHead)).toEqual([{ id: 1, version: 0 }]);
  });
});

function tables() {
  return Object.values(schema).flatMap((table) => (is(table, PgTable) ? [getTableConfig(table)] : []));
}
