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

export type IntakeResult = Omit<Ack, 'ack'>;

/** The one way in for fixes of every protocol: judged, counted, queued, answered after the commit. */
export interface Intake {
  take(
    device: Device,
    fixes: readonly unknown[],
    done: (result: IntakeResult) => void,
    failed: () => void,
  ): void;
  tally(deviceId: number): DeviceTally;
  tallies: ReadonlyMap<number, DeviceTally>;
  rejectedByReason(): Record<RejectReason, number>;
  onReject?: (reason: RejectReason) => void;
}

const NONE_REJECTED: IntakeResult['rejected'] = [];

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
        if ('fix' in verdict) {
          accepted.push(verdict.fix);
          if (newestT === null || verdict.fix.t > newestT) newestT = verdict.fix.t;
          continue;
        }
        if (rejected === NONE_REJECTED) rejected = [];
        rejected.push({ index, reason: verdict.reason });
        counted.rejected[verdict.reason] += 1;
        rejectedByReason[verdict.reason] += 1;
        intake.onReject?.(verdict.reason);
        // A clock that runs ahead shows itself only by the fixes refused for it.
        if (verdict.reason === 'future') newestT = Math.max(newestT ?? 0, (fixes[index] as { t: number }).t);
      }
      countFrame(counted, nowMs, newestT);
      deps.ingest.submit({
        deviceId: device.id,
        truckId: device.truckId,
        receivedAtMs: nowMs,
        fixes: accepted,
        done({ stored, duplicate }) {
          counted.stored += stored;
          counted.duplicate += duplicate;
          done({ stored, duplicate, rejected });
        },
        failed,
      });
    },
  };
  return intake;
}
