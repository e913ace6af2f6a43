import type { Clock } from '../../shared/time.ts';
import { fullBudget, type Budget, type RateLimits } from './rate.ts';

/** Fixes one device may have unacknowledged, over all its sockets and requests, before it is paused. */
export const UNACKED_HIGH_FIXES = 6_000;

const FORGET_AFTER_MS = 86_400_000;

/** One device's part of what all share: its budget and what it has under way, whatever number of sockets it opens. */
export interface DeviceShare {
  budget: Budget;
  /** Fixes taken and not yet answered. */
  unackedFixes: number;
  /** Called once the device has room again. */
  waiting: Set<() => void>;
}

/** Takes `fixes` under way. True when that is more than a device may have: read no more until `waiting` is called. */
export function takeUnderWay(share: DeviceShare, fixes: number): boolean {
  share.unackedFixes += fixes;
  return share.unackedFixes > UNACKED_HIGH_FIXES;
}

export function settleUnderWay(share: DeviceShare, fixes: number): void {
  share.unackedFixes -= fixes;
  if (share.unackedFixes > UNACKED_HIGH_FIXES / 2) return;
  const woken = [...share.waiting];
  share.waiting.clear();
  for (const wake of woken) wake();
}

export interface DeviceShares {
  of(deviceId: number): DeviceShare;
  /** Forgets those that did nothing for a day and have no socket. */
  forgetIdle(isConnected: (deviceId: number) => boolean): void;
}

export function createDeviceShares(clock: Clock, rate: RateLimits): DeviceShares {
  const shares = new Map<number, DeviceShare>();
  return {
    of(deviceId) {
      let share = shares.get(deviceId);
      if (!share) {
        share = { budget: fullBudget(clock(), rate), unackedFixes: 0, waiting: new Set() };
        shares.set(deviceId, share);
      }
      return share;
    },
    forgetIdle(isConnected) {
      const nowMs = clock();
      for (const [deviceId, share] of shares) {
        const isIdle = share.unackedFixes === 0 && nowMs - share.budget.atMs > FORGET_AFTER_MS;
        if (isIdle && !isConnected(deviceId)) shares.delete(deviceId);
      }
    },
  };
}
