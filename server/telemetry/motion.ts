import { distanceM } from '../../shared/geo.ts';
import type { TruckLiveState } from '../../shared/telemetry.ts';
import type { Sighting } from './filters.ts';

/** A truck drives from this speed on … */
const MOVING_FROM_MPS = 1.5;
/** … and stands once it was slower than this for `STOPPED_AFTER_MS`: a traffic light is no stop. */
const STOPPED_BELOW_MPS = 0.8;
const STOPPED_AFTER_MS = 15_000;

/** The newest fix may be this old before a truck counts as stale, and as offline. */
export const STALE_AFTER_MS = 60_000;
export const OFFLINE_AFTER_MS = 5 * 60_000;
/** A stale truck is live again only with a fix as young as this: one that sends once a minute does not flicker. */
const LIVE_AGAIN_MS = 45_000;

/** Longest gap over which a speed can be told from two places. */
const SPEED_GAP_MS = 120_000;

export interface Motion {
  isMoving: boolean;
  /** Instant of the first of the slow fixes in a row; null after a fast one. */
  slowSinceT: number | null;
}

/** What a speed in m/s at an instant makes of a motion. The first fix decides alone. */
export function nextMotion(motion: Motion | null, speed: number | null, t: number): Motion {
  if (speed === null) return motion ?? { isMoving: false, slowSinceT: t };
  if (speed >= MOVING_FROM_MPS) return { isMoving: true, slowSinceT: null };
  if (!motion?.isMoving) return { isMoving: false, slowSinceT: motion?.slowSinceT ?? t };
  if (speed >= STOPPED_BELOW_MPS) return { isMoving: true, slowSinceT: null };
  const slowSinceT = motion.slowSinceT ?? t;
  return { isMoving: t - slowSinceT < STOPPED_AFTER_MS, slowSinceT };
}

/** The speed a fix tells, or the one implied by the fix before; null when neither says anything. */
export function speedOf(fix: Sighting & { speed: number | null }, before: Sighting | null): number | null {
  if (fix.speed !== null) return fix.speed;
  if (before === null || fix.t <= before.t || fix.t - before.t > SPEED_GAP_MS) return null;
  return (distanceM(before, fix) * 1_000) / (fix.t - before.t);
}

/** The state screens show, from the age of the newest fix and the state shown so far. */
export function liveState(motion: Motion, ageMs: number, shown: TruckLiveState | null): TruckLiveState {
  if (ageMs > OFFLINE_AFTER_MS) return 'offline';
  const staleFromMs = shown === 'stale' || shown === 'offline' ? LIVE_AGAIN_MS : STALE_AFTER_MS;
  if (ageMs > staleFromMs) return 'stale';
  return motion.isMoving ? 'moving' : 'stopped';
}
