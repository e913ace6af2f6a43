/**
 * `npm run restore -- FILE_OR_S3 [--replace]`: a backup into the database. `npm run restore:check -- FILE_OR_S3`: the
 * same into a scratch database that is thrown away, with row counts and the event log compared.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig, type Config } from '../config.ts';
import { BackupError } from '../ops/backup/format.ts';
import { restoreInto } from '../ops/backup/make.ts';
import { fetchBackup } from '../ops/backup/off-site.ts';
import { openForTool, type ToolDatabase } from '../ops/backup/open.ts';
import type { RestoreResult } from '../ops/backup/restore.ts';
import { createS3Store, parseS3Url } from '../ops/backup/s3.ts';
import { checkBackup } from '../ops/backup/scratch.ts';
import { createLog } from '../ops/log.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';

const USAGE = 'usage: restore FILE_OR_S3 [--replace]   |   restore --check FILE_OR_S3';
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
  const config = loadConfig(process.env, { mode: 'demo' });
  const fetched = await mkdtemp(join(tmpdir(), 'epagal-fetched-'));
  try {
    const path = await localPath(file, config, fetched);
    const result = values.check
      ? await checkBackup(path, config, log)
      : await restore(path, config, values.replace ?? false);
    report(result);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const what =
      'into' in result ? `can be restored (tried in a scratch ${result.into} database)` : 'is restored';
    console.log(
      `the backup of ${result.header.at} (version ${result.header.version}) ${what}, in ${seconds} s`,
    );
    return 0;
  } finally {
    await rm(fetched, { recursive: true, force: true });
  }
}

function report(result: RestoreResult): void {
  for (const [table, rows] of Object.entries(result.footer.rows)) {
    if (rows > 0) console.log(`${table}: ${rows} rows, as backed up`);
  }
  if (result.footer.photos > 0) console.log(`photos: ${result.footer.photos}`);
  console.log(`event log: ${result.footer.eventLog.slice(0, 16)}…, as backed up`);
  if (result.migrated.length > 0) console.log(`brought up to this version: ${result.migrated.join(', ')}`);
}

/** A machine that was lost has its backups in the store alone. */
async function localPath(file: string, config: Config, folder: string): Promise<string> {
  const place = parseS3Url(file);
  if (!place) return file;
  if (!config.s3) throw new Refusal('S3_ENDPOINT and the keys beside it are not set');
  const store = createS3Store({ ...config.s3, bucket: place.bucket });
  return fetchBackup(store, place.prefix.replace(/\/$/, ''), folder);
}

async function restore(file: string, config: Config, replace: boolean): Promise<RestoreResult> {
  const database = await openForTool(config, log);
  try {
    await refuseWhileServed(database);
    return await restoreInto(database, config, file, { replace });
  } finally {
    await database.close();
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
