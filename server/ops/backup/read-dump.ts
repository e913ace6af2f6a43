import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { copyFields, copyHead } from './copy-text.ts';
import { photosPath, requirePrograms, tablesWithData, verifyDump } from './dump.ts';
import { BackupError, type Entry } from './format.ts';
import { unpackPhotos } from './photos-archive.ts';
import { run, type PgPrograms } from './pg-programs.ts';

/**
 * A dump entry by entry, as a backup of our own format is read, for a database that pg_restore cannot reach: the
 * embedded one. Rows come with every value as text, in an order in which each foreign key finds its row.
 * @throws BackupError when it is damaged
 */
export async function* readDump(path: string): AsyncGenerator<Entry> {
  const { header, footer } = await verifyDump(path);
  const programs = await requirePrograms();
  yield { kind: 'header', header };
  const withData = new Set(tablesWithData(header));
  for (const { name } of header.tables) {
    const parts = header.partitions.filter(({ parent }) => parent === name).map((part) => part.name);
    for (const source of withData.has(name) ? [name] : parts) {
      for await (const json of rowsOf(programs, path, source)) yield { kind: 'text-row', table: name, json };
    }
  }
  yield* photosOf(path);
  yield { kind: 'end', footer };
}

/** Rows of one table as JSON objects of texts. */
async function* rowsOf(programs: PgPrograms, path: string, table: string): AsyncGenerator<string> {
  const args = ['--data-only', '--schema=public', `--table=${table}`, '--file=-', path];
  const reading = run(programs.pgRestore, args, { stdout: true });
  let columns: string[] | null = null;
  for await (const line of createInterface({
    input: reading.child.stdout as Readable,
    crlfDelay: Infinity,
  })) {
    if (columns === null) columns = copyHead(line)?.columns ?? null;
    else if (line === '\\.') columns = null;
    else {
      const fields = copyFields(line);
      if (fields.length !== columns.length) throw new BackupError(`a row of ${table} is damaged`);
      yield JSON.stringify(Object.fromEntries(columns.map((column, n) => [column, fields[n]])));
    }
  }
  await reading.ended;
}

async function* photosOf(path: string): AsyncGenerator<Entry> {
  if (!existsSync(photosPath(path))) return;
  const folder = await mkdtemp(join(tmpdir(), 'epagal-photos-'));
  try {
    await unpackPhotos(photosPath(path), folder);
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      yield { kind: 'photo', path: relative(folder, file), bytes: await readFile(file) };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
