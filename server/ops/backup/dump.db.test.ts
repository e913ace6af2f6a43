import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { testDatabaseKind } from '../../../tests/database/open.ts';
import { makeEmbeddedTemplates } from '../../../tests/database/template.ts';
import { WORK_SCHEMA } from '../../db/track-partitions.ts';
import { silentLog } from '../log.ts';
import { contentsOf } from './contents.ts';
import { makeBackup, restoreInto } from './make.ts';
import { openForTool, type ToolDatabase } from './open.ts';

const NOW = new Date('2026-11-24T07:00:00Z');
const AWKWARD = 'ñandú "quoted" \\N \\ back\nnew line \t tab 🚛';

/** Both databases have a part in this: it runs once, where PostgreSQL is. */
describe.runIf(testDatabaseKind() === 'postgres')('pg_dump', () => {
  let folder: string;
  let source: ToolDatabase;
  const made: string[] = [];
  const server = () => {
    const given = inject('testDatabase');
    if (given.kind !== 'postgres') throw new Error('this test needs PostgreSQL');
    return given;
  };
  const asAdmin = async (statement: string) => {
    const admin = postgres(`${server().server}/postgres`, { max: 1, onnotice: () => undefined });
    await admin.unsafe(statement).finally(() => admin.end());
  };
  const createDatabase = async (template: string) => {
    const name = `test_${randomBytes(6).toString('hex')}`;
    made.push(name);
    await asAdmin(`create database ${name} template ${template}`);
    return `${server().server}/${name}`;
  };
  const open = (databaseUrl: string) => openForTool({ databaseUrl, dataDir: folder }, silentLog());
  const contents = ({ sql }: ToolDatabase) => sql.begin((tx) => contentsOf(tx));
  const out = () => join(folder, 'out');
  let sourceUrl: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'epagal-dump-'));
    sourceUrl = await createDatabase(server().template);
    source = await open(sourceUrl);
    const { sql } = source;
    await sql.unsafe(
      `create table tracks_20261101 partition of tracks for values from ('2026-11-01T00:00:00Z') to ('2026-11-02T00:00:00Z')`,
    );
    await sql`insert into users (username, password_hash, role) values (${AWKWARD}, 'x', 'admin')`;
    await sql.unsafe(`insert into trucks (plate, type, capacity) values ('PAA-1234', 'lateral', 15.25)`);
    await sql.unsafe(`insert into devices (truck_id, name, token_hash) values (1, 'tracker', 'hash')`);
    await sql.unsafe(`insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed)
      select 1, 1, '2026-11-01T00:00:00Z'::timestamptz + g * interval '1.000001 s', now(),
        ST_SetSRID(ST_MakePoint(-78.6 - g / 3e7, -0.93 + g / 7e7), 4326), g / 3.0 from generate_series(1, 3000) g`);
    await sql.unsafe(`insert into events (id, type, subject_kind, subject_id, actor, data)
      select g, 'incident.reported', 'incident', g, '{"kind":"system"}',
        jsonb_build_object('n', g, 'text', E'a\\tb\\\\c\\nd', 'f', g / 7.0) from generate_series(1, 2500) g`);
    mkdirSync(join(folder, 'photos/ab'), { recursive: true });
    writeFileSync(join(folder, 'photos/ab/one'), Buffer.from([0, 255, 10, 33]));
  });
  afterAll(async () => {
    await source.close();
    for (const name of made) await asAdmin(`drop database if exists ${name} with (force)`);
    rmSync(folder, { recursive: true, force: true });
  });
  const backUp = () =>
    makeBackup(source, { databaseUrl: sourceUrl, dataDir: folder }, { folder: out(), now: NOW });

  it('is what a backup of PostgreSQL is made with, photos and checksums beside it', async () => {
    const { path, format, footer, files } = await backUp();
    expect(format).toBe('dump');
    expect(readFileSync(path).subarray(0, 5).toString()).toBe('PGDMP');
    expect(footer).toMatchObject({ photos: 1, rows: { events: 2500, tracks: 3000, users: 1 } });
    expect(readdirSync(out()).sort()).toEqual(files.map((file) => file.slice(out().length + 1)).sort());
    expect(readFileSync(`${path}.sha256`, 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('brings everything back into another PostgreSQL, and refuses one in use unless told to', async () => {
    const { path, footer } = await backUp();
    const url = await createDatabase(server().template);
    const target = await open(url);
    try {
      const dataDir = join(folder, 'restored');
      const where = { databaseUrl: url, dataDir };
      await restoreInto(target, where, path);
      expect(await contents(target)).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
      expect(readFileSync(join(dataDir, 'photos/ab/one'))).toEqual(Buffer.from([0, 255, 10, 33]));
      expect(await target.sql`select username from users`).toMatchObject([{ username: AWKWARD }]);
      const [next] = await target.sql<{ id: number }[]>`
        insert into trucks (plate, type, capacity) values ('PAA-2', 'lateral', 15) returning id`;
      expect(next?.id).toBe(2);
      await expect(restoreInto(target, where, path)).rejects.toThrow('--replace');
      await restoreInto(target, where, path, { replace: true });
      expect(await contents(target)).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
    } finally {
      await target.close();
    }
  });

  it('replaces a database in which old tracks were being rewritten, and holds nothing of that', async () => {
    const working = `create schema if not exists ${WORK_SCHEMA};
      create unlogged table if not exists ${WORK_SCHEMA}.tracks_20261101 (like tracks)`;
    await source.sql.unsafe(working);
    const own = await makeBackup(
      source,
      { databaseUrl: sourceUrl, dataDir: folder },
      { folder: out(), now: new Date(NOW.getTime() + 60_000), format: 'own' },
    );
    const { path, footer } = await backUp();
    const url = await createDatabase(server().template);
    const target = await open(url);
    try {
      for (const backup of [path, own.path]) {
        await target.sql.unsafe(working);
        await restoreInto(target, { databaseUrl: url, dataDir: join(folder, 'busy') }, backup, {
          replace: true,
        });
        expect(await contents(target)).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
        const [left] = await target.sql<{ schema: string | null }[]>`
          select to_regnamespace(${WORK_SCHEMA})::text as schema`;
        expect(left!.schema).toBeNull();
      }
    } finally {
      await target.close();
    }
  });

  it('is restored by a role that owns its database and nothing else', async () => {
    const { path, footer } = await backUp();
    const role = `role_${randomBytes(6).toString('hex')}`;
    const url = await createDatabase('template0');
    const name = made.at(-1) ?? '';
    await asAdmin(`create role ${role} login password 'x'`);
    await asAdmin(`alter database ${name} owner to ${role}`);
    const admin = await open(url);
    await admin.sql.unsafe('create extension postgis').finally(admin.close);
    const ownUrl = url.replace(/\/\/[^@]*@/, `//${role}:x@`);
    const target = await open(ownUrl);
    try {
      await restoreInto(target, { databaseUrl: ownUrl, dataDir: join(folder, 'own') }, path);
      expect(await contents(target)).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
    } finally {
      await target.close();
      await asAdmin(`drop database ${name} with (force)`);
      await asAdmin(`drop role ${role}`);
    }
  }, 240_000);

  it('goes into the embedded database, which goes back into PostgreSQL by its own format', async () => {
    const { path, footer } = await backUp();
    const embeddedDir = join(folder, 'embedded');
    cpSync((await makeEmbeddedTemplates()).migrated, embeddedDir, { recursive: true });
    const embedded = await openForTool({ databaseUrl: null, dataDir: embeddedDir }, silentLog());
    let back: Awaited<ReturnType<typeof makeBackup>>;
    try {
      const where = { databaseUrl: null, dataDir: embeddedDir };
      await restoreInto(embedded, where, path);
      expect(await contents(embedded)).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
      back = await makeBackup(embedded, where, { folder: join(folder, 'back'), now: NOW });
    } finally {
      await embedded.close();
    }
    expect(back).toMatchObject({ format: 'own', footer: { eventLog: footer.eventLog, photos: 1 } });
    const url = await createDatabase(server().template);
    const target = await open(url);
    try {
      await restoreInto(target, { databaseUrl: url, dataDir: join(folder, 'again') }, back.path);
      expect(await contents(target)).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
      const same = "select md5(string_agg(t::text, '|' order by recorded_at)) as hash from tracks t";
      expect(await target.sql.unsafe(same)).toEqual(await source.sql.unsafe(same));
    } finally {
      await target.close();
    }
  }, 240_000);

  it.each([
    [
      'cut short',
      (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -600)),
      'its checksum differs',
    ],
    ['without its list', (path: string) => rmSync(`${path}.json`), '.json is missing beside the backup'],
    [
      'without its photos',
      (path: string) => rmSync(path.replace('.dump', '.photos.tar')),
      'photos.tar is missing beside the backup',
    ],
    [
      'cut short and without checksums',
      (path: string) => {
        rmSync(`${path}.sha256`);
        writeFileSync(path, readFileSync(path).subarray(0, -600));
      },
      /could not|end of file|unexpected/,
    ],
  ])('%s is refused, and the database stays as it was', async (_, damage, complaint) => {
    const { path } = await backUp();
    damage(path);
    const before = await contents(source);
    await expect(
      restoreInto(source, { databaseUrl: sourceUrl, dataDir: folder }, path, { replace: true }),
    ).rejects.toThrow(complaint);
    expect(await contents(source)).toEqual(before);
  });

  it('that cannot be restored to its end leaves the database as it was', async () => {
    const { path } = await backUp();
    const url = await createDatabase(server().template);
    const target = await open(url);
    try {
      await target.sql.unsafe(`insert into trucks (plate, type, capacity) values ('KEPT', 'lateral', 15)`);
      // Somebody else's view hangs on a table of ours: it cannot go.
      await target.sql.unsafe('create view theirs as select plate from trucks');
      const where = { databaseUrl: url, dataDir: join(folder, 'never') };
      await expect(restoreInto(target, where, path)).rejects.toThrow(/^cannot drop desired object/);
      expect(await target.sql`select plate from theirs`).toMatchObject([{ plate: 'KEPT' }]);
    } finally {
      await target.close();
    }
  });

  it('that fails leaves nothing behind and says why in one line', async () => {
    const wrong = sourceUrl.replace(/test_\w+$/, 'no_such_database');
    const failed = join(folder, 'failed');
    const attempt = makeBackup(
      source,
      { databaseUrl: wrong, dataDir: folder },
      { folder: failed, now: NOW, format: 'dump' },
    );
    await expect(attempt).rejects.toThrow(/database "no_such_database" does not exist$/);
    expect(readdirSync(failed)).toEqual([]);
  });
});
