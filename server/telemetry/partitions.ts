import type { Sql } from '../db/connect.ts';
import { dropTrackPartitions, ensureTrackPartitions, listTrackPartitions } from '../db/track-partitions.ts';
import { AGE_LIMIT_MS } from './filters.ts';

const DAY_MS = 86_400_000;
/** Days made before they are needed: a server that sleeps over a night still has where to write. */
const DAYS_AHEAD = 3;
const UPKEEP_MS = 3_600_000;

export interface Partitions {
  /** Makes the missing days and drops those past retention. */
  maintain(): Promise<void>;
  /** The first instant still accepted: seven days ago, or the start of the oldest kept day. */
  oldestMs(): number;
  /** Starts the hourly upkeep; returns its end. */
  start(): () => void;
}

/**
 * The days of `tracks` there must be: from what is still accepted to some days ahead, and none past retention.
 * @param retentionDays days kept before today (UTC); below seven it also narrows what is accepted
 */
export function createPartitions(deps: {
  sql: Sql;
  clock: () => number;
  retentionDays: number;
  log: { error(fields: object, message?: string): void };
}): Partitions {
  const { sql, clock } = deps;
  let oldestKeptMs = -Infinity;

  async function maintain(): Promise<void> {
    const nowMs = clock();
    const keepFromMs = Math.floor(nowMs / DAY_MS) * DAY_MS - deps.retentionDays * DAY_MS;
    const acceptedFromMs = Math.max(keepFromMs, nowMs - AGE_LIMIT_MS);
    // Narrowed first: nothing may be accepted for a day that is about to go.
    oldestKeptMs = Math.max(oldestKeptMs, keepFromMs);
    await ensureTrackPartitions(sql, new Date(acceptedFromMs), new Date(nowMs + DAYS_AHEAD * DAY_MS));
    await dropTrackPartitions(sql, new Date(keepFromMs));
    const [oldest] = await listTrackPartitions(sql);
    if (oldest) oldestKeptMs = oldest.day.getTime();
  }

  return {
    maintain,
    oldestMs: () => Math.max(clock() - AGE_LIMIT_MS, oldestKeptMs),
    start() {
      const timer = setInterval(() => {
        maintain().catch((error: unknown) =>
          deps.log.error({ err: error }, 'partitions of tracks not kept up'),
        );
      }, UPKEEP_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}
