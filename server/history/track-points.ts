import type { Point } from '../../shared/geo.ts';

/** A plausible fix as history reads it. `t` in ms since the epoch, speed in m/s. */
export interface TrackPoint extends Point {
  t: number;
  speed: number | null;
  ignition: boolean | null;
  /** Which kind of device told it: a fixed tracker is believed before a phone. */
  kind: 'tracker' | 'phone';
}

/** A phone is listened to when no fixed tracker of the same truck spoke within this time. */
const TRACKER_HOLDS_MS = 60_000;

/**
 * The one track of a truck with several devices, in time order, one point an instant. A phone's points count only where
 * the fixed tracker is silent for a minute before and after. Pure; the order of the input does not matter.
 */
export function oneTrack<P extends TrackPoint>(points: readonly P[]): P[] {
  const trackers = points.filter((point) => point.kind === 'tracker').sort(inTime);
  const all = [...trackers];
  let next = 0;
  for (const point of points.filter(({ kind }) => kind === 'phone').sort(inTime)) {
    while (next < trackers.length && trackers[next]!.t < point.t - TRACKER_HOLDS_MS) next += 1;
    const near = trackers[next];
    if (near === undefined || near.t > point.t + TRACKER_HOLDS_MS) all.push(point);
  }
  all.sort(inTime);
  return all.filter((point, index) => index === 0 || point.t !== all[index - 1]!.t);
}

/** By time; of two at one instant always the same comes first. */
function inTime(a: TrackPoint, b: TrackPoint): number {
  return a.t - b.t || a.lat - b.lat || a.lon - b.lon || (a.speed ?? -1) - (b.speed ?? -1);
}
