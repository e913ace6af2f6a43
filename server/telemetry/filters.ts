import { distanceM } from '../../shared/geo.ts';
import type { Fix, FixFlag, RejectReason } from '../../shared/telemetry.ts';

/** What one fix is judged by. Times in milliseconds since the epoch, by the server's clock. */
export interface FixRules {
  nowMs: number;
  /** Fixes before this are refused: seven days ago, or the first instant of the oldest kept partition. */
  oldestMs: number;
}

/** How far ahead of the server a device's clock may be. */
export const FUTURE_LIMIT_MS = 2 * 60_000;
export const AGE_LIMIT_MS = 7 * 86_400_000;
export const ACCURACY_LIMIT_M = 200;
/** 160 km/h: no waste truck is faster, so a faster step is an error of the receiver. */
export const JUMP_SPEED_MPS = 160 / 3.6;
/**
 * So many implausible fixes in a row that agree with each other are believed: without this, one wrong first fix
 * would hide a truck for hours.
 */
export const RELOCATE_AFTER = 5;

const MAX_SPEED_MPS = 150;

/** A fix that passed, with nothing unknown in it; absent values are null. */
export interface CheckedFix {
  /** Whole milliseconds since the epoch. */
  t: number;
  lat: number;
  lon: number;
  speed: number | null;
  heading: number | null;
  accuracy: number | null;
  battery: number | null;
  ignition: boolean | null;
}

/** The fix that passed, or why it did not. */
export type Verdict = CheckedFix | RejectReason;

/** Judges what a fix shows by itself. The reasons are tried in the order the contract lists them. */
export function checkFix(raw: unknown, rules: FixRules): Verdict {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'malformed';
  const { t, lat, lon, speed, heading, accuracy, battery, ignition } = raw as Record<keyof Fix, unknown>;
  if (!isNumber(t) || !isNumber(lat) || !isNumber(lon)) return 'malformed';
  if (!isOptionalNumber(speed) || !isOptionalNumber(heading)) return 'malformed';
  if (!isOptionalNumber(accuracy) || !isOptionalNumber(battery)) return 'malformed';
  if (ignition != null && typeof ignition !== 'boolean') return 'malformed';

  if (lat < -90 || lat > 90 || lon < -180 || lon > 180 || (lat === 0 && lon === 0)) {
    return 'out-of-range';
  }
  if (isOutside(speed, 0, MAX_SPEED_MPS) || isOutside(heading, 0, 360)) return 'out-of-range';
  if (isOutside(accuracy, 0, Infinity) || isOutside(battery, 0, 1)) return 'out-of-range';

  const wholeT = Math.round(t);
  if (wholeT > rules.nowMs + FUTURE_LIMIT_MS) return 'future';
  if (wholeT < rules.oldestMs) return 'too-old';
  if (accuracy != null && accuracy > ACCURACY_LIMIT_M) return 'low-accuracy';

  return {
    t: wholeT,
    lat,
    lon,
    speed: speed ?? null,
    heading: heading ?? null,
    accuracy: accuracy ?? null,
    battery: battery ?? null,
    ignition: ignition ?? null,
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOptionalNumber(value: unknown): value is number | null | undefined {
  return value == null || isNumber(value);
}

function isOutside(value: number | null | undefined, min: number, max: number): boolean {
  return value != null && (value < min || value > max);
}

/** A place at an instant: all that plausibility looks at. */
export interface Sighting {
  t: number;
  lat: number;
  lon: number;
}

/**
 * What the flags of the fixes so far, in time order, leave behind. `good` is the last plausible fix. `doubted` is the
 * newest implausible one after it, and `doubts` counts how many before it agree with it and with each other.
 * After a plausible fix nothing but that fix matters: settling can therefore start from any of them.
 */
export interface TrailEnd {
  good: Sighting | null;
  doubted: Sighting | null;
  doubts: number;
}

export const EMPTY_TRAIL: TrailEnd = { good: null, doubted: null, doubts: 0 };

/** The end of a trail whose newest fix is this plausible one. */
export function trailEndAt(good: Sighting): TrailEnd {
  return { good, doubted: null, doubts: 0 };
}

/** Instant of the newest fix of a trail, plausible or not; -Infinity when there is none. */
export function newestT(end: TrailEnd): number {
  return end.doubted?.t ?? end.good?.t ?? -Infinity;
}

/**
 * Adds the next fix in time. The flags of a device's fixes are this fold over all of them sorted by time, and
 * nothing else: that is why every order and overlap of arrival ends in the same flags.
 */
export function extendTrail(end: TrailEnd, next: Sighting): { end: TrailEnd; flag: FixFlag | null } {
  const place = { t: next.t, lat: next.lat, lon: next.lon };
  if (end.good === null || isPlausible(end.good, next)) return { end: trailEndAt(place), flag: null };
  const doubts = end.doubted !== null && isPlausible(end.doubted, next) ? end.doubts + 1 : 1;
  if (doubts >= RELOCATE_AFTER) return { end: trailEndAt(place), flag: null };
  return { end: { good: end.good, doubted: place, doubts }, flag: 'jump' };
}

/** Whether a truck can have gone from one to the other, which is later. */
export function isPlausible(from: Sighting, to: Sighting): boolean {
  return distanceM(from, to) * 1_000 <= JUMP_SPEED_MPS * (to.t - from.t);
}
