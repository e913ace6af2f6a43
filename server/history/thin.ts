import { distanceM, type Point } from '../../shared/geo.ts';

export interface ThinnablePoint extends Point {
  /** Milliseconds since the epoch. */
  t: number;
  speed: number | null;
  ignition: boolean | null;
}

/** While it moves a kept track has a point at least this often: a silence would read as "nobody knows". */
const STEP_MS = 120_000;
/** A silence of the device longer than this keeps the fixes on either side. */
const GAP_MS = 300_000;
const METRES_PER_DEGREE = (Math.PI / 180) * 6_371_008.8;

/**
 * Which fixes of a device's track to keep, so that at every dropped fix's instant the place interpolated between its kept
 * neighbours lies within `toleranceM` of it: Douglas–Peucker with the synchronised Euclidean distance (Meratnia and de By,
 * 2004), which bounds the error in time as well as in space. Kept in any case: both ends, the fixes around a silence, each
 * change of ignition, the fastest fix, and the first fix at or after each instant of `keepAt` (visits).
 * @param track in time order
 * @returns indexes, ascending
 */
export function keptOf(
  track: readonly ThinnablePoint[],
  toleranceM: number,
  keepAt: readonly number[] = [],
): number[] {
  if (track.length <= 2) return track.map((_, index) => index);
  const isKept = new Uint8Array(track.length);
  for (const index of anchorsOf(track, keepAt)) isKept[index] = 1;
  let from = 0;
  for (let to = 1; to < track.length; to++) {
    if (!isKept[to]) continue;
    splitWhereFar(track, from, to, toleranceM, isKept);
    from = to;
  }
  keepSteps(track, toleranceM, isKept);
  const kept: number[] = [];
  isKept.forEach((keep, index) => keep && kept.push(index));
  return kept;
}

function anchorsOf(track: readonly ThinnablePoint[], keepAt: readonly number[]): number[] {
  const anchors = [0, track.length - 1];
  let fastest = 0;
  for (let i = 1; i < track.length; i++) {
    if ((track[i]!.speed ?? -1) > (track[fastest]!.speed ?? -1)) fastest = i;
    if (track[i]!.t - track[i - 1]!.t > GAP_MS || track[i]!.ignition !== track[i - 1]!.ignition) {
      anchors.push(i - 1, i);
    }
  }
  anchors.push(fastest);
  let next = 0;
  for (const t of [...keepAt].sort((a, b) => a - b)) {
    while (next < track.length && track[next]!.t < t) next += 1;
    if (next < track.length) anchors.push(next);
  }
  return anchors;
}

function splitWhereFar(
  track: readonly ThinnablePoint[],
  begin: number,
  end: number,
  toleranceM: number,
  isKept: Uint8Array,
): void {
  const stack: [number, number][] = [[begin, end]];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [from, to] = top;
    let farthest = -1;
    let farM = toleranceM;
    for (let i = from + 1; i < to; i++) {
      const offM = syncDistanceM(track[from]!, track[to]!, track[i]!);
      if (offM > farM) {
        farM = offM;
        farthest = i;
      }
    }
    if (farthest < 0) continue;
    isKept[farthest] = 1;
    stack.push([from, farthest], [farthest, to]);
  }
}

/** How far a point lies from where a steady drive from `a` to `b` would be at its instant, in metres. */
export function syncDistanceM(
  a: ThinnablePoint,
  b: ThinnablePoint,
  point: Pick<ThinnablePoint, 't' | 'lat' | 'lon'>,
): number {
  const share = b.t === a.t ? 0 : (point.t - a.t) / (b.t - a.t);
  const dLat = point.lat - (a.lat + share * (b.lat - a.lat));
  const dLon = point.lon - (a.lon + share * (b.lon - a.lon));
  return Math.hypot(dLat, dLon * Math.cos((point.lat * Math.PI) / 180)) * METRES_PER_DEGREE;
}

/**
 * On a straight road at a steady speed nothing would be kept for minutes. A fix kept for that reason bends the line, so
 * both halves are split again where they are off.
 */
function keepSteps(track: readonly ThinnablePoint[], toleranceM: number, isKept: Uint8Array): void {
  for (let from = 0; from < track.length - 1;) {
    const to = isKept.indexOf(1, from + 1);
    const step = lastWithin(track, from, to);
    if (step === null || distanceM(track[from]!, track[step]!) <= 4 * toleranceM) {
      from = to;
      continue;
    }
    isKept[step] = 1;
    splitWhereFar(track, from, step, toleranceM, isKept);
    splitWhereFar(track, step, to, toleranceM, isKept);
    from = isKept.indexOf(1, from + 1);
  }
}

/** The last fix at most a step after `from`, when `to` is farther; null otherwise. */
function lastWithin(track: readonly ThinnablePoint[], from: number, to: number): number | null {
  if (track[to]!.t - track[from]!.t <= STEP_MS) return null;
  let last = from;
  while (track[last + 1]!.t - track[from]!.t <= STEP_MS) last += 1;
  return last === from ? null : last;
}
