import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../../../tests/database/open.ts';
import { startS3StandIn, type S3StandIn } from '../../../tests/operations/s3-stand-in.ts';
import { loadConfig } from '../../config.ts';
import { createLocalBus } from '../../events/bus.ts';
import type { Store } from '../../events/store.ts';
import { createLog } from '../log.ts';
import { createNightly, type NightlyDeps } from './nightly.ts';
import { backupsAmong } from './retention.ts';

const KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' };
let database: TestDatabase;
let standIn: S3StandIn;
let folder: string;
let store: Store;
let nowMs: number;
let databaseName: string;
let lines: { level: string; msg: string; problem?: string }[];

beforeAll(async () => {
  database = await openTestDatabase();
  const [row] = await database.sql<{ name: string }[]>`select current_database() as name`;
  databaseName = row?.name ?? '';
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql.unsafe('truncate operation_records, leases, alerts cascade');
  await database.sql.unsafe(`update schema_migrations set applied_at = '2026-11-23T12:00:00Z'`);
  folder = mkdtempSync(join(tmpdir(), 'epagal-nightly-'));
  standIn = await startS3StandIn(KEYS);
  store = { database, clock: () => nowMs, bus: createLocalBus() };
  lines = [];
});
afterEach(async () => {
  await standIn.close();
  rmSync(folder, { recursive: true, force: true });
});

const log = () =>
  createLog({
    level: 'info',
    destination: new Writable({
      write(chunk, _encoding, done) {
        lines.push(JSON.parse(String(chunk)) as (typeof lines)[number]);
        done();
      },
    }),
  });
const configured = (env: Record<string, string> = {}) => {
  const given = inject('testDatabase');
  return loadConfig(
    {
      PUBLIC_URL: 'http://127.0.0.1',
      ...(given.kind === 'postgres'
        ? { DATABASE_URL: `${given.server}/${databaseName}`, DATA_DIR: folder }
        : { EMBEDDED: '1', DATA_DIR: database.folder }),
      BACKUP_DIR: join(folder, 'backups'),
      S3_ENDPOINT: standIn.endpoint,
      S3_BUCKET: 'backups',
      S3_ACCESS_KEY_ID: KEYS.accessKeyId,
      S3_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
      S3_PREFIX: 'latacunga',
      ...env,
    },
    { mode: 'production' },
  );
};
const nightly = (env: Record<string, string> = {}, more: Partial<NightlyDeps> = {}) =>
  createNightly({
    store,
    config: configured(env),
    log: log(),
    holder: 'a',
    s3: { retryAfterMs: [] },
    ...more,
  });
const at = (instant: string) => (nowMs = Date.parse(instant));
const here = () =>
  existsSync(join(folder, 'backups')) ? backupsAmong(readdirSync(join(folder, 'backups'))) : [];
const there = () =>
  backupsAmong([...standIn.objects.keys()].map((name) => name.slice('backups/latacunga/'.length)));
const alerts = async () =>
  (
    await database.sql<{ line: string }[]>`
    select kind || ' ' || state || ' ' || coalesce(details ->> 'message', '') as line from alerts order by id`
  ).map(({ line }) => line);

it('makes one at 02:00, brings it off-site at 03:00, and one night later again', async () => {
  const night = nightly();
  at('2026-11-24T06:59:00Z');
  await night.tick();
  expect(here()).toEqual([]);
  at('2026-11-24T07:00:10Z');
  await night.tick();
  await night.tick();
  const suffix = testDatabaseKind() === 'postgres' ? 'dump' : 'backup.gz';
  expect(here()).toEqual([`epagal-20261124T070010Z.${suffix}`]);
  expect(there()).toEqual([]);
  expect(night.lastBackupS()).toBe(nowMs / 1_000);
  at('2026-11-24T08:00:20Z');
  await night.tick();
  expect(there()).toEqual(here());
  at('2026-11-25T07:00:00Z');
  await night.tick();
  at('2026-11-25T08:00:00Z');
  await night.tick();
  expect(there()).toEqual(here());
  expect(here()).toHaveLength(2);
  expect(await alerts()).toEqual([]);
  expect(lines.map(({ msg }) => msg)).toEqual([
    'a backup was made and read back',
    'backups are off-site',
    'a backup was made and read back',
    'backups are off-site',
  ]);
});

it('keeps thirty days in both places', async () => {
  const night = nightly();
  await database.sql.unsafe(`update schema_migrations set applied_at = '2026-11-20T12:00:00Z'`);
  for (const time of ['2026-11-22T07:00', '2026-11-23T07:01', '2026-12-22T07:02']) {
    at(`${time}:00Z`);
    await night.tick();
    at(`${time.slice(0, 10)}T08:00:00Z`);
    await night.tick();
  }
  expect(here().map((name) => name.slice(7, 15))).toEqual(['20261123', '20261222']);
  expect(there().map((name) => name.slice(7, 15))).toEqual(['20261123', '20261222']);
});

it('that cannot be written is an alert, a line and a degraded state, and is in order again by itself', async () => {
  writeFileSync(join(folder, 'backups'), 'a file where the folder should be');
  await database.sql.unsafe(`update schema_migrations set applied_at = '2026-11-20T12:00:00Z'`);
  const night = nightly();
  at('2026-11-24T07:00:00Z');
  await night.tick();
  expect(lines).toMatchObject([{ level: 'error', msg: 'the backup failed' }]);
  expect(lines[0]?.problem).toMatch(/^EEXIST: file already exists/);
  expect(await alerts()).toEqual([expect.stringMatching(/^backup-failed open EEXIST/)]);
  // Not at once again, and not a second alert.
  at('2026-11-24T07:05:00Z');
  await night.tick();
  expect(lines).toHaveLength(1);
  at('2026-11-24T12:00:00Z');
  await night.tick();
  expect(await alerts()).toHaveLength(1);
  expect(night.probe()).toMatchObject({ degraded: true, lastGoodAt: null, lastAttempt: 'failed' });

  rmSync(join(folder, 'backups'));
  at('2026-11-24T12:15:00Z');
  await night.tick();
  expect(here()).toHaveLength(1);
  expect(night.probe()).toMatchObject({ degraded: false });
  expect(await alerts()).toEqual([expect.stringMatching(/^backup-failed cleared/)]);
});

it('whose store is unreachable stays here, is an alert, and goes off-site when the store is back', async () => {
  const night = nightly();
  at('2026-11-24T07:00:00Z');
  await night.tick();
  standIn.fault = () => 503;
  at('2026-11-24T08:00:00Z');
  await night.tick();
  expect(await alerts()).toEqual([
    'backup-failed open the store refused to list its backups: 503 InternalError',
  ]);
  expect(night.probe()).toMatchObject({ degraded: false, lastAttempt: 'failed' });
  standIn.fault = null;
  at('2026-11-24T08:15:00Z');
  await night.tick();
  expect(there()).toEqual(here());
  expect((await alerts())[0]).toMatch(/^backup-failed cleared/);
});

it('is made by one of two instances', async () => {
  at('2026-11-24T07:00:00Z');
  const both = ['a', 'b'].map((holder) => nightly({}, { holder }));
  await Promise.all(both.map((night) => night.tick()));
  await Promise.all(both.map((night) => night.tick()));
  expect(here()).toHaveLength(1);
  expect(both.map((night) => night.lastBackupS())).toEqual([nowMs / 1_000, nowMs / 1_000]);
});

it('is off only when it is said to be', async () => {
  at('2026-11-24T07:00:00Z');
  await nightly({ BACKUP_AT: 'off' }).tick();
  expect(here()).toEqual([]);
  await nightly({ BACKUP_AT: '01:59' }).tick();
  expect(here()).toHaveLength(1);
});
