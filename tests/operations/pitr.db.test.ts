import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sql } from '../../server/db/connect.ts';
import { migrateUp } from '../../server/db/migrate.ts';
import { contentsOf } from '../../server/ops/backup/contents.ts';
import { openForTool } from '../../server/ops/backup/open.ts';
import { silentLog } from '../../server/ops/log.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import { freePort, postgresPrograms, startCluster, type Cluster } from '../database/cluster.ts';
import { testDatabaseKind } from '../database/open.ts';

const SCRIPTS = ['archive-wal.sh', 'base-backup.sh', 'recover-to.sh'];
const programs = postgresPrograms();

/** The scripts of docker/postgres as docs/operations.md uses them, on a server of the test's own. */
describe.runIf(testDatabaseKind() === 'postgres' && programs !== null)('recovery to an instant', () => {
  const bin = programs ?? '';
  let cluster: Cluster;
  let recovered: string | null = null;
  const archive = () => join(cluster.folder, 'pitr');

  /** As the user postgres, which initdb and the server want. */
  const asPostgres = (file: string, args: string[]) => {
    const [command = '', ...rest] =
      process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--', file, ...args] : [file, ...args];
    const env = {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      PGHOST: '127.0.0.1',
      PGPORT: String(cluster.port),
      PGUSER: 'postgres',
    };
    const done = spawnSync(command, rest, {
      encoding: 'utf8',
      env,
      cwd: cluster.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { code: done.status, text: `${done.stdout}${done.stderr}`.trim() };
  };
  const script = (name: string, ...args: string[]) => asPostgres(join(cluster.folder, name), args);
  const contents = async (url: string) => {
    const { sql, close } = await openForTool({ databaseUrl: url, dataDir: '.' }, silentLog());
    return sql.begin((tx) => contentsOf(tx)).finally(close);
  };
  const logOf = (data: string) => asPostgres('tail', ['-n', '5', `${data}.log`]).text;
  const events = (sql: Sql, from: number, to: number) =>
    sql.unsafe(`insert into events (id, type, subject_kind, subject_id, actor, data)
      select g, 'incident.reported', 'incident', g, '{"kind":"system"}', '{}' from generate_series(${from}, ${to}) g`);

  beforeAll(async () => {
    cluster = await startCluster({ settings: ['archive_mode=on', 'archive_timeout=60'] });
    for (const name of SCRIPTS)
      copyFileSync(join(PROJECT_ROOT, 'docker/postgres', name), join(cluster.folder, name));
    execFileSync('chmod', ['755', ...SCRIPTS.map((name) => join(cluster.folder, name))]);
    const admin = postgres(cluster.url('postgres'), { max: 1 });
    await admin.unsafe(
      `alter system set archive_command = '${cluster.folder}/archive-wal.sh ${archive()} "%p" %f'`,
    );
    await admin.unsafe('select pg_reload_conf()');
    await admin.unsafe('create database epagal');
    await admin.end();
  }, 120_000);
  afterAll(() => {
    if (recovered) asPostgres(join(bin, 'pg_ctl'), ['stop', '-D', recovered, '-m', 'immediate']);
    cluster.stop();
  });

  it('brings back what was there just before a table was dropped', async () => {
    const { sql, close } = await openForTool(
      { databaseUrl: cluster.url('epagal'), dataDir: '.' },
      silentLog(),
    );
    let before: Awaited<ReturnType<typeof contents>>;
    let target: string;
    try {
      await migrateUp(sql);
      await events(sql, 1, 1_000);
      const base = script('base-backup.sh', archive());
      expect(base).toMatchObject({ code: 0, text: expect.stringContaining('verified') as string });
      // Names have whole seconds: the target must lie in a later one.
      await pause(1_100);
      await events(sql, 1_001, 1_500);
      await sql.unsafe(`insert into trucks (plate, type, capacity) values ('PAA-1234', 'lateral', 15)`);
      before = await contents(cluster.url('epagal'));
      const [now] = await sql.unsafe<{ at: string }[]>('select clock_timestamp()::text as at');
      target = now?.at ?? '';
      await sql.unsafe('drop table incidents cascade');
      await events(sql, 1_501, 2_000);
      const [switched] = await sql.unsafe<{ segment: string }[]>(
        'select pg_walfile_name(pg_switch_wal()) as segment',
      );
      const segment = join(archive(), 'wal', switched?.segment ?? '');
      await expect.poll(() => existsSync(segment), { timeout: 120_000, interval: 100 }).toBe(true);
    } finally {
      await close();
    }

    const startedAt = performance.now();
    recovered = join(cluster.folder, 'recovered');
    expect(script('recover-to.sh', archive(), target, recovered)).toMatchObject({ code: 0 });
    const port = await freePort();
    // With the settings of the server it was: recovery refuses fewer connections.
    const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${cluster.folder} -c max_connections=200`;
    const started = asPostgres(join(bin, 'pg_ctl'), [
      ...['start', '-w', '-D', recovered, '-l', join(cluster.folder, 'recovered.log'), '-o', options],
    ]);
    expect(started.code, `${started.text}\n${logOf(recovered)}`).toBe(0);
    const url = `postgres://postgres@127.0.0.1:${port}/epagal`;
    const isWritable = async () => {
      const probe = postgres(url, { max: 1 });
      const [row] = await probe<{ done: boolean }[]>`select not pg_is_in_recovery() as done`.finally(() =>
        probe.end(),
      );
      return row?.done;
    };
    await expect.poll(isWritable, { timeout: 120_000, interval: 200 }).toBe(true);
    const after = await contents(url);
    expect(after).toEqual(before);
    expect(after.rows).toMatchObject({ events: 1_500, trucks: 1, incidents: 0 });
    console.log(`recovered to an instant in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }, 360_000);

  it('refuses an instant before every base backup, and a folder in use, in one line', () => {
    expect(
      script('recover-to.sh', archive(), '2020-01-01 00:00:00+00', join(cluster.folder, 'never')),
    ).toEqual({
      code: 1,
      text: expect.stringMatching(/^recover-to: no base backup had ended by/) as string,
    });
    expect(
      script('recover-to.sh', archive(), '2090-01-01 00:00:00+00', join(cluster.folder, 'data')).text,
    ).toMatch(/is not empty$/);
  });

  it('keeps the newest base backups, and only the log they need', () => {
    const wal = () => readdirSync(join(archive(), 'wal')).length;
    const before = wal();
    mkdirSync(join(archive(), 'base/20200101T000000Z'));
    expect(script('base-backup.sh', archive(), '1')).toMatchObject({ code: 0 });
    expect(readdirSync(join(archive(), 'base'))).toHaveLength(1);
    expect(wal()).toBeLessThanOrEqual(before + 1);
    rmSync(join(archive(), 'base/20200101T000000Z'), { recursive: true, force: true });
  });

  it('never overwrites a segment of the log with another', () => {
    const segment = join(cluster.folder, 'segment');
    asPostgres('sh', ['-c', `printf one > ${segment}`]);
    expect(script('archive-wal.sh', archive(), segment, 'TEST').code).toBe(0);
    expect(script('archive-wal.sh', archive(), segment, 'TEST').code).toBe(0);
    asPostgres('sh', ['-c', `printf two > ${segment}`]);
    expect(script('archive-wal.sh', archive(), segment, 'TEST')).toEqual({
      code: 1,
      text: expect.stringContaining('is there already and is not the same') as string,
    });
  });
});
