/** A device of a truck and the instant of its newest plausible fix, in ms since the epoch. */
export interface DeviceHead {
  deviceId: number;
  kind: 'tracker' | 'phone';
  t: number;
}

/** As long as this a fixed tracker's silence does not hand its truck to the phone. */
const TRACKER_HOLDS_MS = 60_000;

/**
 * The device whose fixes are folded next: the fixed tracker while it is fresh, else the one with the newest fix; null when
 * there is nothing newer than what was looked at. A tracker that comes back takes over once it has caught up.
 */
export function chooseDevice(
  devices: readonly DeviceHead[],
  seenTo: number | null,
  nowMs: number,
): DeviceHead | null {
  const newest = (of: readonly DeviceHead[]) =>
    of.reduce<DeviceHead | null>((best, one) => (best === null || one.t > best.t ? one : best), null);
  const tracker = newest(devices.filter((device) => device.kind === 'tracker'));
  const chosen = tracker !== null && nowMs - tracker.t < TRACKER_HOLDS_MS ? tracker : newest(devices);
  return chosen !== null && (seenTo === null || chosen.t > seenTo) ? chosen : null;
}
