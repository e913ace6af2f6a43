import type { Detector } from './facts.ts';
import { runningByTruck } from './facts.ts';

/** Heard again this recently: back. Between this and the threshold nothing changes. */
const BACK_MS = 60_000;

/**
 * A device that fell silent: soon when its truck is on a running route, after a day when it stands idle. Pressing when
 * no other device of the truck is heard either, for then nobody knows where it is.
 */
export const detectOffline: Detector = (facts) => {
  const running = runningByTruck(facts);
  const { alerts } = facts.rules;
  return facts.devices.flatMap((device) => {
    const truck = facts.trucks.find((candidate) => candidate.id === device.truckId);
    if (device.lastFixMs === null || truck === undefined || truck.state === 'retired') return [];
    const route = running.get(truck.id);
    const silentMs = facts.nowMs - device.lastFixMs;
    const unheardMs = facts.nowMs - Math.max(device.lastFixMs, facts.listeningSinceMs);
    const limitS = route ? alerts.offlineAfterS : alerts.offlineIdleAfterS;
    const others = facts.devices.filter((other) => other.truckId === truck.id && other.id !== device.id);
    const isHeard = others.some(
      (other) => other.lastFixMs !== null && facts.nowMs - other.lastFixMs < alerts.offlineAfterS * 1_000,
    );
    return [
      {
        kind: 'offline' as const,
        subject: { kind: 'device' as const, id: device.id },
        zone: route?.zone ?? truck.zone,
        isOn: unheardMs > limitS * 1_000 ? true : silentMs < BACK_MS || !route ? false : null,
        atMs: facts.nowMs,
        level: route && !isHeard ? ('high' as const) : ('medium' as const),
        raiseAfterS: 0,
        clearAfterS: 30,
        details: {
          plate: truck.plate,
          truckId: truck.id,
          device: device.name,
          silentS: Math.round(silentMs / 1_000),
        },
      },
    ];
  });
};
