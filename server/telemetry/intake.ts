import type { Clock } from '../../shared/time.ts';
import { REJECT_REASONS, type Ack, type RejectReason } from '../../shared/telemetry.ts';
import { countFrame, countStored, newTally, type DeviceTally } from './device-health.ts';
import type { DeviceKind } from './fleet-state.ts';
import { checkFix, type CheckedFix } from './filters.ts';
import type { Ingest } from './ingest.ts';

/** A device as it is known now: one that is moved to another truck while connected is changed in place. */
export interface Device {
  id: number;
  truckId: number;
  kind: DeviceKind;
  uniqueId: string | null;
  /** For one that was moved: the trucks it was fitted to, oldest first. */
  trucks: readonly { sinceMs: number; truckId: number }[];
}

/** The truck a device was fitted to at an instant; before its first record, the first one. */
export function truckAt({ truckId, trucks }: Device, t: number): number {
  if (trucks.length === 0) return truckId;
  return (trucks.findLast(({ sinceMs }) => sinceMs <= t) ?? trucks[0]!).truckId;
}

/** Called after the commit, with what the acknowledgement says. */
export type Answer = (stored: number, duplicate: number, rejected: Ack['rejected']) => void;

/** The one way in for fixes of every protocol: judged, counted, queued, answered after the commit. */
export interface Intake {
  take(device: Device, fixes: readonly unknown[], done: Answer, failed: () => void): void;
  tally(deviceId: number): DeviceTally;
  tallies: ReadonlyMap<number, DeviceTally>;
  rejectedByReason(): Record<RejectReason, number>;
  onReject?: (reason: RejectReason) => void;
  /** A frame, or an HTTP request, was answered after its commit. */
  onAck?: () => void;
}

const NONE_REJECTED: Ack['rejected'] = [];

export function createIntake(deps: { ingest: Ingest; clock: Clock; oldestMs: () => number }): Intake {
  const tallies = new Map<number, DeviceTally>();
  const rejectedByReason = Object.fromEntries(REJECT_REASONS.map((reason) => [reason, 0])) as Record<
    RejectReason,
    number
  >;

  function tally(deviceId: number): DeviceTally {
    let found = tallies.get(deviceId);
    if (!found) tallies.set(deviceId, (found = newTally(deps.clock())));
    return found;
  }

  const intake: Intake = {
    tallies,
    tally,
    rejectedByReason: () => ({ ...rejectedByReason }),
    take(device, fixes, done, failed) {
      const nowMs = deps.clock();
      const counted = tally(device.id);
      const rules = { nowMs, oldestMs: deps.oldestMs() };
      const accepted: CheckedFix[] = [];
      let rejected = NONE_REJECTED;
      let newestT: number | null = null;
      for (let index = 0; index < fixes.length; index++) {
        const verdict = checkFix(fixes[index], rules);
        if (typeof verdict !== 'string') {
          accepted.push(verdict);
          if (newestT === null || verdict.t > newestT) newestT = verdict.t;
          continue;
        }
        if (rejected === NONE_REJECTED) rejected = [];
        rejected.push({ index, reason: verdict });
        counted.rejected[verdict] += 1;
        rejectedByReason[verdict] += 1;
        intake.onReject?.(verdict);
        // A clock that runs ahead shows itself only by the fixes refused for it.
        if (verdict === 'future') newestT = Math.max(newestT ?? 0, (fixes[index] as { t: number }).t);
      }
      countFrame(counted, nowMs, newestT, { fixes: fixes.length, rejected: rejected.length });
      deps.ingest.submit({
        deviceId: device.id,
        truckAt: (t) => truckAt(device, t),
        receivedAtMs: nowMs,
        fixes: accepted,
        done(stored, duplicate, flagged) {
          countStored(counted, { stored, duplicate, flagged });
          intake.onAck?.();
          done(stored, duplicate, rejected);
        },
        failed,
      });
    },
  };
  return intake;
}
