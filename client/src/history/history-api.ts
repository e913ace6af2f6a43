/** What the history asks of the server. */
import { dayRange } from '../../../shared/time.ts';
import { trpc } from '../app/api.ts';
import type { Locale } from '../format/format.ts';

/** A truck's local day: its track, trips and served stops. */
export async function truckDay(truckId: number, day: string) {
  const { fromMs, toMs } = dayRange(day);
  const stretch = { truckId, from: fromMs, to: toMs - 1 };
  const [track, history, stops] = await Promise.all([
    trpc.tracks.get.query(stretch),
    trpc.history.trips.query(stretch),
    trpc.history.stops.query(stretch),
  ]);
  return { ...track, ...history, stops };
}

/** The day's trips as a file for a spreadsheet. */
export function truckDayCsv(truckId: number, day: string, language: Locale) {
  const { fromMs, toMs } = dayRange(day);
  return trpc.history.tripsCsv.query({ truckId, from: fromMs, to: toMs - 1, language });
}

export const reopenStop = (stopId: number) => trpc.stops.reopen.mutate({ stopId });
