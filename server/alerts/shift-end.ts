import { TIME_ZONE } from '../../shared/time.ts';

/** The room changes shift at these local hours: the day shift from 05:00, the night shift from 19:00. */
const CHANGES_H = [5, 19] as const;
const HOUR_MS = 3_600_000;
const HOURS = new Intl.DateTimeFormat('en-GB', { timeZone: TIME_ZONE, hour: '2-digit', hourCycle: 'h23' });

/**
 * When a shift ends: `shiftS` after it began while that lies ahead, else at the room's next change. Instants in ms
 * since the epoch. (Ecuador has no summer time and whole hours of offset.)
 */
export function shiftEndMs(nowMs: number, startedMs: number | null, shiftS: number): number {
  if (startedMs !== null && startedMs + shiftS * 1_000 > nowMs) return startedMs + shiftS * 1_000;
  const thisHourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  for (let ahead = 1; ahead <= 24; ahead++) {
    const hourMs = thisHourMs + ahead * HOUR_MS;
    if (CHANGES_H.some((hour) => hour === Number(HOURS.format(hourMs)))) return hourMs;
  }
  return thisHourMs + 12 * HOUR_MS;
}
