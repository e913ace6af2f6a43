/**
 * `npm run restore -- FILE [--replace]`: a backup into the database. `npm run restore:check -- FILE`: the same into a
 * scratch database that is thrown away, with row counts and the event log compared.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { BackupError } from '../ops/backup/format.ts';
import { openForTool, type ToolDatabase } from '../ops/backup/open.ts';
import { restoreBackup, type RestoreResult } from '../ops/backup/restore.ts';
import { createLog } from '../ops/log.ts';
import { failureText } from '../ops/tool-failure.ts';

const USAGE = 'usage: restore FILE [--replace]   |   restore --check FILE';
const log = createLog({ level: 'error' });

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean' }, replace: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [file, ...more] = positionals;
  if (!file || more.length > 0) {
    console.error(USAGE);
    return 2;
  }
  const startedAt = performance.now();
  const result = values.check ? await check(file) : await restore(file, values.replace ?? false);
  for (const [table, rows] of Object.entries(result.footer.rows)) {
    if (rows > 0) console.log(`${table}: ${rows} rows, as backed up`);
  }
  console.log(`event log: ${result.footer.eventLog.slice(0, 16)}…, as backed up`);
  if (result.migrated.length > 0) console.log(`brought up to this version: ${result.migrated.join(', ')}`);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const what = values.check ? 'can be restored' : 'is restored';
  console.log(
    `the backup of ${result.header.at} (version ${result.header.version}) ${what}, in ${seconds} s`,
  );
  return 0;
}

async function restore(file: string, replace: boolean): Promise<RestoreResult> {
  const config = loadConfig(process.env, { mode: 'demo' });
  const database = await openForTool(config, log);
  try {
    await refuseWhileServed(database);
    return await restoreBackup(database.sql, file, { photosDir: join(config.dataDir, 'photos'), replace });
  } finally {
    await database.close();
  }
}

/** In a folder of its own: the real database is not even opened. */
async function check(file: string): Promise<RestoreResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'epagal-check-'));
  try {
    const database = await openForTool({ databaseUrl: null, dataDir: scratch }, log);
    try {
      return await restoreBackup(database.sql, file, { photosDir: join(scratch, 'photos') });
    } finally {
      await database.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A server holds in memory what it has read: rows must not change under it. */
async function refuseWhileServed(database: ToolDatabase): Promise<void> {
  if (database.shared) throw new BackupError('a server runs on this folder: stop it first');
  if (database.kind === 'embedded') return;
  const [found] = await database.sql<{ servers: number }[]>`
    select count(*)::int as servers from pg_stat_activity
    where datname = current_database() and application_name in ('epagal-app', 'epagal-bulk')`;
  if (found && found.servers > 0)
    throw new BackupError('a server is connected to this database: stop it first');
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(failureText(error));
    process.exit(1);
  },
);
