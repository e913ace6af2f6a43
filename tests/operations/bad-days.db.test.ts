import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createUser } from '../../server/access/create-user.ts';
import { connectDatabase } from '../../server/db/connect.ts';
import { migrateUp } from '../../server/db/migrate.ts';
import { createLocalBus } from '../../server/events/bus.ts';
import { silentLog } from '../../server/ops/log.ts';
import { SYSTEM } from '../../shared/actor.ts';
import { freePort, startCluster, type Cluster } from '../database/cluster.ts';
import { testDatabaseKind } from '../database/open.ts';
import { hasRedis, startTestRedis, type TestRedis } from '../database/redis.ts';
import { run, serve, type Serving } from './program.ts';

const PASSWORD = 'a long enough password';
/** What goes away and comes back: tried until the server has seen it. */
const WITHIN = { timeout: 45_000, interval: 250 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'epagal-bad-days-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(testDatabaseKind() === 'postgres')('a bad day', () => {
  let cluster: Cluster;
  let taken: Server;
  let takenPort: number;
  const DATABASE = 'epagal';
  const base = () => ({
    DATABASE_URL: cluster.url(DATABASE),
    DATA_DIR: join(folder, 'data'),
    BACKUP_AT: 'off',
  });

  beforeAll(async () => {
    cluster = await startCluster();
    const admin = postgres(cluster.url('postgres'), { max: 1 });
    await admin.unsafe(`create database ${DATABASE}`);
    await admin.unsafe('create database behind');
    await admin.unsafe(`create role guarded login password 'right'`);
    // The first line that fits is the one that counts.
    const rules = join(cluster.folder, 'data/pg_hba.conf');
    writeFileSync(rules, `host all guarded 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, 'utf8')}`);
    await admin.unsafe('select pg_reload_conf()');
    await admin.end();
    const database = await connectDatabase({ databaseUrl: cluster.url(DATABASE), log: silentLog() });
    await migrateUp(database.sql);
    const store = { database, clock: Date.now, bus: createLocalBus() };
    await createUser(store, SYSTEM, { username: 'jefa', password: PASSWORD, role: 'supervisor' });
    await database.close();
    taken = createServer().listen(0, '127.0.0.1');
    await new Promise((ready) => taken.once('listening', ready));
    takenPort = (taken.address() as { port: number }).port;
  }, 120_000);
  afterAll(async () => {
    await new Promise((closed) => taken.close(closed));
    cluster.stop();
  });

  describe('at the start: one line that says what to mend, exit 1', () => {
    const days: [string, () => Record<string, string>, RegExp][] = [
      [
        'no database server there',
        () => ({ DATABASE_URL: 'postgres://epagal@127.0.0.1:1/epagal' }),
        /^the database refused: connect ECONNREFUSED 127\.0\.0\.1:1 \(ECONNREFUSED\)$/,
      ],
      [
        'a host name that nobody knows',
        () => ({ DATABASE_URL: 'postgres://epagal@no-such-host.invalid/epagal' }),
        /^the database refused: getaddrinfo (ENOTFOUND|EAI_AGAIN) no-such-host\.invalid/,
      ],
      [
        'a wrong password',
        () => ({ DATABASE_URL: cluster.url(DATABASE).replace('postgres@', 'guarded:wrong@') }),
        /^the database refused: password authentication failed for user "guarded" \(28P01\)$/,
      ],
      [
        'a wrong database',
        () => ({ DATABASE_URL: cluster.url('no_such_database') }),
        /^the database refused: database "no_such_database" does not exist \(3D000\)$/,
      ],
      [
        'a schema that is behind',
        () => ({ DATABASE_URL: cluster.url('behind') }),
        /^The database is at no version, this program needs \w+: run npm run db:migrate\.$/,
      ],
      [
        'a port that is taken',
        () => ({ PORT: String(takenPort) }),
        /^listen EADDRINUSE: address already in use 127\.0\.0\.1:\d+$/,
      ],
      [
        'a data folder nobody can make',
        () => ({ DATA_DIR: '/dev/null/epagal' }),
        /^ENOTDIR: not a directory, .*$/,
      ],
      [
        'a malformed address',
        () => ({ DATABASE_URL: 'mysql://x' }),
        /^DATABASE_URL: must be a postgres:\/\/ URL$/,
      ],
      [
        'half of a backup store',
        () => ({ S3_BUCKET: 'b' }),
        /^(S3_\w+: missing beside the other S3 keys\n?){3}$/,
      ],
    ];
    it.each(days)('%s', async (_, env, line) => {
      const ended = await run('start', [], {
        PUBLIC_URL: 'http://127.0.0.1',
        PORT: '0',
        ...base(),
        ...env(),
      });
      expect(ended).toMatchObject({ code: 1, complaints: expect.stringMatching(line) as string });
    });
  });

  describe('for the tools: one line, exit 1', () => {
    it('a backup store that cannot be reached', async () => {
      const ended = await run('backup', ['--to', 's3://backups/latacunga'], {
        ...base(),
        S3_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
        S3_BUCKET: 'backups',
        S3_ACCESS_KEY_ID: 'id',
        S3_SECRET_ACCESS_KEY: 'secret',
      });
      expect(ended.code).toBe(1);
      expect(ended.complaints).toMatch(
        /^the store at http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONN[^\n]+$/,
      );
    });

    it('a backup folder on a full disk, with nothing left that looks like a backup', async (context) => {
      const small = join(folder, 'small');
      mkdirSync(small);
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', small]).status === 0;
      if (!mounted) return context.skip('a small disk can only be mounted by root');
      try {
        const ended = await run('backup', ['--to', small], base());
        expect(ended.code).toBe(1);
        expect(ended.complaints).toMatch(/^[^\n]*no space left on device[^\n]*$/i);
        expect(readdirSync(small)).toEqual([]);
      } finally {
        spawnSync('umount', [small]);
      }
    });

    it('a restore beside a server that runs', async () => {
      await run('backup', ['--to', join(folder, 'beside')], base());
      const [dump = ''] = readdirSync(join(folder, 'beside')).filter((name) => name.endsWith('.dump'));
      const server = await serve(base());
      const ended = await run('restore', [join(folder, 'beside', dump), '--replace'], base());
      expect(ended).toMatchObject({
        code: 1,
        complaints: 'a server is connected to this database: stop it first',
      });
      expect(await server.stop()).toBe(0);
    });
  });

  describe('while it runs: it says what is out, serves what it can, and is well again by itself', () => {
    let server: Serving;
    let wire: Wire;
    let redis: TestRedis | null = null;
    let redisPort: number;
    const login = async () => {
      const { data } = await server.call('auth.login', { username: 'jefa', password: PASSWORD });
      return (data as { token: string }).token;
    };

    beforeAll(async () => {
      wire = await layWire(cluster.port);
      redisPort = await freePort();
      if (hasRedis()) redis = await startTestRedis(redisPort);
      server = await serve({
        ...base(),
        DATABASE_URL: cluster.url(DATABASE).replace(`:${cluster.port}/`, `:${wire.port}/`),
        ...(redis && { REDIS_URL: redis.url }),
      });
    }, 120_000);
    afterAll(async () => {
      // Whatever the day was like: an orderly end.
      expect(await server.stop()).toBe(0);
      await redis?.stop();
      await wire.cut();
    });

    it('the database goes and comes back', async () => {
      const token = await login();
      await wire.cut();
      expect(await server.health()).toMatchObject({ code: 503, status: 'unhealthy' });
      expect((await fetch(`${server.url}/health/ready`)).status).toBe(503);
      expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
      expect(await server.call('incidents.list', {}, token, 'query')).toMatchObject({
        status: 503,
        reason: 'database-unavailable',
      });
      await wire.mend();
      await expect.poll(async () => (await server.health()).status, WITHIN).toBe('healthy');
      expect(await server.call('incidents.list', {}, token, 'query')).toMatchObject({ status: 200 });
      expect(server.isRunning()).toBe(true);
    }, 120_000);

    it.runIf(hasRedis())(
      'Redis goes and comes back',
      async () => {
        await expect.poll(() => server.health(), WITHIN).toMatchObject({ code: 200, status: 'healthy' });
        await redis?.stop('kill');
        const out = { code: 200, status: 'degraded', degraded: ['redis'] };
        await expect.poll(() => server.health(), WITHIN).toMatchObject(out);
        expect(await login()).toMatch(/./);
        redis = await startTestRedis(redisPort);
        await expect.poll(async () => (await server.health()).status, WITHIN).toBe('healthy');
      },
      120_000,
    );

    it('a session that expired is refused, and a new login is let in', async () => {
      const token = await login();
      const direct = postgres(cluster.url(DATABASE), { max: 1 });
      await direct.unsafe(`update sessions set expires_at = now() - interval '1 minute'`);
      await direct.end();
      expect(await server.call('incidents.list', {}, token, 'query')).toMatchObject({
        status: 401,
        reason: 'not-signed-in',
      });
      const again = await server.call('incidents.list', {}, await login(), 'query');
      expect(again).toMatchObject({ status: 200 });
    });

    it('slow answers are seen in the metrics, by path', async () => {
      const token = await login();
      const list = () => server.call('incidents.list', {}, token, 'query');
      const counted = async () => ({
        within1s: await server.metric(
          /^epagal_http_request_seconds_bucket\{le="1",.*method="GET",route="\/trpc\//,
        ),
        all: await server.metric(/^epagal_http_request_seconds_count\{.*method="GET",route="\/trpc\//),
      });
      await list();
      const before = await counted();
      const locker = postgres(cluster.url(DATABASE), { max: 1 });
      const direct = postgres(cluster.url(DATABASE), { max: 1 });
      let late: ReturnType<typeof list> | null = null;
      await locker.begin(async (tx) => {
        await tx.unsafe('lock table incidents in access exclusive mode');
        late = list();
        // From when it is seen to wait, however long it took to come.
        const waiting = () =>
          direct`select from pg_locks where relation = 'incidents'::regclass and not granted`.then(
            (rows) => rows.length,
          );
        await expect.poll(waiting, WITHIN).toBeGreaterThan(0);
        await tx.unsafe('select pg_sleep(1.5)');
      });
      expect(await late).toMatchObject({ status: 200 });
      await Promise.all([locker.end(), direct.end()]);
      expect(await counted()).toEqual({ within1s: before.within1s, all: before.all + 1 });
    });
  });

  it('OSRM that does not answer in time costs precision, not the plan', async () => {
    const held = new Set<Socket>();
    const silent = createServer((socket) => {
      held.add(socket);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
    const direct = postgres(cluster.url(DATABASE), { max: 1 });
    await direct.unsafe(
      `insert into trucks (plate, type, capacity) values ('PAA-1234', 'posterior', 25), ('PAA-1235', 'lateral', 15)`,
    );
    await direct.end();
    const OSRM_URL = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
    const server = await serve({ ...base(), OSRM_URL });
    const { data } = await server.call('auth.login', { username: 'jefa', password: PASSWORD });
    const { token } = data as { token: string };
    const report = { type: 'zona_critica', lat: -0.935, lon: -78.61, description: 'x' };
    const { data: incident } = await server.call('incidents.report', report);
    const { id, zone } = incident as { id: number; zone: string };
    expect(await server.call('incidents.validate', { id }, token)).toMatchObject({ status: 200 });
    expect(await server.call('plans.generate', { zone }, token)).toMatchObject({ status: 200 });
    expect(await server.health()).toMatchObject({ code: 200, status: 'degraded', degraded: ['router'] });
    expect(await server.metric(/^epagal_roads_degraded_total/)).toBeGreaterThan(0);
    expect(await server.stop()).toBe(0);
    for (const socket of held) socket.destroy();
    await new Promise((closed) => silent.close(closed));
  }, 180_000);

  it('with too little memory it ends with a code that its keeper restarts on', async () => {
    const memory = { NODE_OPTIONS: '--max-old-space-size=24' };
    const ended = await run('start', [], { PUBLIC_URL: 'http://127.0.0.1', PORT: '0', ...base(), ...memory });
    expect(String(ended.signal ?? ended.code)).toMatch(/^(SIGABRT|134)$/);
    expect(ended.complaints).toContain('JavaScript heap out of memory');
  }, 120_000);
});

interface Wire {
  port: number;
  /** Every connection ends and nobody answers any more. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** A way to a port that can be cut: the server at its end lives on. */
async function layWire(to: number): Promise<Wire> {
  const open = new Set<Socket>();
  const server = createServer((here) => {
    const there = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const listen = (port: number) =>
    new Promise<void>((ready) => server.listen(port, '127.0.0.1', () => ready()));
  const port = await freePort();
  await listen(port);
  return {
    port,
    mend: () => listen(port),
    cut: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of open) socket.destroy();
      }),
  };
}

describe.runIf(testDatabaseKind() === 'embedded')('a bad day of the one-folder installation', () => {
  it('a second server on the folder is refused in one line, and the first goes on', async () => {
    const env = { EMBEDDED: '1', DATA_DIR: join(folder, 'one'), BACKUP_AT: 'off' };
    const given = inject('testDatabase');
    if (given.kind !== 'embedded') throw new Error('this test needs the embedded database');
    cpSync(given.templates.migrated, env.DATA_DIR, { recursive: true });
    const first = await serve(env);
    const second = await run('start', [], { PUBLIC_URL: 'http://127.0.0.1', PORT: '0', ...env });
    expect(second).toMatchObject({
      code: 1,
      complaints: expect.stringMatching(
        /^another server \(pid \d+\) already uses this database folder[^\n]*$/,
      ) as string,
    });
    expect(await first.health()).toMatchObject({ status: 'healthy' });
    expect(await first.stop()).toBe(0);
  }, 240_000);
});
