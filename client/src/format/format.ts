/** Times, distances and shares as SCREENS.md writes them: 24 h clock, decimal comma, `22 min`, `1 h 36`, `94 %`. */
import { TIME_ZONE } from '../../../shared/time.ts';

export type Locale = 'es' | 'en';
const TAG: Readonly<Record<Locale, string>> = { es: 'es-EC', en: 'en-GB' };

const formats = new Map<string, Intl.DateTimeFormat>();

function timeFormat(locale: Locale, key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${locale}:${key}`;
  let format = formats.get(id);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(TAG[locale], { timeZone: TIME_ZONE, ...options });
    formats.set(id, format);
  }
  return format;
}

/** "10:42" in Latacunga. */
export function clock(at: number | string | Date): string {
  return timeFormat('es', 'hm', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
    new Date(at),
  );
}

/** "10:42:17" in Latacunga. */
export function clockWithSeconds(at: number | string | Date): string {
  return timeFormat('es', 'hms', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(at));
}

/** "mar 24 nov" / "Tue 24 Nov". */
export function shortDay(at: number | string | Date, locale: Locale): string {
  const parts = timeFormat(locale, 'day', { weekday: 'short', day: 'numeric', month: 'short' }).formatToParts(
    new Date(at),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    (parts.find((candidate) => candidate.type === type)?.value ?? '').replace('.', '').slice(0, 3);
  return `${part('weekday')} ${part('day')} ${part('month')}`;
}

/** "martes 24 de noviembre" / "Tuesday 24 November". */
export function longDay(at: number | string | Date, locale: Locale): string {
  return timeFormat(locale, 'long', { weekday: 'long', day: 'numeric', month: 'long' })
    .format(new Date(at))
    .replace(',', '');
}

/** Whole minutes below an hour ("22 min"), hours and two-digit minutes above ("1 h 36"), days above two ("3 d"). */
export function span(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} d`;
  return `${hours} h ${String(minutes % 60).padStart(2, '0')}`;
}

/** Time left until a deadline; a passed one is written with a minus: "−4 min". */
export function timeLeft(deadlineMs: number, nowMs: number): string {
  const seconds = (deadlineMs - nowMs) / 1_000;
  return seconds < -30 ? `−${span(seconds)}` : span(Math.max(0, seconds));
}

/** A difference of work: "+4 min", "−1 h 05", "0 min". */
export function signedSpan(seconds: number): string {
  const text = span(seconds);
  if (Math.abs(seconds) < 30) return '0 min';
  return seconds > 0 ? `+${text}` : `−${text}`;
}

/** A number with at most `digits` decimals in the locale's mark. */
export function decimal(value: number, locale: Locale, digits = 1): string {
  return value.toLocaleString(locale === 'es' ? 'es-EC' : 'en-GB', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
}

/** "120 m" below a kilometre (rounded to 10 m), "5,7 km" above. */
export function distance(metres: number, locale: Locale): string {
  if (Math.abs(metres) < 995) return `${Math.round(metres / 10) * 10} m`;
  return `${decimal(metres / 1_000, locale)} km`;
}

/** A difference of distance, always in kilometres: "+0,9 km". */
export function signedKm(metres: number, locale: Locale): string {
  const text = `${decimal(Math.abs(metres) / 1_000, locale)} km`;
  if (Math.abs(metres) < 50) return `${decimal(0, locale)} km`;
  return metres > 0 ? `+${text}` : `−${text}`;
}

/** "94 %" from a share of one; 0 and 1 are never claimed for what has not happened. */
export function percent(share: number): string {
  return `${hundredths(share)} %`;
}

/** "94": the same where the sign stands once behind two of them ("34 → 91 %"). */
export function hundredths(share: number): string {
  return String(Math.min(99, Math.max(1, Math.round(share * 100))));
}

/** km/h from m/s, whole. */
export function speedKmh(metresPerSecond: number): string {
  return `${Math.round(metresPerSecond * 3.6)} km/h`;
}

/** The last four digits of a plate, as trucks are called on the map ("XBA-1042" → "1042", "AAA-123" → "0123"). */
export function plateDigits(plate: string): string {
  return (/(\d{3,4})$/.exec(plate)?.[1] ?? plate.slice(-4)).padStart(4, '0');
}

/** Points of load without needless decimals: "15", "7,5". */
export function points(value: number, locale: Locale): string {
  return Number.isInteger(value) ? String(value) : decimal(value, locale);
}
