import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../../../tests/database/open.ts';
import { makeEmbeddedTemplates } from '../../../tests/database/template.ts';
import { silentLog } from '../log.ts';
import { verifyBackup } from './format.ts';
import { openForTool, type ToolDatabase } from './open.ts';
import { contentsOf } from './contents.ts';
import { restoreBackup } from './restore.ts';
import { writeBackup } from './write.ts';

const NOW = new Date('2026-11-24T10:00:00Z');
const AWKWARD = 'ñandú "quoted" \\ back\nnew line \t !mark 🚛';
let source: TestDatabase;
let target: ToolDatabase;
let folder: string;
const photosDir = () => join(folder, 'photos');
const options = () => ({ folder: join(folder, 'out'), photosDir: photosDir(), now: NOW });

/** What the target holds, in the words of a backup's closing line. */
const contents = () => target.sql.begin((tx) => contentsOf(tx));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'epagal-backup-'));
  source = await openTestDatabase();
  // Embedded whatever the source is: a backup goes from either kind of database to either.
  cpSync((await makeEmbeddedTemplates()).migrated, join(folder, 'target'), { recursive: true });
  target = await openForTool({ databaseUrl: null, dataDir: join(folder, 'target') }, silentLog());
});
afterAll(async () => {
  await target.close();
  await source.drop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  const { sql } = source;
  await sql.unsafe(
    `truncate users, trucks, devices, tracks, events, closures, incidents, incident_reports restart identity cascade`,
  );
  await sql.unsafe(
    `create table if not exists tracks_20261101 partition of tracks for values from ('2026-11-01T00:00:00Z') to ('2026-11-02T00:00:00Z')`,
  );
  await sql`insert into users (username, password_hash, role) values (${AWKWARD}, 'x', 'admin')`;
  await sql.unsafe(
    `insert into trucks (plate, type, capacity) values ('gone', 'posterior', 25), ('PAA-1234', 'lateral', 15.25)`,
  );
  await sql.unsafe(`insert into devices (truck_id, name, token_hash) values (2, 'tracker', 'hash')`);
  // The newest id was used and is gone: it must not be given again.
  await sql.unsafe(`insert into trucks (plate, type, capacity) values ('PAA-9', 'lateral', 15)`);
  await sql.unsafe(`delete from trucks where plate in ('gone', 'PAA-9')`);
  await sql.unsafe(`insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed)
    select 1, 2, '2026-11-01T00:00:00Z'::timestamptz + g * interval '1.000001 s', now(),
      ST_SetSRID(ST_MakePoint(-78.6 - g / 3e7, -0.93 + g / 7e7), 4326), g / 3.0 from generate_series(1, 4500) g`);
  await sql.unsafe(`insert into events (id, type, subject_kind, subject_id, actor, data)
    select g, 'incident.reported', 'incident', g, '{"kind":"system"}', jsonb_build_object('n', g, 'f', g / 7.0)
    from generate_series(1, 2500) g`);
  await sql.unsafe(`insert into closures (area, reason, starts_at, actor) values
    (ST_GeomFromText('POLYGON((-78.6 -0.9,-78.5 -0.9,-78.5 -0.8,-78.6 -0.9))', 4326), 'obra', now(), '{"kind":"system"}')`);
  rmSync(photosDir(), { recursive: true, force: true });
  mkdirSync(join(photosDir(), 'ab'), { recursive: true });
  writeFileSync(join(photosDir(), 'ab/one'), Buffer.from([0, 255, 10, 33]));
});

describe('a backup', () => {
  it('brings everything back into an empty database, whichever kind it came from', async () => {
    const { path, footer } = await writeBackup(source.sql, options());
    expect(footer.rows).toMatchObject({ tracks: 4500, events: 2500, trucks: 1, users: 1 });
    expect(readFileSync(`${path}.sha256`, 'utf8')).toMatch(
      /^[0-9a-f]{64} {2}epagal-20261124T100000Z\.backup\.gz\n$/,
    );

    const restored = join(folder, 'restored-photos');
    await restoreBackup(target.sql, path, { photosDir: restored });

    expect(await contents()).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
    const same = "select md5(string_agg(t::text, '|' order by recorded_at)) as hash from tracks t";
    expect(await target.sql.unsafe(same)).toEqual(await source.sql.unsafe(same));
    const areas = 'select ST_AsEWKT(area) as area from closures';
    expect(await target.sql.unsafe(areas)).toEqual(await source.sql.unsafe(areas));
    expect(await target.sql`select username from users`).toMatchObject([{ username: AWKWARD }]);
    expect(readFileSync(join(restored, 'ab/one'))).toEqual(Buffer.from([0, 255, 10, 33]));

    const [next] = await target.sql<{ id: number }[]>`
      insert into trucks (plate, type, capacity) values ('new', 'lateral', 15) returning id`;
    expect(next?.id).toBe(4);
  });

  it('does not overwrite a database in use unless told to', async () => {
    const { path, footer } = await writeBackup(source.sql, options());
    await restoreBackup(target.sql, path, { photosDir: join(folder, 'p'), replace: true });
    await target.sql.unsafe(`insert into events (id, type, subject_kind, subject_id, actor, data)
      values (9999, 'incident.reported', 'incident', 1, '{"kind":"system"}', '{}')`);

    await expect(restoreBackup(target.sql, path, { photosDir: join(folder, 'p') })).rejects.toThrow(
      '--replace',
    );
    expect((await contents()).rows.events).toBe(2501);

    await restoreBackup(target.sql, path, { photosDir: join(folder, 'p'), replace: true });
    expect(await contents()).toMatchObject({ rows: footer.rows, eventLog: footer.eventLog });
  });

  it('that is cut short leaves the database as it was', async () => {
    const { path } = await writeBackup(source.sql, options());
    await restoreBackup(target.sql, path, { photosDir: join(folder, 'p'), replace: true });
    const before = await contents();
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 200));

    await expect(verifyBackup(path)).rejects.toThrow('cut short');
    const attempt = () => restoreBackup(target.sql, path, { photosDir: join(folder, 'p'), replace: true });
    await expect(attempt()).rejects.toThrow('its checksum differs');
    rmSync(`${path}.sha256`);
    await expect(attempt()).rejects.toThrow('cut short');
    expect(await contents()).toEqual(before);
  });

  it('leaves nothing behind that looks like a backup when it fails', async () => {
    const out = join(folder, 'failed');
    const broken = { ...options(), folder: out, photosDir: join(folder, 'unreadable') };
    mkdirSync(join(broken.photosDir, 'x'), { recursive: true });
    await source.sql.unsafe('create table blocked (id int)');
    await source.sql.unsafe('alter table schema_migrations rename to hidden');
    try {
      await expect(writeBackup(source.sql, broken)).rejects.toThrow();
    } finally {
      await source.sql.unsafe('alter table hidden rename to schema_migrations');
      await source.sql.unsafe('drop table blocked');
    }
    expect(readdirSync(out)).toEqual([]);
  });

  it.runIf(testDatabaseKind() === 'postgres')('is of one instant while the server writes on', async () => {
    const writer = await source.again();
    const written = { rounds: 0 };
    let stop = false;
    const writing = (async () => {
      while (!stop) {
        await writer.sql.begin(async (tx) => {
          await tx.unsafe(
            `insert into trucks (plate, type, capacity) values ('R' || gen_random_uuid(), 'lateral', 15)`,
          );
          await tx.unsafe(
            `insert into users (username, password_hash, role) values (gen_random_uuid()::text, 'x', 'driver')`,
          );
        });
        written.rounds += 1;
      }
    })();
    const { footer } = await writeBackup(source.sql, options());
    stop = true;
    await writing;
    await writer.close();
    expect(written.rounds).toBeGreaterThan(1);
    expect(footer.rows.trucks).toBe(footer.rows.users);
  });

  it('beside a server on the same session lets it work on, and holds every row once', async () => {
    await source.sql.unsafe(`insert into tracks (device_id, truck_id, recorded_at, received_at, geom)
      select 1, 2, '2026-11-01T06:00:00Z'::timestamptz + g * interval '0.0001 s', now(),
        ST_SetSRID(ST_MakePoint(-78.6, -0.93), 4326) from generate_series(1, 30000) g`);
    let isOver = false;
    let answered = 0;
    const working = (async () => {
      while (!isOver) {
        await source.sql`select 1`;
        answered += 1;
        await source.sql`update trucks set capacity = capacity + 1`;
      }
    })();
    const tool =
      source.folder === undefined
        ? null
        : await openForTool({ databaseUrl: null, dataDir: source.folder }, silentLog());
    const { path, footer } = await writeBackup(tool?.sql ?? source.sql, { ...options(), shares: true });
    isOver = true;
    await working;
    await tool?.close();
    expect(footer.rows).toMatchObject({ tracks: 34_500, trucks: 1 });
    // A slice holds two thousand: the server came in between most of them.
    expect(answered).toBeGreaterThan(10);
    await restoreBackup(target.sql, path, { photosDir: join(folder, 'p'), replace: true });
    const same = "select md5(string_agg(t::text, '|' order by recorded_at)) as hash from tracks t";
    expect(await target.sql.unsafe(same)).toEqual(await source.sql.unsafe(same));
  }, 180_000);
});
