import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Sql } from '../../db/connect.ts';
import { VERSION } from '../project.ts';
import { readCatalogue, rowsAsJson, type Catalogue, type Reader } from './catalogue.ts';
import { digest, flush, writeChecksums } from './checksum.ts';
import { fetchRows } from './contents.ts';
import { eventLogHash, FORMAT, PRODUCT, verifyBackup, type Footer, type Header } from './format.ts';

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
 * name. The rows are of one instant, while the server works on. With the embedded database, whose only session it
 * uses, the server waits while the rows are read.
 * @param photosDir folder of the photos; may be missing
 */
export async function writeBackup(
  sql: Sql,
  options: { folder: string; photosDir: string; now: Date },
): Promise<BackupResult> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const path = join(options.folder, `epagal-${stampOf(options.now)}.backup.gz`);
  const draft = `${path}.part`;
  try {
    await sql.begin('isolation level repeatable read read only', async (tx) => {
      await tx.unsafe('set local statement_timeout = 0');
      const lines = Readable.from(linesOf(tx, options.photosDir, options.now), { objectMode: true });
      await pipeline(lines, createGzip({ level: 6 }), createWriteStream(draft, { mode: 0o600 }));
    });
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

async function* linesOf(tx: Reader, photosDir: string, now: Date): AsyncGenerator<string> {
  const catalogue = await readCatalogue(tx);
  yield `${JSON.stringify(headerOf(catalogue, now))}\n`;
  const rows: Record<string, number> = {};
  const events = eventLogHash();
  for (const table of catalogue.tables) {
    yield `!${JSON.stringify({ kind: 'table', name: table.name })}\n`;
    rows[table.name] = 0;
    for await (const batch of fetchRows(tx, rowsAsJson(table, table.name === 'events'))) {
      rows[table.name] = (rows[table.name] ?? 0) + batch.length;
      if (table.name === 'events') batch.forEach(events.add);
      yield `${batch.join('\n')}\n`;
    }
  }
  let photos = 0;
  for (const path of await filesUnder(photosDir)) {
    const base64 = (await readFile(join(photosDir, path))).toString('base64');
    yield `!${JSON.stringify({ kind: 'photo', path, base64 })}\n`;
    photos += 1;
  }
  yield `!${JSON.stringify({ kind: 'end', rows, photos, eventLog: events.value() } satisfies Footer)}\n`;
}

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
