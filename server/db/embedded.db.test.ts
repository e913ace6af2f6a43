import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PROJECT_ROOT } from '../ops/project.ts';
import { silentLog } from '../ops/log.ts';
import { connectDatabase, type Database } from './connect.ts';
import { EmbeddedError } from './embedded.ts';

const source = inject('testDatabase');

/** What only the embedded database has: a folder, a lock, a process that may die. */
describe.runIf(source.kind === 'embedded')('the embedded database', () => {
  let folder: string;
  let database: Database;
  const open = () => connectDatabase({ dataDir: folder, log: silentLog() });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'epagal-embedded-'));
    if (source.kind === 'embedded') cpSync(source.templates.migrated, folder, { recursive: true });
    database = await open();
    await database.sql`create table kept (id int primary key)`;
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('knows places, projections and distances on the ellipsoid', async () => {
    const [row] = await database.sql`
      select round(ST_Distance(a::geography, b::geography)) as metres, ST_X(ST_Transform(a, 32717))::int as easting
      from (select ST_SetSRID(ST_MakePoint(-78.613, -0.936), 4326) as a,
                   ST_SetSRID(ST_MakePoint(-78.663, -0.949), 4326) as b) as places`;
    expect(row).toEqual({ metres: 5_748, easting: 765_655 });
  });

  it('refuses COPY at once, and serves on', async () => {
    await expect(database.sql.unsafe('copy kept from stdin')).rejects.toMatchObject({ code: '0A000' });
    const [row] = await database.sql`select 'copy kept from stdin' as text`;
    expect(row).toEqual({ text: 'copy kept from stdin' });
  });

  it('refuses a second server on its folder in one line, and is not disturbed', async () => {
    const refusal = open();
    await expect(refusal).rejects.toBeInstanceOf(EmbeddedError);
    await expect(refusal).rejects.toThrow(
      /^another server \(pid \d+\) already uses this database folder[^\n]*$/,
    );
    expect(await database.ping()).toBeGreaterThan(0);
  });

  it('killed, it comes back by itself with everything that was committed', async () => {
    await database.sql`insert into kept select generate_series(1, 1000)`;
    const half = database.sql.begin(async (tx) => {
      await tx`insert into kept values (5000)`;
      process.kill(childPid(folder), 'SIGKILL');
      await tx`insert into kept values (5001)`;
    });
    await expect(half).rejects.toBeDefined();
    await untilItAnswers(database);
    expect(await database.sql`select count(*) as n, max(id) as last from kept`).toEqual([
      { n: 1000, last: 1000 },
    ]);
  });

  it('a server killed with its database still open leaves the folder to the next', async () => {
    await database.close();
    const server = spawn(
      process.execPath,
      ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--input-type=module'],
      { cwd: PROJECT_ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    server.stdin.end(`
      import { connectDatabase } from ${JSON.stringify(pathToFileURL(join(PROJECT_ROOT, 'server/db/connect.ts')).href)};
      import { silentLog } from ${JSON.stringify(pathToFileURL(join(PROJECT_ROOT, 'server/ops/log.ts')).href)};
      const database = await connectDatabase({ dataDir: ${JSON.stringify(folder)}, log: silentLog() });
      await database.sql\`insert into kept values (9000)\`;
      console.log('open');
      setInterval(() => undefined, 1000);
    `);
    await new Promise<void>((resolve) => server.stdout.once('data', () => resolve()));
    server.kill('SIGKILL');
    database = await open();
    expect(await database.sql`select max(id) as last from kept`).toEqual([{ last: 9000 }]);
  });

  it('closed, it leaves neither lock nor socket', async () => {
    await database.close();
    expect(['embedded.lock', '.s.PGSQL.5432'].filter((name) => existsSync(join(folder, name)))).toEqual([]);
    database = await open();
  });
});

function childPid(folder: string): number {
  return (JSON.parse(readFileSync(join(folder, 'embedded.lock'), 'utf8')) as { pid: number }).pid;
}

/** The driver reconnects on the next query; until the process is up again each one fails. */
async function untilItAnswers(database: Database): Promise<void> {
  const giveUpAt = performance.now() + 100_000;
  for (;;) {
    try {
      await database.sql`select 1`;
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
