import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Sql } from '../../db/connect.ts';
import { WORK_SCHEMA } from '../../db/track-partitions.ts';
import { readCatalogue } from './catalogue.ts';
import { compareChecksums, digest, flush, writeChecksums } from './checksum.ts';
import { BackupError, footer, header, type Header } from './format.ts';
import { countPhotos, packPhotos } from './photos-archive.ts';
import { findPgPrograms, pgEnvironment, run, type PgPrograms } from './pg-programs.ts';
import { contentsOf } from './contents.ts';
import { headerOf, stampOf, type BackupResult } from './write.ts';

/**
 * A backup of PostgreSQL as `pg_dump` makes it, in its custom format, with three files beside it: what it holds
 * (`.json`), the photos (`.photos.tar`, when there are any) and the checksums of them all (`.sha256`).
 */
const manifest = z.object({ header, footer, pgDump: z.string(), server: z.string() });
export type Manifest = z.infer<typeof manifest>;

const manifestPath = (path: string) => `${path}.json`;
/** Where the photos of a dump lie. */
export const photosPath = (path: string) => path.replace(/\.dump$/, '.photos.tar');

/**
 * Dumps the database and packs the photos into `folder`, reads everything back, and only then gives it its name. The
 * rows counted, the event log's hash and the dump are of the same instant: one exported snapshot.
 * @throws BackupError with PostgreSQL's own complaint
 */
export async function writeDump(
  sql: Sql,
  options: { databaseUrl: string; folder: string; photosDir: string; now: Date; programs: PgPrograms },
): Promise<BackupResult> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const path = join(options.folder, `epagal-${stampOf(options.now)}.dump`);
  const draft = `${path}.part`;
  const made = [draft, manifestPath(path), photosPath(path), `${path}.sha256`];
  try {
    // Made here first: another program's file would be everybody's to read.
    for (const file of [draft, photosPath(path)]) await writeFile(file, '', { mode: 0o600 });
    const contents = await sql.begin('isolation level repeatable read read only', async (tx) => {
      await tx.unsafe('set local statement_timeout = 0');
      const [exported] = await tx.unsafe<{ snapshot: string; server: string }[]>(
        "select pg_export_snapshot() as snapshot, current_setting('server_version') as server",
      );
      const args = [
        ...['--format=custom', `--snapshot=${exported?.snapshot}`, '--lock-wait-timeout=60s'],
        // PostGIS brings its own; whoever restores without being its owner may not write there.
        '--exclude-table-data=public.spatial_ref_sys',
        `--exclude-schema=${WORK_SCHEMA}`,
      ];
      const dumping = run(options.programs.pgDump, [...args, '--no-password', `--file=${draft}`], {
        env: pgEnvironment(options.databaseUrl),
      });
      try {
        const catalogue = await readCatalogue(tx);
        const found = await contentsOf(tx);
        await dumping.ended;
        return { header: headerOf(catalogue, options.now), footer: found, server: exported?.server ?? '' };
      } catch (error) {
        dumping.child.kill();
        throw error;
      }
    });
    const photos = await packPhotos(options.photosDir, photosPath(path));
    const found: Manifest = {
      header: contents.header,
      footer: { ...contents.footer, photos },
      pgDump: String(options.programs.major),
      server: contents.server,
    };
    await writeFile(manifestPath(path), `${JSON.stringify(found)}\n`, { mode: 0o600 });
    for (const file of made.slice(0, 3)) if (existsSync(file)) await flush(file);
    await readBack(draft, found, options.programs);
    const main = await digest(draft);
    const beside = await Promise.all(
      [manifestPath(path), photosPath(path)]
        .filter((file) => existsSync(file))
        .map(async (file) => ({ name: basename(file), ...(await digest(file)) })),
    );
    await writeChecksums(`${path}.sha256`, [{ name: basename(path), sha256: main.sha256 }, ...beside]);
    await rename(draft, path);
    const files = [path, ...beside.map(({ name }) => join(options.folder, name)), `${path}.sha256`];
    const bytes = beside.reduce((sum, file) => sum + file.bytes, main.bytes);
    return { path, files, bytes, sha256: main.sha256, footer: found.footer };
  } catch (error) {
    for (const file of made) await rm(file, { force: true });
    throw error;
  }
}

/**
 * Reads a dump and what lies beside it to the end: checksums, list of contents, every compressed block, the photos.
 * @throws BackupError when something is missing, damaged or of another kind
 */
export async function verifyDump(path: string): Promise<Manifest> {
  await compareChecksums(path);
  const found = await readManifest(path);
  await readBack(path, found, await requirePrograms());
  return found;
}

/** What a dump says of itself. @throws BackupError when that file is missing or is not ours */
export async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(manifestPath(path), 'utf8').catch(() => null);
  if (text === null) {
    const isThere = existsSync(path);
    throw new BackupError(
      isThere ? `${basename(manifestPath(path))} is missing beside the dump` : 'there is no such file',
    );
  }
  try {
    return manifest.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError)
      throw new BackupError(error.issues[0]?.message ?? 'the backup is damaged');
    throw new BackupError(`${basename(manifestPath(path))} is damaged`);
  }
}

/** @throws BackupError where PostgreSQL's client programs are not installed */
export async function requirePrograms(serverMajor = 0): Promise<PgPrograms> {
  const programs = await findPgPrograms(serverMajor);
  if (programs) return programs;
  throw new BackupError(
    `a .dump needs PostgreSQL's client programs${serverMajor ? ` of version ${serverMajor} or newer` : ''}: apt-get install postgresql-client`,
  );
}

async function readBack(dump: string, { header: shapes, footer: expected }: Manifest, programs: PgPrograms) {
  const missing = new Set(tablesWithData(shapes));
  const list = run(programs.pgRestore, ['--list', dump], { stdout: true });
  for await (const line of createInterface({ input: list.child.stdout as Readable })) {
    const [, table] = / TABLE DATA public (\S+) /.exec(line) ?? [];
    if (table) missing.delete(table);
  }
  await list.ended;
  if (missing.size > 0) throw new BackupError(`the dump lacks the table ${[...missing].join(', ')}`);
  // The list stands at the file's beginning; only reading all of it shows that it is whole.
  await run(programs.pgRestore, ['--file=/dev/null', dump]).ended;
  const archive = photosPath(join(dirname(dump), basename(dump).replace(/\.part$/, '')));
  const photos = existsSync(archive) ? await countPhotos(archive) : 0;
  if (photos !== expected.photos) {
    throw new BackupError(`photos: ${photos} where ${expected.photos} are expected`);
  }
}

/** Tables and partitions that hold rows of their own. */
export function tablesWithData({ tables, partitions }: Header): string[] {
  return [
    ...tables.filter(({ partitioned }) => !partitioned).map(({ name }) => name),
    ...partitions.map(({ name }) => name),
  ];
}
