import { join } from 'node:path';
import type { ToolDatabase } from './open.ts';
import { writeDump } from './dump.ts';
import { BackupError } from './format.ts';
import { findPgPrograms } from './pg-programs.ts';
import { isDump, restoreBackup, type RestoreResult } from './restore.ts';
import { restoreDump } from './restore-dump.ts';
import { writeBackup, type BackupResult } from './write.ts';

/** `dump`: pg_dump's custom format. `own`: one file that either database takes. */
export type BackupFormat = 'dump' | 'own';

interface Where {
  databaseUrl: string | null;
  dataDir: string;
}

/**
 * Makes a verified backup in the format that fits: pg_dump's where the database is PostgreSQL and a pg_dump that can
 * read it is on this machine, else our own.
 * @param format insists on one of them
 * @throws BackupError when it insists on what this machine cannot do
 */
export async function makeBackup(
  database: ToolDatabase,
  where: Where,
  options: { folder: string; now: Date; format?: BackupFormat },
): Promise<BackupResult & { format: BackupFormat }> {
  const common = { folder: options.folder, photosDir: photosDirOf(where), now: options.now };
  const programs =
    options.format === 'own' || where.databaseUrl === null ? null : await programsFor(database);
  if (programs && where.databaseUrl) {
    const made = await writeDump(database.sql, { ...common, databaseUrl: where.databaseUrl, programs });
    return { ...made, format: 'dump' };
  }
  if (options.format === 'dump') {
    throw new BackupError(
      where.databaseUrl === null
        ? 'pg_dump cannot read the embedded database: leave --format out'
        : "pg_dump of the server's version is not here: apt-get install postgresql-client",
    );
  }
  const made = await writeBackup(database.sql, { ...common, shares: database.shared });
  return { ...made, format: 'own' };
}

/**
 * Puts a backup of either format into a database of either kind.
 * @throws BackupError as restoreBackup and restoreDump do
 */
export function restoreInto(
  database: ToolDatabase,
  where: Where,
  path: string,
  options: { replace?: boolean } = {},
): Promise<RestoreResult> {
  const full = { ...options, photosDir: photosDirOf(where) };
  return isDump(path) && where.databaseUrl !== null
    ? restoreDump(database.sql, path, { ...full, databaseUrl: where.databaseUrl })
    : restoreBackup(database.sql, path, full);
}

const photosDirOf = ({ dataDir }: Where) => join(dataDir, 'photos');

async function programsFor({ sql }: ToolDatabase) {
  const [server] = await sql.unsafe<{ major: number }[]>(
    "select current_setting('server_version_num')::int / 10000 as major",
  );
  return findPgPrograms(server?.major ?? 0);
}
