import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../log.ts';
import { restoreInto } from './make.ts';
import { openForTool } from './open.ts';
import { isDump, type RestoreResult } from './restore.ts';

export interface CheckResult extends RestoreResult {
  /** The kind of database it was restored into. */
  into: 'postgres' | 'embedded';
}

/**
 * Restores a backup into a scratch database that is thrown away; the real one is not touched. A dump goes to the same
 * PostgreSQL server, where this role may create a database there, else into an embedded one in a temporary folder.
 * @throws BackupError when it cannot be restored, or brings other rows than were backed up
 */
export async function checkBackup(
  path: string,
  where: { databaseUrl: string | null },
  log: Logger,
): Promise<CheckResult> {
  const folder = await mkdtemp(join(tmpdir(), 'epagal-check-'));
  try {
    if (isDump(path) && where.databaseUrl) {
      const scratch = await createScratch(where.databaseUrl, log);
      if (scratch) {
        try {
          return { ...(await restoreAt({ databaseUrl: scratch.url, dataDir: folder })), into: 'postgres' };
        } finally {
          await scratch.drop();
        }
      }
    }
    return { ...(await restoreAt({ databaseUrl: null, dataDir: folder })), into: 'embedded' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  async function restoreAt(place: { databaseUrl: string | null; dataDir: string }): Promise<RestoreResult> {
    const database = await openForTool(place, log);
    try {
      return await restoreInto(database, place, path);
    } finally {
      await database.close();
    }
  }
}

/** @returns null where this role may not create a database with PostGIS */
async function createScratch(databaseUrl: string, log: Logger) {
  const name = `epagal_check_${randomBytes(6).toString('hex')}`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const act = async (statement: string, at: string) => {
    const { sql, close } = await openForTool({ databaseUrl: at, dataDir: '.' }, log);
    await sql.unsafe(statement).finally(close);
  };
  const drop = () => act(`drop database if exists ${name} with (force)`, databaseUrl);
  try {
    await act(`create database ${name} template template0`, databaseUrl);
    await act('create extension postgis', url.href);
    return { url: url.href, drop };
  } catch (error) {
    await drop().catch(() => undefined);
    if ((error as { code?: string }).code === '42501') return null;
    throw error;
  }
}
