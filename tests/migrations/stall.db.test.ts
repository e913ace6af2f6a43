import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateDown, migrateUp, readMigrations } from '../../server/db/migrate.ts';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../database/open.ts';
import { filesOfTracks, fillTracks } from './stall.ts';
import { fillEveryTable } from './fill.ts';

const migrations = readMigrations();

/** The long form, with ten million rows and a clock, is stall.long.test.ts. */
describe.runIf(testDatabaseKind() === 'postgres')('a migration of a large table', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase({ migrated: false });
    await migrateUp(database.sql, migrations.slice(0, 2));
    await fillEveryTable(database.sql);
    await fillTracks(database.sql, 1_000);
  });
  afterAll(() => database.drop());

  it.each(migrations.slice(2).map(({ name }, n) => [name, n + 3]))(
    '%s neither writes the tracks anew nor indexes them under a lock, up or down',
    async (_name, upTo) => {
      const before = await filesOfTracks(database.sql);
      expect(before.length).toBeGreaterThan(40);
      await migrateUp(database.sql, migrations.slice(0, upTo));
      expect(await filesOfTracks(database.sql)).toEqual(before);
      await migrateDown(database.sql);
      expect(await filesOfTracks(database.sql)).toEqual(before);
      await migrateUp(database.sql, migrations.slice(0, upTo));
    },
  );

  it('would be seen', async () => {
    const before = await filesOfTracks(database.sql);
    await database.sql
      .begin(async (tx) => {
        await tx`create index on tracks (speed)`;
        expect(await filesOfTracks(tx as never)).not.toEqual(before);
        throw new Error('back');
      })
      .catch(() => undefined);
    await database.sql
      .begin(async (tx) => {
        await tx`alter table tracks alter column speed type double precision`;
        expect(await filesOfTracks(tx as never)).not.toEqual(before);
        throw new Error('back');
      })
      .catch((error: Error) => expect(error.message).toBe('back'));
  });
});
