import type { Database } from '../db/connect.ts';
import type { DeviceKind, FleetState } from './fleet-state.ts';
import { OFFLINE_AFTER_MS, STALE_AFTER_MS } from './motion.ts';
import { REJECT_REASONS, type RejectReason } from '../../shared/telemetry.ts';

/** What one device did since this instance started; the numbers behind `fleet.deviceHealth`. */
export interface DeviceTally {
  frames: number;
  stored: number;
  duplicate: number;
  /** Stored, and doubted against its neighbours in time. */
  flagged: number;
  badFrames: number;
  rejected: Record<RejectReason, number>;
  /** Fixes of about the last hour, older ones counting ever less; what the shares are taken of. */
  recent: { fixes: number; rejected: number; flagged: number };
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
const RECENT_MS = 3_600_000;

export function newTally(nowMs: number): DeviceTally {
  return {
    frames: 0,
    stored: 0,
    duplicate: 0,
    flagged: 0,
    badFrames: 0,
    rejected: Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<RejectReason, number>,
    recent: { fixes: 0, rejected: 0, flagged: 0 },
    skewS: null,
    lastSeenAtMs: nowMs,
    connections: 0,
    isConnected: false,
    framesPerS: 0,
  };
}

/** Counts an arriving frame: rate as an exponential average, skew from its newest instant. */
export function countFrame(
  tally: DeviceTally,
  nowMs: number,
  newestT: number | null,
  { fixes, rejected }: { fixes: number; rejected: number },
): void {
  const elapsedMs = Math.max(1, nowMs - tally.lastSeenAtMs);
  const weight = 1 - Math.exp(-elapsedMs / SMOOTHING_MS);
  tally.framesPerS += ((tally.frames === 0 ? 0 : 1_000 / elapsedMs) - tally.framesPerS) * weight;
  tally.frames += 1;
  tally.lastSeenAtMs = nowMs;
  if (newestT !== null) tally.skewS = Math.round((newestT - nowMs) / 100) / 10;
  const { recent } = tally;
  const kept = Math.exp(-elapsedMs / RECENT_MS);
  recent.fixes = recent.fixes * kept + fixes;
  recent.rejected = recent.rejected * kept + rejected;
  recent.flagged *= kept;
}

/** Counts what became of a frame's accepted fixes, after their commit. */
export function countStored(
  tally: DeviceTally,
  { stored, duplicate, flagged }: { stored: number; duplicate: number; flagged: number },
): void {
  tally.stored += stored;
  tally.duplicate += duplicate;
  tally.flagged += flagged;
  tally.recent.flagged += flagged;
}

/** One device as an operator sees it. Instants in ISO 8601; counts since this instance started. */
export interface DeviceHealth {
  deviceId: number;
  truckId: number;
  name: string;
  kind: DeviceKind;
  state: 'online' | 'stale' | 'offline' | 'never';
  isConnected: boolean;
  lastSeenAt: string | null;
  lastFixAt: string | null;
  /** 0–1. */
  battery: number | null;
  accuracyM: number | null;
  skewS: number | null;
  framesPerS: number;
  stored: number;
  duplicate: number;
  flagged: number;
  badFrames: number;
  rejected: Record<RejectReason, number>;
  /** 0–1 of the fixes of about the last hour: refused, and stored but doubted. Null when it sent none. */
  rejectedShare: number | null;
  flaggedShare: number | null;
}

/** Health of every device in use: what the database keeps of it and what this instance saw. */
export async function deviceHealth(
  database: Database,
  fleet: FleetState,
  tallies: ReadonlyMap<number, DeviceTally>,
  nowMs: number,
): Promise<DeviceHealth[]> {
  const rows = await database.sql<
    { id: number; truckId: number; name: string; kind: DeviceKind; seenAt: number | null }[]
  >`
    select id::float8 as id, truck_id::float8 as "truckId", name, kind,
           (extract(epoch from last_seen_at) * 1000)::float8 as "seenAt"
      from devices where revoked_at is null order by id`;
  return rows.map((row) => {
    const tally = tallies.get(row.id) ?? newTally(0);
    const fix = fleet.device(row.id);
    const seenAtMs = Math.max(tally.lastSeenAtMs, row.seenAt ?? 0, fix?.receivedAtMs ?? 0);
    return {
      deviceId: row.id,
      truckId: row.truckId,
      name: row.name,
      kind: row.kind,
      state: healthState(seenAtMs, nowMs),
      isConnected: tally.isConnected,
      lastSeenAt: isoOrNull(seenAtMs),
      lastFixAt: isoOrNull(fix?.t ?? 0),
      battery: fix?.battery ?? null,
      accuracyM: fix?.accuracy ?? null,
      skewS: tally.skewS,
      framesPerS: Math.round(tally.framesPerS * 100) / 100,
      stored: tally.stored,
      duplicate: tally.duplicate,
      flagged: tally.flagged,
      badFrames: tally.badFrames,
      rejected: tally.rejected,
      rejectedShare: shareOf(tally.recent.rejected, tally.recent.fixes),
      flaggedShare: shareOf(tally.recent.flagged, tally.recent.fixes),
    };
  });
}

function healthState(seenAtMs: number, nowMs: number): DeviceHealth['state'] {
  if (seenAtMs === 0) return 'never';
  const ageMs = nowMs - seenAtMs;
  if (ageMs > OFFLINE_AFTER_MS) return 'offline';
  return ageMs > STALE_AFTER_MS ? 'stale' : 'online';
}

function shareOf(part: number, whole: number): number | null {
  return whole < 0.5 ? null : Math.round(Math.min(1, part / whole) * 1_000) / 1_000;
}

function isoOrNull(atMs: number): string | null {
  return atMs > 0 ? new Date(atMs).toISOString() : null;
}
