import { distanceM, nearestOnLine, type Point } from '../../shared/geo.ts';
import type { VisitRules } from '../../shared/visit-rules.ts';
import { EVIDENCE_GRADES, type EvidenceGrade } from '../../shared/visits.ts';
import type { TrackPoint } from './track-points.ts';

/** Where a stop was to be served: the place itself, and where its street passes (where the planned way ends). */
export interface ServedPlace {
  at: Point;
  street: Point;
}

/** Between two fixes farther apart in time nobody knows the way. */
const INTERPOLATE_MAX_MS = 5 * 60_000;
const KMH = 3.6;

/**
 * The grade of evidence that a stop was served, by its truck's track in time order and whether somebody said so.
 * A = track on the street and a result; B = track on the street at collecting speed; C = track near the stop, or
 * interpolated; D = only the word; null = no data. Pure.
 */
export function gradeOf(
  track: readonly Pick<TrackPoint, 't' | 'lat' | 'lon' | 'speed'>[],
  place: ServedPlace,
  rules: Pick<VisitRules, 'streetM' | 'nearM' | 'collectingKmh'>,
  hasWord: boolean,
): EvidenceGrade | null {
  let isOnStreet = false;
  let isCollecting = false;
  let isNear = false;
  for (let i = 0; i < track.length; i++) {
    const fix = track[i]!;
    const before = track[i - 1] ?? null;
    const gapMs = before === null ? Infinity : fix.t - before.t;
    if (distanceM(fix, place.street) <= rules.streetM) {
      isOnStreet = true;
      const speed =
        fix.speed ??
        (before !== null && gapMs <= INTERPOLATE_MAX_MS ? (distanceM(before, fix) * 1_000) / gapMs : null);
      if (speed !== null && speed * KMH <= rules.collectingKmh) isCollecting = true;
    }
    if (isNear) continue;
    isNear =
      isWithin(fix, place, rules.nearM) ||
      (before !== null && gapMs <= INTERPOLATE_MAX_MS && passesNear(before, fix, place, rules.nearM));
  }
  if (hasWord) return isOnStreet ? 'A' : isNear ? 'C' : 'D';
  if (isCollecting) return 'B';
  return isOnStreet || isNear ? 'C' : null;
}

function isWithin(fix: Point, { at, street }: ServedPlace, withinM: number): boolean {
  return distanceM(fix, at) <= withinM || distanceM(fix, street) <= withinM;
}

function passesNear(from: Point, to: Point, { at, street }: ServedPlace, withinM: number): boolean {
  const line = [[from.lon, from.lat] as const, [to.lon, to.lat] as const];
  return [at, street].some((point) => nearestOnLine(point, line).distanceM <= withinM);
}

/** More track never takes evidence away: the better of two grades. */
export function betterGrade(a: EvidenceGrade | null, b: EvidenceGrade | null): EvidenceGrade | null {
  if (a === null || b === null) return a ?? b;
  return EVIDENCE_GRADES.indexOf(a) <= EVIDENCE_GRADES.indexOf(b) ? a : b;
}
