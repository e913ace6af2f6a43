import { describe, expect, it } from 'vitest';
import { createFleetState, type DeviceFix } from './fleet-state.ts';
import { liveState, nextMotion, speedOf, type Motion } from './motion.ts';

const T0 = Date.parse('2026-11-24T15:00:00Z');

function fix(more: Partial<DeviceFix>): DeviceFix {
  return {
    deviceId: 1,
    truckId: 7,
    kind: 'tracker',
    t: T0,
    receivedAtMs: T0,
    lat: -0.93,
    lon: -78.61,
    speed: 0,
    heading: null,
    accuracy: null,
    battery: null,
    ignition: null,
    ...more,
  };
}

function fleetAt(startMs = T0) {
  let nowMs = startMs;
  return { fleet: createFleetState(() => nowMs), at: (ms: number) => (nowMs = ms) };
}

describe('latest positions', () => {
  it('ignore what is older or the same', () => {
    const { fleet } = fleetAt();
    expect(fleet.apply(fix({ t: T0 }))).toBe(true);
    expect(fleet.apply(fix({ t: T0, lat: 1 }))).toBe(false);
    expect(fleet.apply(fix({ t: T0 - 1, lat: 1 }))).toBe(false);
    expect(fleet.truck(7)).toMatchObject({ t: T0, lat: -0.93 });
  });

  it("are the tracker's while fresh, else the phone's", () => {
    const { fleet, at } = fleetAt();
    fleet.apply(fix({ deviceId: 1, t: T0 }));
    fleet.apply(fix({ deviceId: 2, kind: 'phone', t: T0 + 5_000, lat: -0.9 }));
    at(T0 + 10_000);
    expect(fleet.truck(7)).toMatchObject({ t: T0, lat: -0.93 });
    at(T0 + 60_000);
    expect(fleet.truck(7)).toMatchObject({ t: T0 + 5_000, lat: -0.9 });
  });

  it('do not go back when the tracker returns with an older fix', () => {
    const { fleet, at } = fleetAt();
    fleet.apply(fix({ deviceId: 2, kind: 'phone', t: T0 + 5_000 }));
    at(T0 + 6_000);
    fleet.takeChanged();
    fleet.apply(fix({ deviceId: 1, t: T0 + 1_000, lat: -0.5 }));
    expect(fleet.takeChanged()).toEqual([]);
    fleet.apply(fix({ deviceId: 1, t: T0 + 6_000, lat: -0.6 }));
    expect(fleet.takeChanged()).toMatchObject([{ t: T0 + 6_000, lat: -0.6 }]);
  });

  it('tell only what changed, and silence is a change', () => {
    const { fleet, at } = fleetAt();
    fleet.apply(fix({ speed: 5 }));
    fleet.apply(fix({ deviceId: 9, truckId: 8, t: T0 + 1_000, speed: 0 }));
    expect(fleet.takeChanged().map((one) => [one.truckId, one.state])).toEqual([
      [7, 'moving'],
      [8, 'stopped'],
    ]);
    expect(fleet.takeChanged()).toEqual([]);
    at(T0 + 60_500);
    expect(fleet.takeChanged().map((one) => [one.truckId, one.state])).toEqual([[7, 'stale']]);
    at(T0 + 301_500);
    expect(fleet.takeChanged().map((one) => [one.truckId, one.state])).toEqual([
      [7, 'offline'],
      [8, 'offline'],
    ]);
    at(T0 + 900_000);
    expect(fleet.takeChanged()).toEqual([]);
  });
});

describe('moving and stopped', () => {
  it('a short halt is no stop, a longer one is', () => {
    let motion: Motion | null = null;
    const states: string[] = [];
    for (const [second, speed] of [
      [0, 8],
      [5, 0],
      [12, 0],
      [15, 6],
      [20, 0.5],
      [30, 0],
      [36, 0],
      [40, 1.2],
      [45, 3],
    ] as const) {
      motion = nextMotion(motion, speed, second * 1_000);
      states.push(motion.isMoving ? 'm' : 's');
    }
    expect(states.join('')).toBe('mmmmmmssm');
  });

  it('tells the speed from two places when the device does not', () => {
    const before = { t: 0, lat: 0, lon: -78 };
    const after = { t: 10_000, lat: 0.0009, lon: -78, speed: null };
    expect(speedOf(after, before)).toBeCloseTo(10, 0);
    expect(speedOf({ ...after, speed: 2 }, before)).toBe(2);
    expect(speedOf(after, null)).toBeNull();
    expect(speedOf({ ...after, t: 500_000 }, before)).toBeNull();
  });

  it('does not flicker at the edge of stale', () => {
    const motion: Motion = { isMoving: true, slowSinceT: null };
    expect(liveState(motion, 60_000, 'moving')).toBe('moving');
    expect(liveState(motion, 60_001, 'moving')).toBe('stale');
    expect(liveState(motion, 50_000, 'stale')).toBe('stale');
    expect(liveState(motion, 45_000, 'stale')).toBe('moving');
    expect(liveState(motion, 300_001, 'stale')).toBe('offline');
  });
});
