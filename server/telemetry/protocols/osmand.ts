import type { Fix } from '../../../shared/telemetry.ts';

const KNOT_MPS = 1_852 / 3_600;
/** A sender that says itself that it has no place tells where it once was: refused as too inaccurate. */
export const NO_PLACE_ACCURACY_M = 1e6;

/** One position of an HTTP tracker: who sent it, as it calls itself, and an unjudged fix. */
export interface TrackerPosition {
  id: string | null;
  fix: unknown;
}

/**
 * OsmAnd's form, as query or body: `id lat lon timestamp speed bearing altitude accuracy batt valid`. Speed in knots,
 * battery in percent, timestamp in s or ms since the epoch, ISO 8601 or `yyyy-MM-dd HH:mm:ss` in UTC. A value that is no number stays one, so that
 * the filter refuses the fix.
 */
export function decodeOsmand(
  form: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): TrackerPosition {
  const [lat, lon] = form.location?.split(',') ?? [form.lat, form.lon];
  const fix: Record<keyof Fix, unknown> = {
    t: form.timestamp === undefined ? nowMs : instantOf(form.timestamp),
    lat: numberOf(lat),
    lon: numberOf(lon),
    speed: scaled(known(form.speed), KNOT_MPS),
    heading: known(form.bearing ?? form.heading),
    accuracy: /^(false|0)$/.test(form.valid ?? '') ? NO_PLACE_ACCURACY_M : known(form.accuracy ?? form.hdop),
    battery: scaled(known(form.batt), 0.01),
    ignition: undefined,
  };
  return { id: form.id ?? form.deviceid ?? null, fix };
}

/**
 * Traccar Client's JSON: `{"location":{"timestamp","coords":{…},"battery":{"level"}},"device_id"}`, one location or a
 * list of them. Speed in m/s, level 0–1, timestamp ISO 8601 or ms.
 */
export function decodeTraccarClient(body: unknown): TrackerPosition[] {
  const { location, device_id: deviceId } = asRecord(body);
  const id = typeof deviceId === 'string' || typeof deviceId === 'number' ? String(deviceId) : null;
  const locations = Array.isArray(location) ? location : [location];
  return locations.map((one: unknown) => {
    const { timestamp, coords, battery } = asRecord(one);
    const { latitude, longitude, speed, heading, accuracy } = asRecord(coords);
    const fix: Record<keyof Fix, unknown> = {
      t: typeof timestamp === 'string' ? instantOf(timestamp) : timestamp,
      lat: latitude,
      lon: longitude,
      speed: knownNumber(speed),
      heading: knownNumber(heading),
      accuracy: knownNumber(accuracy),
      battery: knownNumber(asRecord(battery).level),
      ignition: undefined,
    };
    return { id, fix };
  });
}

/** Seconds or milliseconds since the epoch, or ISO 8601 → milliseconds; NaN for anything else. */
export function instantOf(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number < 1e11 ? number * 1_000 : number;
  // Without a zone it is UTC, not the machine's own.
  return Date.parse(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? `${text.replace(' ', 'T')}Z` : text);
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** Phones say "unknown" with a negative number. */
export function knownNumber(value: unknown): unknown {
  return typeof value === 'number' && value < 0 ? undefined : value;
}

function numberOf(text: string | undefined): number {
  return text === undefined || text.trim() === '' ? NaN : Number(text);
}

function known(text: string | undefined): unknown {
  return text === undefined || text === '' ? undefined : knownNumber(numberOf(text));
}

function scaled(value: unknown, factor: number): unknown {
  return typeof value === 'number' ? value * factor : value;
}
