import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { connectDatabase, type Database } from '../../server/db/connect.ts';
import { migrateUp, readMigrations } from '../../server/db/migrate.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import { silentLog } from '../../server/ops/log.ts';

/**
 * Makes sure the cluster has a migrated database for this set of migrations, from which each test file's own is copied
 * in a tenth of a second. Several runs may share a cluster: it appears whole or not at all.
 * @returns its name
 */
export async function makePostgresTemplate(urlOf: (database: string) => string): Promise<string> {
  const hash = createHash('sha256');
  for (const migration of readMigrations()) hash.update(migration.name).update(migration.hash);
  const name = `template_${hash.digest('hex').slice(0, 12)}`;
  const admin = postgres(urlOf('postgres'), { max: 1, onnotice: () => undefined });
  const exists = async () => (await admin`select 1 from pg_database where datname = ${name}`).length > 0;
  try {
    if (await exists()) return name;
    const draft = `draft_${randomBytes(6).toString('hex')}`;
    await admin.unsafe(`create database ${draft}`);
    const database = await connectDatabase({ databaseUrl: urlOf(draft), log: silentLog() });
    await migrateUp(database.sql);
    await database.close();
    try {
      await admin.unsafe(`alter database ${draft} rename to ${name}`);
    } catch (error) {
      await admin.unsafe(`drop database ${draft} with (force)`);
      if (!(await exists())) throw error;
    }
  } finally {
    await admin.end();
  }
  return name;
}

/** Folders to copy: one with nothing but the engine's own tables, one migrated. */
export interface EmbeddedTemplates {
  bare: string;
  migrated: string;
}

/** Made once for each set of migrations and kept in `.cache/`: to make one takes ten seconds, to copy it a tenth. */
export async function makeEmbeddedTemplates(): Promise<EmbeddedTemplates> {
  const engine = readFileSync(join(PROJECT_ROOT, 'node_modules/@electric-sql/pglite/package.json'), 'utf8');
  const { version } = JSON.parse(engine) as { version: string };
  const bare = await cached(`embedded-bare-${version}`, () => Promise.resolve());
  const hash = createHash('sha256').update(version);
  for (const migration of readMigrations()) hash.update(migration.hash);
  const migrated = await cached(`embedded-migrated-${hash.digest('hex').slice(0, 12)}`, async (folder) => {
    cpSync(bare, folder, { recursive: true });
    await inside(folder, (database) => migrateUp(database.sql));
  });
  return { bare, migrated };
}

/** A folder of `.cache/` that appears whole or not at all, whoever else makes it at the same time. */
async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(PROJECT_ROOT, '.cache', name);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${randomBytes(4).toString('hex')}`;
  mkdirSync(draft, { recursive: true });
  try {
    await fill(draft);
    if (!existsSync(join(draft, 'postgres'))) await inside(draft, () => Promise.resolve());
    if (!existsSync(folder)) renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

async function inside(folder: string, work: (database: Database) => Promise<unknown>): Promise<void> {
  const database = await connectDatabase({ dataDir: folder, log: silentLog() });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}
