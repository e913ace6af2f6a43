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
      if (applied.some(({ name }) => name === migration.name)) return false;
      await tx.unsafe(migration.up);
      await tx.unsafe('insert into schema_migrations (position, name, hash) values ($1, $2, $3)', [
        position,
        migration.name,
        migration.hash,
      ]);
      return true;
    });
    if (wasApplied) done.push(migration.name);
  }
  return done;
}

/**
 * Takes back the newest migration.
 * @returns its name, null when there is none
 * @throws MigrationError when this program has no way back from it
 */
export async function migrateDown(sql: Sql, migrations = readMigrations()): Promise<string | null> {
  return exclusively(sql, async (tx) => {
    const newest = (await readApplied(tx)).at(-1);
    if (!newest) return null;
    const migration = migrations.find(({ name }) => name === newest.name);
    if (!migration) {
      throw new MigrationError(
        `the database is at ${newest.name}, which this version does not know: use the newer one`,
      );
    }
    await tx.unsafe(migration.down);
    await tx.unsafe('delete from schema_migrations where name = $1', [migration.name]);
    return migration.name;
  });
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

/** A transaction that only one instance at a time can be in. No time limit: an index of a year of tracks takes long. */
async function exclusively<T>(sql: Sql, work: (tx: Client) => Promise<T>): Promise<T> {
  const result = await sql.begin(async (tx) => {
    await tx.unsafe('set local statement_timeout = 0');
    await tx.unsafe(`select pg_advisory_xact_lock(${LOCK_KEY})`);
    await tx.unsafe(
      `create table if not exists schema_migrations (
         position integer primary key, name text not null unique, hash text not null,
         applied_at timestamptz not null default now())`,
    );
    return { value: await work(tx) };
  });
  return result.value as T;
}
