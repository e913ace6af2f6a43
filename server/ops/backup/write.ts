import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Sql } from '../../db/connect.ts';
import { VERSION } from '../project.ts';
import {
  quoted,
  readCatalogue,
  rowsAsJson,
  rowsOf,
  type Catalogue,
  type Reader,
  type TableShape,
} from './catalogue.ts';
import { digest, flush, writeChecksums } from './checksum.ts';
import { fetchRows } from './contents.ts';
import { eventLogHash, FORMAT, PRODUCT, verifyBackup, type Footer, type Header } from './format.ts';

/** Rows of one slice: some milliseconds of the session. */
const SLICE_ROWS = 2_000;

export interface BackupResult {
  path: string;
  /** The backup and what lies beside it, absolute paths. */
  files: string[];
  /** Of all files but the checksums. */
  bytes: number;
  /** Of the file at `path`. */
  sha256: string;
  footer: Footer;
}

/** An instant as it stands in a backup's name. */
export const stampOf = (now: Date) => now.toISOString().replaceAll(/[-:]|\.\d+/g, '');

/**
 * Writes a backup of the database and the photos into `folder`, reads it back to its end, and only then gives it its
 * name. The rows are of one instant, while the server works on.
 *
 * The embedded database has one session. With `shares`, because a server works on it, only what is small is read in
 * one transaction; positions, which are many and never change, are read afterwards in slices between which the server
 * goes on. Positions that came meanwhile may be among them, nothing else.
 * @param photosDir folder of the photos; may be missing
 */
export async function writeBackup(
  sql: Sql,
  options: { folder: string; photosDir: string; now: Date; shares?: boolean },
): Promise<BackupResult> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const path = join(options.folder, `epagal-${stampOf(options.now)}.backup.gz`);
  const draft = `${path}.part`;
  try {
    const lines = Readable.from(linesOf(sql, options), { objectMode: true });
    await pipeline(lines, createGzip({ level: 6 }), createWriteStream(draft, { mode: 0o600 }));
    await flush(draft);
    const { footer } = await verifyBackup(draft);
    const { sha256, bytes } = await digest(draft);
    await writeChecksums(`${path}.sha256`, [{ name: basename(path), sha256 }]);
    await rename(draft, path);
    return { path, files: [path, `${path}.sha256`], bytes, sha256, footer };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function* linesOf(
  sql: Sql,
  { photosDir, now, shares = false }: { photosDir: string; now: Date; shares?: boolean },
): AsyncGenerator<string> {
  const rows: Record<string, number> = {};
  const events = eventLogHash();
  const left: TableShape[] = [];
  const seen: { catalogue: Catalogue | null } = { catalogue: null };
  yield* inTransaction(sql, async function* (tx) {
    const catalogue = await readCatalogue(tx);
    seen.catalogue = catalogue;
    yield `${JSON.stringify(headerOf(catalogue, now))}\n`;
    for (const table of catalogue.tables) {
      if (shares && table.partitioned) {
        left.push(table);
        continue;
      }
      const isLog = table.name === 'events';
      yield* linesOfTable(table.name, fetchRows(tx, rowsAsJson(table, isLog)), rows, (batch) => {
        if (isLog) batch.forEach(events.add);
      });
    }
  });
  const partitions = seen.catalogue?.partitions ?? [];
  for (const table of left) {
    const parts = partitions.filter(({ parent }) => parent === table.name).map(({ name }) => name);
    yield* linesOfTable(table.name, slicesOf(sql, table, parts), rows);
  }
  let photos = 0;
  for (const path of await filesUnder(photosDir)) {
    const base64 = (await readFile(join(photosDir, path))).toString('base64');
    yield `!${JSON.stringify({ kind: 'photo', path, base64 })}\n`;
    photos += 1;
  }
  yield `!${JSON.stringify({ kind: 'end', rows, photos, eventLog: events.value() } satisfies Footer)}\n`;
}

async function* linesOfTable(
  name: string,
  batches: AsyncIterable<string[]>,
  rows: Record<string, number>,
  onBatch: (batch: string[]) => void = () => undefined,
): AsyncGenerator<string> {
  yield `!${JSON.stringify({ kind: 'table', name })}\n`;
  rows[name] = 0;
  for await (const batch of batches) {
    rows[name] += batch.length;
    onBatch(batch);
    yield `${batch.join('\n')}\n`;
  }
}

/** A generator whose lines are read in one transaction, handed over one at a time as they are asked for. */
async function* inTransaction(
  sql: Sql,
  read: (tx: Reader) => AsyncGenerator<string>,
): AsyncGenerator<string> {
  const lines = new PassThrough({ objectMode: true, highWaterMark: 2 });
  const reading = sql.begin('isolation level repeatable read read only', async (tx) => {
    await tx.unsafe('set local statement_timeout = 0');
    await pipeline(Readable.from(read(tx), { objectMode: true }), lines);
  });
  // Its failure is also the end of the lines, which is where it is seen.
  reading.catch((error: unknown) => lines.destroy(error as Error));
  yield* lines as AsyncIterable<string>;
  await reading;
}

/** The rows of partitions in the order of their key, each slice a statement of its own. */
async function* slicesOf(
  sql: Sql,
  table: TableShape,
  partitions: readonly string[],
): AsyncGenerator<string[]> {
  const key = table.key.map(quoted).join(', ');
  const asTexts = table.key.map((column) => `r.${quoted(column)}::text`).join(', ');
  for (const name of partitions) {
    let last: string[] | null = null;
    for (;;) {
      // As literals: a parameter's microseconds would be lost on the way, and rows read twice.
      const after: string = last ? `where (${key}) > (${last.map(literal).join(', ')})` : '';
      const slice: { row: string; key: string[] }[] = await sql.unsafe(
        `select row_to_json(r)::text as row, array[${asTexts}] as key
         from (${rowsOf({ ...table, name }, after)} order by ${key} limit ${SLICE_ROWS}) r`,
      );
      if (slice.length > 0) yield slice.map(({ row }) => row);
      if (slice.length < SLICE_ROWS) break;
      last = slice.at(-1)?.key ?? null;
    }
  }
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** What a backup says of itself at its beginning. */
export function headerOf(catalogue: Catalogue, now: Date): Header {
  return {
    kind: 'header',
    product: PRODUCT,
    format: FORMAT,
    version: VERSION,
    at: now.toISOString(),
    ...catalogue,
  };
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
