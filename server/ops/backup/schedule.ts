import { localDay } from '../../../shared/time.ts';

/** What the records say, in milliseconds since the epoch; null is never. */
export interface BackupHistory {
  installedMs: number;
  lastGoodBackupMs: number | null;
  lastGoodUploadMs: number | null;
  /** The newest attempt of each kind, when it failed. */
  failedBackupMs: number | null;
  failedUploadMs: number | null;
}

export interface BackupHours {
  /** HH:MM in America/Guayaquil; null is never. */
  at: string | null;
  /** The same for the store; null where there is none. */
  uploadAt: string | null;
}

/** A failure is tried again after this: a store that was out for an hour is made up for in the same night. */
export const RETRY_MS = 15 * 60_000;
/** Past this without a good backup the installation is degraded: a night was missed. */
export const OVERDUE_MS = 26 * 3_600_000;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ecuador's mainland keeps UTC-5 all year. */
const OFFSET = '-05:00';

/** The newest instant, not after `nowMs`, at which clocks in Latacunga showed `HH:MM`. */
export function lastOccurrence(nowMs: number, hour: string): number {
  const today = Date.parse(`${localDay(nowMs)}T${hour}:00${OFFSET}`);
  return today <= nowMs ? today : today - DAY_MS;
}

/**
 * What is to be done now. A night that was slept through is made up for at the next start; a new installation waits
 * for its first night.
 */
export function dueNow(
  history: BackupHistory,
  hours: BackupHours,
  nowMs: number,
): 'backup' | 'upload' | null {
  const isDue = (hour: string | null, goodMs: number | null, failedMs: number | null) =>
    hour !== null &&
    lastOccurrence(nowMs, hour) > (goodMs ?? history.installedMs) &&
    (failedMs === null || nowMs - failedMs >= RETRY_MS);
  if (isDue(hours.at, history.lastGoodBackupMs, history.failedBackupMs)) return 'backup';
  // Nothing to bring off-site before there is a backup.
  if (history.lastGoodBackupMs === null) return null;
  return isDue(hours.uploadAt, history.lastGoodUploadMs, history.failedUploadMs) ? 'upload' : null;
}

/** True when the last good backup (or, before the first, the installation) is longer ago than a night may be. */
export function isOverdue(history: BackupHistory, nowMs: number): boolean {
  return nowMs - (history.lastGoodBackupMs ?? history.installedMs) > OVERDUE_MS;
}
