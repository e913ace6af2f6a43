import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { loadConfig } from '../../server/config.ts';
import { assemble } from '../../server/main.ts';
import { silentLog } from '../../server/ops/log.ts';
import { DIST, PROJECT_ROOT } from '../../server/ops/project.ts';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../database/open.ts';

describe.runIf(testDatabaseKind() === 'postgres')('a server that stops', () => {
  let database: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    database = await openTestDatabase();
    folder = mkdtempSync(join(tmpdir(), 'epagal-stop-'));
  });
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const leases = async () =>
    (await database.sql<{ name: string }[]>`select name from leases order by name`).map(({ name }) => name);

  it('gives back all it led, so that another need not wait for the end of a lease', async () => {
    const source = inject('testDatabase') as { server?: string };
    const config = loadConfig(
      { DATABASE_URL: `${source.server}/${database.sql.options.database}`, DATA_DIR: folder },
      { mode: 'test' },
    );
    const server = await assemble(config, {
      log: silentLog(),
      shippedMapDir: existsSync(DIST.map) ? DIST.map : join(PROJECT_ROOT, 'server/roads/synthetic'),
    });
    server.react();
    const led = ['alerts', 'dispatch', 'visits'];
    await vi.waitFor(async () => expect(await leases()).toEqual(expect.arrayContaining(led)), {
      timeout: 60_000,
      interval: 200,
    });
    await server.stop();
    expect(await leases()).toEqual([]);
  });
});
