import { DomainError } from '../../shared/errors.ts';
import { EMPTY_SUMMARY, type DayHistory, type TruckDay } from '../../shared/history.ts';
import { dayRange, localDay } from '../../shared/time.ts';
import type { Database } from '../db/connect.ts';
import { readTrack } from './read-track.ts';
import { historyOf } from './trips.ts';

export const HISTORY_DAYS_MAX = 31;
export const HISTORY_FIXES_MAX = 1_000_000;
export const SUMMARY_DAYS_MAX = 92;
const DAY_MS = 86_400_000;

/**
 * A truck's trips, stands and summary between two instants, by its track.
 * @throws DomainError `invalid-input` for a range that is reversed, longer than 31 days or holds more than a million
 * fixes; `not-found`
 */
export async function truckHistory(
  database: Database,
  truckId: number,
  from: Date,
  to: Date,
  maxFixes = HISTORY_FIXES_MAX,
): Promise<DayHistory> {
  assertStretch(from, to);
  await assertTruck(database, truckId);
  return historyOf(await readTrack(database.sql, truckId, from.getTime(), to.getTime(), maxFixes));
}

/** @throws DomainError `invalid-input` for a range that is reversed or longer than 31 days */
export function assertStretch(from: Date, to: Date): void {
  if (to < from) throw new DomainError('invalid-input', 'The end lies before the start.', { fields: ['to'] });
  if (to.getTime() - from.getTime() <= HISTORY_DAYS_MAX * DAY_MS) return;
  throw new DomainError('invalid-input', `A history covers at most ${HISTORY_DAYS_MAX} days.`, {
    fields: ['from', 'to'],
  });
}

/**
 * A truck's local days in numbers, oldest first, both ends included: what was summed up at night, and today's as it is. A
 * day that is over and was not summed up is computed from its track.
 * @param nowMs today's end is now
 * @throws DomainError `invalid-input` for a range that is reversed or longer than 92 days; `not-found`
 */
export async function truckDays(
  database: Database,
  truckId: number,
  fromDay: string,
  toDay: string,
  nowMs: number,
): Promise<TruckDay[]> {
  const days = daysBetween(fromDay, toDay);
  await assertTruck(database, truckId);
  const { sql } = database;
  const summed = new Map(
    (
      await sql<TruckDay[]>`
        select to_char(day, 'YYYY-MM-DD') as day, summary from truck_days
         where truck_id = ${truckId} and day between ${fromDay}::date and ${toDay}::date`
    ).map((row) => [row.day, row.summary]),
  );
  const today = localDay(nowMs);
  const out: TruckDay[] = [];
  for (const day of days) {
    const known = day >= today ? undefined : summed.get(day);
    out.push({ day, summary: known ?? (day > today ? EMPTY_SUMMARY : await sumUp(database, truckId, day)) });
  }
  return out;
}

/** A local day of a truck, from its track. */
export async function sumUp(database: Database, truckId: number, day: string) {
  const { fromMs, toMs } = dayRange(day);
  return historyOf(await readTrack(database.sql, truckId, fromMs, toMs - 1)).summary;
}

function daysBetween(fromDay: string, toDay: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(fromDay); at <= Date.parse(toDay); at += DAY_MS) {
    days.push(new Date(at).toISOString().slice(0, 10));
    if (days.length > SUMMARY_DAYS_MAX) break;
  }
  if (days.length === 0 || days.length > SUMMARY_DAYS_MAX) {
    throw new DomainError('invalid-input', `Ask for 1 to ${SUMMARY_DAYS_MAX} days.`, {
      fields: ['fromDay', 'toDay'],
    });
  }
  return days;
}

async function assertTruck(database: Database, truckId: number): Promise<void> {
  const [truck] = await database.sql`select 1 from trucks where id = ${truckId}`;
  if (!truck) throw new DomainError('not-found', 'No such truck.', { truckId });
}
