import { REJECT_REASONS, type RejectReason } from '../../shared/telemetry.ts';

/** What one device did since this instance started; the numbers behind `fleet.deviceHealth`. */
export interface DeviceTally {
  frames: number;
  stored: number;
  duplicate: number;
  badFrames: number;
  rejected: Record<RejectReason, number>;
  /** Seconds the device's clock is ahead of ours (negative: behind, or the line is slow), by its newest fix. */
  skewS: number | null;
  /** Ms since the epoch. */
  lastSeenAtMs: number;
  connections: number;
  isConnected: boolean;
  /** Frames a second, smoothed over about a minute. */
  framesPerS: number;
}

const SMOOTHING_MS = 60_000;

export function newTally(nowMs: number): DeviceTally {
  return {
    frames: 0,
    stored: 0,
    duplicate: 0,
    badFrames: 0,
    rejected: Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<RejectReason, number>,
    skewS: null,
    lastSeenAtMs: nowMs,
    connections: 0,
    isConnected: false,
    framesPerS: 0,
  };
}

/** Counts an arriving frame: rate as an exponential average, skew from its newest instant. */
export function countFrame(tally: DeviceTally, nowMs: number, newestT: number | null): void {
  const elapsedMs = Math.max(1, nowMs - tally.lastSeenAtMs);
  const weight = 1 - Math.exp(-elapsedMs / SMOOTHING_MS);
  tally.framesPerS += ((tally.frames === 0 ? 0 : 1_000 / elapsedMs) - tally.framesPerS) * weight;
  tally.frames += 1;
  tally.lastSeenAtMs = nowMs;
  if (newestT !== null) tally.skewS = Math.round((newestT - nowMs) / 100) / 10;
}
