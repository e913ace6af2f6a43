import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { hashPassword } from '../../server/access/password.ts';
import { openForTool } from '../../server/ops/backup/open.ts';
import { silentLog } from '../../server/ops/log.ts';
import { testDatabaseKind } from '../database/open.ts';
import { run, serve } from './program.ts';
import { startS3StandIn, type S3StandIn } from './s3-stand-in.ts';

/**
 * The disaster drill of docs/operations.md, with the commands as they stand there: a city works, its machine burns,
 * another one takes over from what lies off-site. Runs on either database; its times are printed.
 */
const KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' };
const PASSWORD = 'a long enough password';
const EVENTS = 5_000;
const FIXES = 20_000;
const DATABASES = ['drill_before', 'drill_after'].map((name) => `${name}_${process.pid}`) as [string, string];

let folder: string;
let store: S3StandIn;
const times: [string, number][] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'epagal-drill-'));
  store = await startS3StandIn(KEYS);
  const given = inject('testDatabase');
  if (given.kind === 'embedded') {
    cpSync(given.templates.migrated, join(folder, 'before'), { recursive: true });
    return;
  }
  const admin = postgres(`${given.server}/postgres`, { max: 1 });
  await admin.unsafe(`create database ${DATABASES[0]} template ${given.template}`);
  await admin.unsafe(`create database ${DATABASES[1]}`);
  await admin.end();
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  const given = inject('testDatabase');
  if (given.kind !== 'postgres') return;
  const admin = postgres(`${given.server}/postgres`, { max: 1, onnotice: () => undefined });
  for (const name of DATABASES) await admin.unsafe(`drop database if exists ${name} with (force)`);
  await admin.end();
});

/** The environment of one of the two machines. */
function machine(name: 'before' | 'after') {
  const given = inject('testDatabase');
  const dataDir = join(folder, name);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return {
    DATA_DIR: dataDir,
    ...(given.kind === 'postgres'
      ? { DATABASE_URL: `${given.server}/${DATABASES[name === 'before' ? 0 : 1]}` }
      : { EMBEDDED: '1' }),
    S3_ENDPOINT: store.endpoint,
    S3_BUCKET: 'backups',
    S3_ACCESS_KEY_ID: KEYS.accessKeyId,
    S3_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    BACKUP_AT: 'off',
    BACKUP_UPLOAD_AT: 'off',
  };
}

async function step(
  what: string,
  command: () => Promise<{ code: number | null; complaints: string; out: string }>,
) {
  const startedAt = performance.now();
  const ended = await command();
  times.push([what, (performance.now() - startedAt) / 1_000]);
  expect(ended, `${what}: ${ended.complaints}`).toMatchObject({ code: 0 });
  return ended.out;
}

it('a machine is lost, and another one goes on from what lies off-site', async () => {
  const before = machine('before');
  // The city works: reports with a photo, positions, events; a backup while it does.
  const city = await serve(before);
  await fill(before);
  const { data } = await city.call('auth.login', { username: 'jefa', password: PASSWORD });
  const { token } = data as { token: string };
  const report = { type: 'acopio', lat: -0.935, lon: -78.61, description: 'ñandú' };
  expect((await city.call('incidents.report', report)).status).toBe(200);
  mkdirSync(join(before.DATA_DIR, 'photos/ab'), { recursive: true });
  writeFileSync(join(before.DATA_DIR, 'photos/ab/photo'), Buffer.from([255, 216, 255, 0]));
  const incidentsBefore = (await city.call('incidents.list', {}, token, 'query')).data;
  const backedUp = await step('backup to the store, while it serves', () =>
    run('backup', ['--to', 's3://backups/latacunga'], before),
  );
  const [, address = ''] = /^stored as (s3:\S+),/m.exec(backedUp) ?? [];
  expect(address).toMatch(testDatabaseKind() === 'postgres' ? /\.dump$/ : /\.backup\.gz$/);

  // The disaster: nothing of the machine is left.
  expect(await city.stop()).toBe(0);
  rmSync(before.DATA_DIR, { recursive: true });
  const burntAt = performance.now();

  const after = machine('after');
  await step('restore:check from the store', () => run('restore', ['--check', address], after));
  const restored = await step('restore from the store', () => run('restore', [address], after));
  expect(restored).toMatch(new RegExp(`^tracks: ${FIXES} rows, as backed up$`, 'm'));
  expect(restored).toMatch(/^event log: [0-9a-f]{16}…, as backed up$/m);
  const startedAt = performance.now();
  const again = await serve(after);
  expect((await again.health()).code).toBe(200);
  times.push(['start until it serves', (performance.now() - startedAt) / 1_000]);
  times.push(['from the loss to serving', (performance.now() - burntAt) / 1_000]);

  // Whoever was signed in still is; what they see is what they saw.
  expect((await again.call('incidents.list', {}, token, 'query')).data).toEqual(incidentsBefore);
  expect(readFileSync(join(after.DATA_DIR, 'photos/ab/photo'))).toEqual(Buffer.from([255, 216, 255, 0]));
  expect(await again.stop()).toBe(0);
  expect(existsSync(join(folder, 'before'))).toBe(false);
  expect(readdirSync(folder)).not.toContain('before');
  console.log(times.map(([what, s]) => `${s.toFixed(1).padStart(6)} s  ${what}`).join('\n'));
}, 600_000);

/** Rows as a week of a small fleet has them, by SQL. */
async function fill(env: Record<string, string>): Promise<void> {
  const { sql, close } = await openForTool(
    { databaseUrl: env.DATABASE_URL ?? null, dataDir: env.DATA_DIR ?? '' },
    silentLog(),
  );
  try {
    await sql`insert into users (username, password_hash, role)
      values ('jefa', ${await hashPassword(PASSWORD)}, 'admin')`;
    await sql.unsafe(`insert into trucks (plate, type, capacity) values ('PAA-1234', 'lateral', 15)`);
    await sql.unsafe(`insert into devices (truck_id, name, token_hash) values (1, 'tracker', 'hash')`);
    await sql.unsafe(`insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed)
      select 1, 1, date_trunc('day', now()) + g * interval '1 s', now(),
        ST_SetSRID(ST_MakePoint(-78.6 - g / 3e7, -0.93), 4326), g / 3.0 from generate_series(1, ${FIXES}) g`);
    await sql.unsafe(`with head as (update event_head set last_id = last_id + ${EVENTS} returning last_id)
      insert into events (id, type, subject_kind, subject_id, actor, data)
      select head.last_id - g, 'incident.reported', 'incident', 1, '{"kind":"system"}', jsonb_build_object('n', g)
      from head, generate_series(0, ${EVENTS - 1}) g`);
  } finally {
    await close();
  }
}
