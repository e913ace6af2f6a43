import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createTls, type Server as TlsServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { hashPassword } from '../../server/access/password.ts';
import { loadConfig } from '../../server/config.ts';
import { certificate } from '../../server/ops/doctor/certificate.ts';
import type { Patient } from '../../server/ops/doctor/finding.ts';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../database/open.ts';
import { freePort } from '../database/cluster.ts';
import { run, serve, type Serving } from './program.ts';

interface Line {
  name: string;
  state: 'ok' | 'note' | 'missing';
  says: string;
}
interface Report {
  ok: boolean;
  missing: number;
  surroundings: Line[];
  checklist: Line[];
}

let folder: string;
let tls: TlsServer;
const portOf = (server: Server | TlsServer) => (server.address() as AddressInfo).port;
const cert = () => join(folder, 'cert.pem');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'epagal-doctor-'));
  const names = ['-subj', '/O=Municipio/CN=epagal.test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    join(folder, 'key.pem'),
  ];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', cert(), '-days', '90', ...names], {
    stdio: 'ignore',
  });
  tls = createTls({ key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(cert()) });
  tls.on('tlsClientError', () => undefined);
  await new Promise<void>((ready) => tls.listen(0, '127.0.0.1', ready));
});
afterAll(async () => {
  await new Promise((closed) => tls.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

describe('a certificate', () => {
  const at = (publicUrl: string, now = new Date()) =>
    certificate({ config: loadConfig({ PUBLIC_URL: publicUrl }, { mode: 'test' }), now } as Patient);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);

  it('that has expired, that nobody trusts, that is not there: each is said', async () => {
    const url = `https://127.0.0.1:${portOf(tls)}`;
    expect(await at(url, inDays(91))).toMatchObject({
      state: 'missing',
      says: expect.stringMatching(/^expired on/) as string,
    });
    expect(await at(url)).toMatchObject({
      state: 'missing',
      says: expect.stringMatching(/browsers refuse it: DEPTH_ZERO_SELF_SIGNED_CERT$/) as string,
    });
    const nobody = await freePort();
    expect((await at(`https://127.0.0.1:${nobody}`)).says).toMatch(/ECONNREFUSED/);
    expect((await at('http://epagal.example')).says).toBe('http://epagal.example is not https');
  });
});

/** One server that everything is right with but what a test spoils. */
describe.runIf(testDatabaseKind() === 'postgres')('the doctor', () => {
  let database: TestDatabase;
  let server: Serving | null = null;
  let router: Server;
  let env: Record<string, string>;
  const line = (report: Report, name: string) =>
    [...report.surroundings, ...report.checklist].find((found) => found.name === name);
  const look = async (more: Record<string, string> = {}) => {
    const ended = await run('doctor', ['--json'], { ...env, ...more });
    return { code: ended.code, report: JSON.parse(ended.out) as Report };
  };
  const recorded = (kind: string, ...more: string[]) =>
    run('doctor', ['--record', kind, '--by', 'jefa', ...more], env);

  beforeAll(async () => {
    database = await openTestDatabase();
    const given = inject('testDatabase');
    const [{ name } = { name: '' }] = await database.sql<
      { name: string }[]
    >`select current_database() as name`;
    await database.sql`insert into users (username, password_hash, role)
      values ('jefa', ${await hashPassword('a long enough password')}, 'admin')`;
    router = createHttp((_request, response) => response.end('{}'));
    await new Promise<void>((ready) => router.listen(0, '127.0.0.1', ready));
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    env = {
      DATABASE_URL: given.kind === 'postgres' ? `${given.server}/${name}` : '',
      DATA_DIR: dataDir,
      PORT: String(await freePort()),
      PUBLIC_URL: `https://127.0.0.1:${portOf(tls)}`,
      NODE_EXTRA_CA_CERTS: cert(),
      TRUST_PROXY: '1',
      METRICS_TOKEN: 'b9cf5d20f1a84f5c9e',
      // Something that answers stands for the collector of errors.
      SENTRY_DSN: `http://key@127.0.0.1:${portOf(router)}/1`,
      // What npm knows of today's holes is no part of this test.
      npm_config_registry: 'http://127.0.0.1:1',
      npm_config_fetch_retries: '0',
      CORS_ORIGINS: 'https://mapa.epagal.example',
    };
    server = await serve(env);
  }, 240_000);
  afterAll(async () => {
    await server?.stop();
    await new Promise((closed) => router.close(closed));
    await database.drop();
  });
  beforeEach(async () => {
    await database.sql.unsafe('truncate operation_records, alert_channels cascade');
  });

  it('names what only people can do until it is done, and is content when nothing is missing', async () => {
    const first = await look();
    expect(first.code).toBe(1);
    expect(first.report.checklist).toHaveLength(13);
    const open = first.report.checklist.filter(({ state }) => state === 'missing').map(({ name }) => name);
    expect(open).toEqual([
      'automated backup',
      'monitoring and alerts',
      'disaster recovery',
      'load test',
      'security scan',
      'team training',
    ]);

    await database.sql
      .unsafe(`insert into alert_channels (kind, name, min_level, max_per_hour, target, created_at)
      values ('webhook', 'guardia', 'high', 10, '{"url":"https://chat.example"}', now())`);
    expect(await run('backup', ['--to', join(folder, 'backups')], env)).toMatchObject({ code: 0 });
    const numbers = join(folder, 'bench.txt');
    writeFileSync(numbers, 'warming up\n{"productPerS":52001,"lost":0}\n');
    for (const [kind, ...more] of [
      ['drill', '--note', 'restored in 12 min'],
      ['load-test', '--file', numbers],
      ['security-scan', '--note', 'OWASP ZAP'],
      ['training', '--note', 'three supervisors'],
    ] as [string, ...string[]][]) {
      expect(await recorded(kind, ...more)).toMatchObject({ code: 0, out: `recorded: ${kind}, by jefa` });
    }
    const last = await look();
    expect(last.report.checklist.filter(({ state }) => state === 'missing')).toEqual([]);
    expect(line(last.report, 'load test')?.says).toMatch(/by jefa \(.*productPerS 52001/);
    expect(line(last.report, 'valid TLS certificate')?.says).toMatch(/from Municipio$/);
    expect(line(last.report, 'rate limiting')?.says).toBe(
      'the login after 10 failed ones is refused with 429',
    );
    expect(line(last.report, 'CORS policy')?.says).toBe(
      'open to https://mapa.epagal.example and nobody else',
    );
    expect(last).toMatchObject({ code: 0, report: { ok: true, missing: 0 } });
  }, 240_000);

  it('sees a demo login, a weak secret and an open file', async () => {
    await database.sql`insert into users (username, password_hash, role)
      values ('operador1', ${await hashPassword('operador123')}, 'operator')`;
    const open = join(folder, 'token');
    writeFileSync(open, 'aaaaaaaaaaaaaaaa', { mode: 0o644 });
    const { METRICS_TOKEN: _, ...rest } = env;
    const ended = await run('doctor', ['--json'], { ...rest, METRICS_TOKEN_FILE: open });
    const says = line(JSON.parse(ended.out) as Report, 'secrets')?.says ?? '';
    expect(says).toContain("the demo's passwords open operador1");
    expect(says).toContain('METRICS_TOKEN is easily guessed');
    expect(says).toContain(`${open} may be read by everybody`);
    await database.sql`delete from users where username = 'operador1'`;
  }, 240_000);

  it('sees a backup that was changed, one that is old, and a record that nobody may make', async () => {
    await run('backup', ['--to', join(folder, 'changed')], env);
    const [row] = await database.sql<{ path: string }[]>`
      select detail ->> 'path' as path from operation_records where kind = 'backup'`;
    writeFileSync(row?.path ?? '', 'not what it was');
    const changed = await look();
    expect(line(changed.report, 'automated backup')?.says).toMatch(/its checksum differs$/);
    await database.sql.unsafe(`update operation_records set at = now() - interval '27 hours'`);
    expect(line((await look()).report, 'automated backup')?.says).toMatch(/the last good one is 27 h old/);
    expect(await run('doctor', ['--record', 'training', '--by', 'nobody'], env)).toMatchObject({
      code: 1,
      complaints: 'nobody is no active admin: --by names who answers for this',
    });
    expect(await recorded('load-test')).toMatchObject({
      code: 1,
      complaints: 'a load test is recorded with its numbers: --file RESULT',
    });
  }, 240_000);

  it('sees a router that does not answer in time', async () => {
    const silent = createHttp(() => undefined);
    await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
    const OSRM_URL = `http://127.0.0.1:${portOf(silent)}`;
    const ended = await run('doctor', ['--start', '--json'], { ...env, OSRM_URL });
    expect(line(JSON.parse(ended.out) as Report, 'router')).toMatchObject({
      state: 'note',
      says: `${OSRM_URL}: no answer in 5 s`,
    });
    silent.closeAllConnections();
    await new Promise((closed) => silent.close(closed));
  }, 240_000);

  it('works with the server down and with the database down, and says what it cannot see', async () => {
    const { code, report } = await look({
      PORT: String(await freePort()),
      DATABASE_URL: 'postgres://epagal@127.0.0.1:1/epagal',
    });
    expect(code).toBe(1);
    expect(line(report, 'database')?.says).toMatch(/connect ECONNREFUSED/);
    expect(line(report, 'rate limiting')?.says).toMatch(/^cannot be seen: no server answers at/);
    expect(line(report, 'team training')?.says).toMatch(/^cannot be seen: the database refused/);
  }, 240_000);
});
