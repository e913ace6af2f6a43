import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrateDown, migrateUp, readMigrations, schemaState } from '../../server/db/migrate.ts';
import { settleSchema } from '../../server/main.ts';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../database/open.ts';

/** A server beside a schema that is not its own does nothing, and says in one line what to do. */
describe.runIf(testDatabaseKind() === 'postgres')('a server refuses a schema that is', () => {
  let database: TestDatabase;
  const newest = readMigrations().at(-1)!.name;
  beforeEach(async () => {
    database = await openTestDatabase();
  });
  afterEach(() => database.drop());
  /** As a server that starts: on a connection of its own, which it closes when it refuses. */
  const start = async (migrate = false) => settleSchema(await database.again(), migrate);

  it('behind, and names the command', async () => {
    await migrateDown(database.sql);
    await expect(start()).rejects.toThrow(`this program needs ${newest}: run npm run db:migrate`);
    expect((await schemaState(database.sql)).state).toBe('behind');
  });

  it('ahead, changes nothing of it, and names both ways on', async () => {
    const newer = {
      name: '9000_newer',
      up: 'create table newer (id int)',
      down: 'drop table newer',
      hash: 'x',
    };
    await migrateUp(database.sql, [...readMigrations(), newer]);
    await expect(start()).rejects.toThrow(
      `ahead of this program (9000_newer): start the newer release, or take back what it brought: npm run db:rollback -- --to ${newest}`,
    );
    expect(await schemaState(database.sql)).toMatchObject({ current: '9000_newer', state: 'ahead' });
    await expect(start(true)).rejects.toThrow('the database is ahead: it has 9000_newer');
  });
});
