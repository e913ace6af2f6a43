import type { LiveTruck, TruckLiveState } from '../../shared/telemetry.ts';
import type { Clock } from '../../shared/time.ts';
import { liveState, nextMotion, speedOf, STALE_AFTER_MS, type Motion } from './motion.ts';

export type DeviceKind = 'tracker' | 'phone';

/** The newest plausible fix of a device. Instants in ms since the epoch: `t` by its clock, `receivedAtMs` by ours. */
export interface DeviceFix {
  deviceId: number;
  truckId: number;
  kind: DeviceKind;
  t: number;
  receivedAtMs: number;
  lat: number;
  lon: number;
  speed: number | null;
  heading: number | null;
  accuracy: number | null;
  battery: number | null;
  ignition: boolean | null;
}

interface DeviceEntry {
  fix: DeviceFix;
  motion: Motion;
}

interface TruckEntry {
  devices: Map<number, DeviceEntry>;
  shown: LiveTruck | null;
}

/** Latest positions in memory: one a device, and from those one a truck. */
export interface FleetState {
  /** Takes a newer fix; an older one is ignored, so that no position goes back in time. */
  apply(fix: DeviceFix): boolean;
  /** Trucks whose shown position or state changed since the last call. Looks at the clock: silence is a change. */
  takeChanged(): LiveTruck[];
  snapshot(): LiveTruck[];
  truck(truckId: number): LiveTruck | null;
  device(deviceId: number): DeviceFix | null;
  /** Every device's newest fix. */
  deviceFixes(): DeviceFix[];
}

export function createFleetState(clock: Clock): FleetState {
  const devices = new Map<number, DeviceEntry>();
  const trucks = new Map<number, TruckEntry>();
  const touched = new Set<number>();

  function refresh(truckId: number, entry: TruckEntry, nowMs: number): boolean {
    const chosen = chooseDevice(entry, nowMs);
    if (!chosen) return false;
    const { fix, motion } = chosen;
    const state = liveState(motion, nowMs - fix.t, entry.shown?.state ?? null);
    const { shown } = entry;
    if (
      shown &&
      shown.t === fix.t &&
      shown.state === state &&
      shown.lat === fix.lat &&
      shown.lon === fix.lon
    ) {
      return false;
    }
    entry.shown = liveTruckOf(truckId, fix, state);
    return true;
  }

  return {
    apply(fix) {
      const before = devices.get(fix.deviceId) ?? null;
      if (before && fix.t <= before.fix.t) return false;
      const motion = nextMotion(before?.motion ?? null, speedOf(fix, before?.fix ?? null), fix.t);
      const entry = { fix, motion };
      // Moved to another truck, it stays the former one's last word, which ages until that truck is offline.
      devices.set(fix.deviceId, entry);
      let truck = trucks.get(fix.truckId);
      if (!truck) trucks.set(fix.truckId, (truck = { devices: new Map(), shown: null }));
      truck.devices.set(fix.deviceId, entry);
      touched.add(fix.truckId);
      return true;
    },

    takeChanged() {
      const nowMs = clock();
      const changed: LiveTruck[] = [];
      for (const [truckId, entry] of trucks) {
        const ages = entry.shown === null || entry.shown.state !== 'offline';
        if (!touched.has(truckId) && !ages) continue;
        if (refresh(truckId, entry, nowMs)) changed.push(entry.shown!);
      }
      touched.clear();
      return changed;
    },

    snapshot() {
      const nowMs = clock();
      const all: LiveTruck[] = [];
      for (const [truckId, entry] of trucks) {
        const shown = present(truckId, entry, nowMs);
        if (shown) all.push(shown);
      }
      return all;
    },
    truck(truckId) {
      const entry = trucks.get(truckId);
      return entry ? present(truckId, entry, clock()) : null;
    },
    device: (deviceId) => devices.get(deviceId)?.fix ?? null,
    deviceFixes: () => [...devices.values()].map((entry) => entry.fix),
  };
}

/** What would be shown now, without counting as shown: the next tick still tells everybody. */
function present(truckId: number, entry: TruckEntry, nowMs: number): LiveTruck | null {
  const chosen = chooseDevice(entry, nowMs);
  if (!chosen) return null;
  const state = liveState(chosen.motion, nowMs - chosen.fix.t, entry.shown?.state ?? null);
  return liveTruckOf(truckId, chosen.fix, state);
}

/**
 * The fixed tracker while its fix is fresh, else the newest of all. Never one older than what is shown: a tracker that
 * comes back takes over once it has caught up with the phone.
 */
function chooseDevice(entry: TruckEntry, nowMs: number): DeviceEntry | null {
  let tracker: DeviceEntry | null = null;
  let newest: DeviceEntry | null = null;
  for (const device of entry.devices.values()) {
    if (newest === null || device.fix.t > newest.fix.t) newest = device;
    if (device.fix.kind !== 'tracker') continue;
    if (tracker === null || device.fix.t > tracker.fix.t) tracker = device;
  }
  if (tracker === null || nowMs - tracker.fix.t >= STALE_AFTER_MS) return newest;
  return entry.shown === null || tracker.fix.t >= entry.shown.t ? tracker : newest;
}

function liveTruckOf(truckId: number, fix: DeviceFix, state: TruckLiveState): LiveTruck {
  return { truckId, lat: fix.lat, lon: fix.lon, heading: fix.heading, speed: fix.speed, t: fix.t, state };
}
