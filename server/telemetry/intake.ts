import type { Clock } from '../../shared/time.ts';
import { REJECT_REASONS, type Ack, type RejectReason } from '../../shared/telemetry.ts';
import { countFrame, newTally, type DeviceTally } from './device-health.ts';
import type { DeviceKind } from './fleet-state.ts';
import { checkFix, type CheckedFix } from './filters.ts';
import type { Ingest } from './ingest.ts';

/** A device as it was authenticated. */
export interface Device {
  id: number;
  truckId: number;
  kind: DeviceKind;
  uniqueId: string | null;
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
      countFrame(counted, nowMs, newestT);
      deps.ingest.submit({
        deviceId: device.id,
        truckId: device.truckId,
        receivedAtMs: nowMs,
        fixes: accepted,
        done(stored, duplicate) {
          counted.stored += stored;
          counted.duplicate += duplicate;
          done(stored, duplicate, rejected);
        },
        failed,
      });
    },
  };
  return intake;
}
