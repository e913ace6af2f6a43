import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { Sql } from '../../db/connect.ts';
import { migrateUp, readMigrations, type Migration } from '../../db/migrate.ts';
import { WORK_SCHEMA } from '../../db/track-partitions.ts';
import { quoted, type Reader, type TableShape } from './catalogue.ts';
import { compareChecksums } from './checksum.ts';
import { contentsOf } from './contents.ts';
import { BackupError, readBackup, refuseDifferences, type Footer, type Header } from './format.ts';
import { readDump } from './read-dump.ts';

/** True for a backup made by pg_dump. */
export const isDump = (path: string) => path.endsWith('.dump');

/** Rows inserted by one statement. */
const INSERT_ROWS = 1_000;

export interface RestoreResult {
  header: Header;
  footer: Footer;
  /** Migrations applied after the rows, to bring an older backup up to this program. */
  migrated: string[];
}

/**
 * Puts a backup into a database: schema of the backup's time, rows in one transaction, counts and event log compared
 * before it commits, then the migrations that came since. Works between the embedded database and PostgreSQL.
 * @param replace allow a database that already holds events: everything in it is replaced
 * @throws BackupError when the file is not whole, is newer than this program, or the database is not empty
 */
export async function restoreBackup(
  sql: Sql,
  path: string,
  options: { photosDir: string; replace?: boolean },
): Promise<RestoreResult> {
  await compareChecksums(path);
  const entries = isDump(path) ? readDump(path) : readBackup(path);
  const first = await entries.next();
  if (first.done || first.value.kind !== 'header') throw new BackupError('the backup is empty');
  const { header } = first.value;
  await bringSchemaTo(sql, migrationsOf(header));
  if (!options.replace && (await holdsEvents(sql))) {
    throw new BackupError('the database is in use; to replace everything in it, add --replace');
  }

  const footer = await sql.begin(async (tx) => {
    await tx.unsafe('set local statement_timeout = 0');
    await emptyAndPartition(tx, header);
    const tables = new Map(header.tables.map((table) => [table.name, table]));
    let pending: { table: TableShape; rows: string[]; isText: boolean } | null = null;
    const insertPending = async () => {
      if (pending?.isText) await insertTextRows(tx, pending.table, pending.rows);
      else if (pending) await insertRows(tx, pending.table, pending.rows);
      pending = null;
    };
    let end: Footer | null = null;
    for await (const entry of entries) {
      if (entry.kind === 'row' || entry.kind === 'text-row') {
        if (pending && (pending.table.name !== entry.table || pending.rows.length >= INSERT_ROWS))
          await insertPending();
        const table = tables.get(entry.table);
        if (!table) throw new BackupError(`the backup has rows of an unknown table ${entry.table}`);
        pending ??= { table, rows: [], isText: entry.kind === 'text-row' };
        pending.rows.push(entry.json);
      } else {
        await insertPending();
        if (entry.kind === 'photo') await writePhoto(options.photosDir, entry.path, entry.bytes);
        if (entry.kind === 'end') end = entry.footer;
      }
    }
    if (!end) throw new BackupError('the backup is cut short');
    for (const { name, last, called } of header.sequences) {
      await tx.unsafe('select setval($1::regclass, $2::bigint, $3)', [quoted(name), String(last), called]);
    }
    refuseDifferences(end, { ...(await contentsOf(tx)), photos: end.photos });
    return end;
  });
  const migrated = await migrateUp(sql);
  return { header, footer, migrated };
}

/** The migrations up to the backup's, in this program's order. */
export function migrationsOf(header: Header): Migration[] {
  const known = readMigrations();
  const upTo = known.slice(0, header.migrations.length);
  const unknown = header.migrations.filter((name, position) => upTo[position]?.name !== name);
  if (unknown.length > 0) {
    throw new BackupError(
      `the backup is of version ${header.version} and needs a program that knows ${unknown.join(', ')}`,
    );
  }
  return upTo;
}

async function bringSchemaTo(sql: Sql, migrations: Migration[]): Promise<void> {
  const [found] = await sql.unsafe<{ table: string | null }[]>(
    `select to_regclass('public.schema_migrations')::text as table`,
  );
  const applied = found?.table
    ? await sql.unsafe<{ name: string }[]>('select name from schema_migrations order by position')
    : [];
  const beyond = applied[migrations.length];
  if (beyond) {
    throw new BackupError(
      `the database is at ${applied.at(-1)?.name}, newer than the backup: restore into an empty database`,
    );
  }
  await migrateUp(sql, migrations);
}

/** True when the database is one of ours that something has happened in. */
export async function holdsEvents(sql: Sql): Promise<boolean> {
  const [table] = await sql<{ there: boolean }[]>`select to_regclass('public.events') is not null as there`;
  if (!table?.there) return false;
  const [found] = await sql<{ any: boolean }[]>`select exists (select 1 from events) as any`;
  return found?.any ?? false;
}

/** Migrations leave rows of their own; the backup has them too. */
async function emptyAndPartition(tx: Reader, header: Header): Promise<void> {
  await tx.unsafe(`drop schema if exists ${WORK_SCHEMA} cascade`);
  await tx.unsafe(`truncate ${header.tables.map(({ name }) => quoted(name)).join(', ')} restart identity`);
  for (const { parent, name, bound } of header.partitions) {
    if (
      !header.tables.some((table) => table.name === parent) ||
      !/^(FOR VALUES|DEFAULT)\b[^;]*$/.test(bound)
    ) {
      throw new BackupError(`the backup has a partition ${name} that is none of ours`);
    }
    await tx.unsafe(`create table if not exists ${quoted(name)} partition of ${quoted(parent)} ${bound}`);
  }
}

async function insertRows(tx: Reader, table: TableShape, rows: readonly string[]): Promise<void> {
  const columns = table.columns.map(quoted).join(', ');
  const name = quoted(table.name);
  await tx.unsafe(
    `insert into ${name} (${columns}) overriding system value
     select ${columns} from json_populate_recordset(null::${name}, $1::text::json)`,
    [`[${rows.join(',')}]`],
  );
}

/** Each value through its type's own reading of text, which is what wrote it. */
async function insertTextRows(tx: Reader, table: TableShape, rows: readonly string[]): Promise<void> {
  const types = await tx.unsafe<{ name: string; type: string }[]>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    [quoted(table.name)],
  );
  const known = types.filter(({ name }) => table.columns.includes(name));
  await tx.unsafe(
    `insert into ${quoted(table.name)} (${known.map(({ name }) => quoted(name)).join(', ')}) overriding system value
     select ${known.map(({ name, type }) => `r.${quoted(name)}::${type}`).join(', ')}
     from json_to_recordset($1::text::json) as r(${known.map(({ name }) => `${quoted(name)} text`).join(', ')})`,
    [`[${rows.join(',')}]`],
  );
}

async function writePhoto(folder: string, path: string, bytes: Buffer): Promise<void> {
  const inside = normalize(path);
  if (isAbsolute(inside) || inside.startsWith('..'))
    throw new BackupError('the backup has a photo outside its folder');
  await mkdir(dirname(join(folder, inside)), { recursive: true, mode: 0o700 });
  await writeFile(join(folder, inside), bytes, { mode: 0o600 });
}
