/** Times are stored with zone and shown in Latacunga's. */
export const TIME_ZONE = 'America/Guayaquil';

/** Injected wherever the present matters, so that a day can be repeated. Milliseconds since the epoch. */
export type Clock = () => number;

const CLOCK_FORMAT = new Intl.DateTimeFormat('es-EC', {
  timeZone: TIME_ZONE,
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const DAY_FORMAT = new Intl.DateTimeFormat('en-CA', { timeZone: TIME_ZONE });

/** "14:05" in Latacunga. */
export function clockTime(at: Date | number | string): string {
  return CLOCK_FORMAT.format(new Date(at));
}

/** "2026-11-24": the local calendar day of an instant. */
export function localDay(at: Date | number | string): string {
  return DAY_FORMAT.format(new Date(at));
}

/** Ecuador keeps one offset the year round and has no summer time. */
const UTC_OFFSET = '-05:00';

/** The instants a local day "2026-11-24" begins and ends at, in ms since the epoch; the end is the next day's begin. */
export function dayRange(day: string): { fromMs: number; toMs: number } {
  const fromMs = Date.parse(`${day}T00:00:00${UTC_OFFSET}`);
  return { fromMs, toMs: fromMs + 86_400_000 };
}
