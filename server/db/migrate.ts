import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Sql } from './connect.ts';

/** One step of the schema: `drizzle/NAME.sql` leads to it, `drizzle/NAME.down.sql` back. */
export interface Migration {
  name: string;
  up: string;
  down: string;
  /** SHA-256 of the up file. */
  hash: string;
}

export interface SchemaState {
  /** The newest migration applied, null on an empty database. */
  current: string | null;
  /** The newest one this program knows. */
  latest: string | null;
  /** `ahead`: the database was migrated by a newer program. */
  state: 'current' | 'behind' | 'ahead';
}

/** The database and the migration files contradict each other; the message is one line for people. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

type Client = Pick<Sql, 'unsafe'>;

const LOCK_KEY = 4_711_001;
/** How long a statement may stand in the queue for a table, and how often it comes again: two minutes together. */
export const TABLE_WAIT_MS = 300;
const TABLE_PAUSE_MS = 700;
const TABLE_TRIES = 120;
const LOCK_NOT_AVAILABLE = '55P03';
const journal = z.object({ entries: z.array(z.object({ idx: z.number(), tag: z.string() })) });

/** The first `drizzle/` folder upwards from this file: from source and from a bundle alike. */
export function migrationsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'drizzle');
    if (existsSync(join(candidate, 'meta/_journal.json'))) return candidate;
    if (folder === dirname(folder))
      throw new MigrationError('the folder drizzle/ with the migrations is missing');
  }
}

/**
 * The migrations in their order, as drizzle-kit's journal lists them.
 * @throws MigrationError when a file is missing
 */
export function readMigrations(folder = migrationsFolder()): Migration[] {
  const { entries } = journal.parse(JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8')));
  return entries
    .toSorted((a, b) => a.idx - b.idx)
    .map(({ tag }) => {
      const [up, down] = [`${tag}.sql`, `${tag}.down.sql`].map((file) => {
        if (!existsSync(join(folder, file)))
          throw new MigrationError(`the migration file ${file} is missing`);
        return readFileSync(join(folder, file), 'utf8');
      }) as [string, string];
      return { name: tag, up, down, hash: createHash('sha256').update(up).digest('hex') };
    });
}

/** How the database stands to this program's migrations. Changes nothing. */
export async function schemaState(sql: Sql, migrations = readMigrations()): Promise<SchemaState> {
  const applied = await readApplied(sql);
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = applied.filter(({ name }) => !known.has(name));
  return {
    current: applied.at(-1)?.name ?? null,
    latest: migrations.at(-1)?.name ?? null,
    state: unknown.length > 0 ? 'ahead' : applied.length < migrations.length ? 'behind' : 'current',
  };
}

/**
 * Applies what is missing, each migration in a transaction of its own. Safe when several instances start at once: they
 * take turns and the later ones find nothing to do.
 * @returns the names applied here
 * @throws MigrationError when the database is ahead, or an applied migration's file has changed since
 */
export async function migrateUp(sql: Sql, migrations = readMigrations()): Promise<string[]> {
  const done: string[] = [];
  for (const [position, migration] of migrations.entries()) {
    const wasApplied = await exclusively(sql, async (tx) => {
      const applied = await readApplied(tx);
      refuseContradictions(applied, migrations);
      if (applied.some(({ name }) => name === migration.name)) {
        // Applied by a release that did not keep the way back.
        await tx.unsafe('update schema_migrations set down = $2 where name = $1 and down is null', [
          migration.name,
          migration.down,
        ]);
        return false;
      }
      await tx.unsafe(migration.up);
      await tx.unsafe('insert into schema_migrations (position, name, hash, down) values ($1, $2, $3, $4)', [
        position,
        migration.name,
        migration.hash,
        migration.down,
      ]);
      return true;
    });
    if (wasApplied) done.push(migration.name);
  }
  return done;
}

/**
 * Takes back the newest migration. Where this program does not know it, the way back is the one that the newer program
 * left in the database: so an older release can be put back before its schema is.
 * @param unlessAt nothing is done when this one is the newest
 * @returns its name, null when there was nothing to do
 * @throws MigrationError when there is no way back from it, or `unlessAt` was never applied
 */
export async function migrateDown(
  sql: Sql,
  migrations = readMigrations(),
  unlessAt?: string,
): Promise<string | null> {
  return exclusively(sql, async (tx) => {
    const applied = await readApplied(tx);
    const newest = applied.at(-1);
    if (unlessAt !== undefined && !applied.some(({ name }) => name === unlessAt))
      throw new MigrationError(`${unlessAt} is not applied: the database is at ${newest?.name ?? 'nothing'}`);
    if (!newest || newest.name === unlessAt) return null;
    const [kept] = await tx.unsafe<{ down: string | null }[]>(
      'select down from schema_migrations where name = $1',
      [newest.name],
    );
    const down = migrations.find(({ name }) => name === newest.name)?.down ?? kept?.down;
    if (!down) {
      throw new MigrationError(
        `the database is at ${newest.name}, which this version does not know: use the newer one`,
      );
    }
    await tx.unsafe(down);
    await tx.unsafe('delete from schema_migrations where name = $1', [newest.name]);
    return newest.name;
  });
}

/**
 * Takes back, one by one, all migrations that came after `target`.
 * @returns their names, newest first
 * @throws MigrationError as `migrateDown`; what was taken back until then stays so
 */
export async function migrateDownTo(
  sql: Sql,
  target: string,
  migrations = readMigrations(),
): Promise<string[]> {
  const undone: string[] = [];
  for (;;) {
    const name = await migrateDown(sql, migrations, target);
    if (name === null) return undone;
    undone.push(name);
  }
}

interface Applied {
  name: string;
  hash: string;
}

/** Reads without making the table: to look is not to change. */
async function readApplied(sql: Client): Promise<Applied[]> {
  const [found] = await sql.unsafe<{ table: string | null }[]>(
    `select to_regclass('public.schema_migrations')::text as table`,
  );
  if (!found?.table) return [];
  return sql.unsafe<Applied[]>('select name, hash from schema_migrations order by position');
}

function refuseContradictions(applied: Applied[], migrations: Migration[]): void {
  for (const { name, hash } of applied) {
    const migration = migrations.find((candidate) => candidate.name === name);
    if (!migration)
      throw new MigrationError(`the database is ahead: it has ${name}, which this version does not know`);
    if (migration.hash !== hash)
      throw new MigrationError(`${name}.sql was changed after it was applied to this database`);
  }
}

/**
 * A transaction that only one instance at a time can be in. Its statements may take long (an index of a year of tracks),
 * yet none waits long for a table: whoever comes after it in the queue waits too, and the trackers' writes are among
 * them. It gives way instead, and comes again.
 */
async function exclusively<T>(sql: Sql, work: (tx: Client) => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      const result = await sql.begin(async (tx) => {
        await tx.unsafe('set local statement_timeout = 0');
        await tx.unsafe(`select pg_advisory_xact_lock(${LOCK_KEY})`);
        await tx.unsafe(`set local lock_timeout = ${TABLE_WAIT_MS}`);
        await tx.unsafe(
          `create table if not exists schema_migrations (
             position integer primary key, name text not null unique, hash text not null,
             applied_at timestamptz not null default now())`,
        );
        await tx.unsafe('alter table schema_migrations add column if not exists down text');
        return { value: await work(tx) };
      });
      return result.value as T;
    } catch (error) {
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || n === TABLE_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, TABLE_PAUSE_MS));
    }
  }
}
