import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';

/**
 * A backup is one gzipped text file: a header, then for each table a line with its name followed by one line of
 * JSON a row, then the photos, then a closing line with the counts. A file cut short has no closing line.
 */
export const FORMAT = 1;
export const PRODUCT = 'epagal-control-room';
/** Of our own format, and of PostgreSQL's. */
export const FILE_PATTERN = /^epagal-\d{8}T\d{6}Z\.(backup\.gz|dump)$/;

const tableShape = z.object({
  name: z.string(),
  columns: z.array(z.string()),
  asText: z.array(z.string()),
  key: z.array(z.string()),
  partitioned: z.boolean().optional(),
});
export const header = z.object({
  kind: z.literal('header'),
  product: z.literal(PRODUCT, 'this file is no backup of this product'),
  format: z.literal(FORMAT, 'this backup was made by another version of the format'),
  version: z.string(),
  at: z.iso.datetime(),
  migrations: z.array(z.string()),
  tables: z.array(tableShape),
  partitions: z.array(z.object({ parent: z.string(), name: z.string(), bound: z.string() })),
  sequences: z.array(z.object({ name: z.string(), last: z.number(), called: z.boolean() })),
});
export type Header = z.infer<typeof header>;

export const footer = z.object({
  kind: z.literal('end'),
  /** Rows by table. */
  rows: z.record(z.string(), z.number()),
  photos: z.number(),
  /** SHA-256 over the event log's rows in their order. */
  eventLog: z.string(),
});
export type Footer = z.infer<typeof footer>;

export const photo = z.object({
  kind: z.literal('photo'),
  path: z.string(),
  base64: z.string(),
});
const marker = z.object({ kind: z.enum(['table', 'photo', 'end']) });
const tableMark = z.object({ kind: z.literal('table'), name: z.string() });

/** A file that is no whole backup; the message is one line for people. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

export type Entry =
  | { kind: 'header'; header: Header }
  | { kind: 'row'; table: string; json: string }
  /** A row whose values are all texts, as the database writes them. */
  | { kind: 'text-row'; table: string; json: string }
  | { kind: 'photo'; path: string; bytes: Buffer }
  | { kind: 'end'; footer: Footer };

/**
 * Reads a backup entry by entry, checking its order, its counts and the hash of its event log on the way.
 * @throws BackupError when it is cut short, damaged or not a backup
 */
export async function* readBackup(path: string): AsyncGenerator<Entry> {
  const counted: Record<string, number> = {};
  const events = eventLogHash();
  let photos = 0;
  let table: string | null = null;
  let shapes: Header | null = null;
  let ended = false;
  try {
    for await (const line of linesOf(path)) {
      if (ended) throw new BackupError('the backup goes on after its end');
      if (!shapes) {
        shapes = header.parse(JSON.parse(line));
        for (const { name } of shapes.tables) counted[name] = 0;
        yield { kind: 'header', header: shapes };
      } else if (!line.startsWith('!')) {
        if (table === null) throw new BackupError('the backup has a row before its table');
        counted[table] = (counted[table] ?? 0) + 1;
        if (table === 'events') events.add(line);
        yield { kind: 'row', table, json: line };
      } else {
        const mark: unknown = JSON.parse(line.slice(1));
        const { kind } = marker.parse(mark);
        if (kind === 'table') {
          table = tableMark.parse(mark).name;
          if (!(table in counted)) throw new BackupError(`the backup has rows of an unknown table ${table}`);
        } else if (kind === 'photo') {
          const { path: name, base64 } = photo.parse(mark);
          photos += 1;
          yield { kind: 'photo', path: name, bytes: Buffer.from(base64, 'base64') };
        } else {
          const end = footer.parse(mark);
          refuseDifferences(end, { kind: 'end', rows: counted, photos, eventLog: events.value() });
          ended = true;
          yield { kind: 'end', footer: end };
        }
      }
    }
  } catch (error) {
    throw asBackupError(error);
  }
  if (!ended) throw new BackupError('the backup is cut short: its closing line is missing');
}

/** Reads a backup to its end. @returns its header and footer @throws BackupError when it is not whole */
export async function verifyBackup(path: string): Promise<{ header: Header; footer: Footer }> {
  let first: Header | null = null;
  let last: Footer | null = null;
  for await (const entry of readBackup(path)) {
    if (entry.kind === 'header') first = entry.header;
    if (entry.kind === 'end') last = entry.footer;
  }
  if (!first || !last) throw new BackupError('the backup is empty');
  return { header: first, footer: last };
}

/** The hash that stands for a whole event log: rows must be added in their order. */
export function eventLogHash() {
  const hash: Hash = createHash('sha256');
  return {
    add: (row: string) => void hash.update(row).update('\n'),
    value: () => hash.copy().digest('hex'),
  };
}

/** @throws BackupError naming the first thing that is not as it was */
export function refuseDifferences(expected: Footer, found: Footer): void {
  for (const [table, rows] of Object.entries(expected.rows)) {
    const there = found.rows[table] ?? 0;
    if (there !== rows) throw new BackupError(`${table}: ${there} rows where ${rows} are expected`);
  }
  if (found.photos !== expected.photos) {
    throw new BackupError(`photos: ${found.photos} where ${expected.photos} are expected`);
  }
  if (found.eventLog !== expected.eventLog)
    throw new BackupError('the event log is not the one that was backed up');
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const text = file.pipe(createGunzip());
  file.once('error', (error) => text.destroy(error));
  yield* createInterface({ input: text, crlfDelay: Infinity });
}

function asBackupError(error: unknown): unknown {
  if (error instanceof BackupError) return error;
  if (error instanceof z.ZodError)
    return new BackupError(error.issues[0]?.message ?? 'the backup is damaged');
  if (error instanceof SyntaxError) return new BackupError('the backup is damaged: a line is no JSON');
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new BackupError('there is no such file');
  if (code?.startsWith('Z_')) return new BackupError('the backup is damaged or cut short');
  return error;
}
