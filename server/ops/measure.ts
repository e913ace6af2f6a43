import { statfsSync } from 'node:fs';
import type { Database } from '../db/connect.ts';
import type { Metrics } from './metrics.ts';

/** Room on the disk that holds a folder; null where the system does not tell. */
export function diskOf(folder: string): { free: number; total: number } | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    return null;
  }
}

const DATABASE_EVERY_MS = 30_000;

/**
 * Asks the database about itself when somebody scrapes, at most twice a minute. A database that does not answer leaves
 * the last numbers; that it is out is told by `epagal_part_up`.
 */
export function databaseMeasure(
  database: Database,
  metrics: Metrics,
  clock: () => number,
): () => Promise<void> {
  let askedMs = -Infinity;
  return async () => {
    if (clock() - askedMs < DATABASE_EVERY_MS) return;
    askedMs = clock();
    const [size] = await database.sql<{ bytes: string }[]>`
      select pg_database_size(current_database())::text as bytes`;
    metrics.dbSizeBytes.set(Number(size?.bytes ?? 0));
    const states = await database.sql<{ state: string; count: number }[]>`
      select coalesce(state, 'other') as state, count(*)::int as count from pg_stat_activity
       where datname = current_database() group by 1`;
    metrics.dbConnections.reset();
    for (const { state, count } of states) metrics.dbConnections.set({ state }, count);
  };
}
