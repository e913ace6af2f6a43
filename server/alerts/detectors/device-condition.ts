import type { Detector } from './facts.ts';

const CHARGED_MARGIN = 0.05;
/** What a device said longer ago is not known any more. */
const KNOWN_MS = 60 * 60_000;
const FOR_S = 60;

/** A device that will soon fall silent. */
export const detectLowBattery: Detector = (facts, isRaised) =>
  facts.devices.flatMap((device) => {
    if (device.battery === null || device.lastFixMs === null) return [];
    const subject = { kind: 'device' as const, id: device.id };
    const { batteryBelow } = facts.rules.alerts;
    const below = batteryBelow + (isRaised('low-battery', subject) ? CHARGED_MARGIN : 0);
    return [
      {
        kind: 'low-battery' as const,
        subject,
        zone: null,
        isOn: facts.nowMs - device.lastFixMs > KNOWN_MS ? null : device.battery < below,
        atMs: device.lastFixMs,
        level: 'medium' as const,
        raiseAfterS: FOR_S,
        clearAfterS: FOR_S,
        details: {
          plate: plateOf(facts, device.truckId),
          truckId: device.truckId,
          device: device.name,
          battery: device.battery,
        },
      },
    ];
  });

/** A device whose clock runs ahead: its fixes will be refused. (Behind cannot be told from a slow line.) */
export const detectClockSkew: Detector = (facts, isRaised) =>
  facts.devices.flatMap((device) => {
    if (device.skewS === null) return [];
    const subject = { kind: 'device' as const, id: device.id };
    const limitS = facts.rules.alerts.skewS * (isRaised('clock-skew', subject) ? 0.5 : 1);
    return [
      {
        kind: 'clock-skew' as const,
        subject,
        zone: null,
        isOn: device.skewS > limitS,
        atMs: facts.nowMs,
        level: 'medium' as const,
        raiseAfterS: FOR_S,
        clearAfterS: FOR_S,
        details: {
          plate: plateOf(facts, device.truckId),
          truckId: device.truckId,
          device: device.name,
          skewS: device.skewS,
        },
      },
    ];
  });

function plateOf(facts: { trucks: readonly { id: number; plate: string }[] }, truckId: number): string {
  return facts.trucks.find((truck) => truck.id === truckId)?.plate ?? String(truckId);
}
