import { describe, expect, it } from 'vitest';
import type { LiveTruck } from '../../shared/telemetry.ts';
import { createLiveHub } from './hub.ts';

function truck(truckId: number, t: number): LiveTruck {
  return { truckId, lat: -0.93, lon: -78.61, heading: null, speed: null, t, state: 'moving' };
}

/** A source whose changes the test lays out; `ticked` waits for the tick that took them. */
function source() {
  const shown = new Map<number, LiveTruck>();
  let changed: LiveTruck[] = [];
  let taken: (() => void) | null = null;
  return {
    change(...trucks: LiveTruck[]): Promise<void> {
      for (const one of trucks) shown.set(one.truckId, one);
      changed.push(...trucks);
      return new Promise((resolve) => (taken = resolve));
    },
    takeChanged() {
      const now = changed;
      changed = [];
      if (now.length > 0) setImmediate(() => taken?.());
      return now;
    },
    snapshot: () => [...shown.values()],
  };
}

const FOREVER = new AbortController().signal;

describe('the live hub', () => {
  it('gives the snapshot first, then only what changed', async () => {
    const from = source();
    const hub = createLiveHub(from, 1);
    hub.start();
    await from.change(truck(1, 1), truck(2, 1));
    const updates = hub.updates(FOREVER);
    expect((await updates.next()).value).toEqual({ trucks: [truck(1, 1), truck(2, 1)] });
    await from.change(truck(2, 2));
    expect((await updates.next()).value).toEqual({ trucks: [truck(2, 2)] });
    hub.stop();
  });

  it('shares one object among all readers', async () => {
    const from = source();
    const hub = createLiveHub(from, 1);
    hub.start();
    const [a, b] = [hub.updates(FOREVER), hub.updates(FOREVER)];
    await Promise.all([a.next(), b.next()]);
    const reads = Promise.all([a.next(), b.next()]);
    await from.change(truck(1, 1));
    const [one, other] = await reads;
    expect(one.value).toBe(other.value);
    hub.stop();
  });

  it('gives a reader that paused the newest state once, not what it missed', async () => {
    const from = source();
    const hub = createLiveHub(from, 1);
    hub.start();
    const updates = hub.updates(FOREVER);
    await updates.next();
    for (let t = 1; t <= 50; t++) await from.change(truck(1, t), truck(1_000 + t, t));
    const { value } = await updates.next();
    expect(value!.trucks).toHaveLength(51);
    expect(value!.trucks[0]).toEqual(truck(1, 50));
    await from.change(truck(1, 51));
    expect((await updates.next()).value).toEqual({ trucks: [truck(1, 51)] });
    hub.stop();
  });

  it('ends with its signal and at a stop, and counts who reads', async () => {
    const from = source();
    const hub = createLiveHub(from, 1);
    hub.start();
    const leaving = new AbortController();
    const [a, b] = [hub.updates(leaving.signal), hub.updates(FOREVER)];
    await Promise.all([a.next(), b.next()]);
    expect(hub.subscribers()).toBe(2);
    const [endA, endB] = [a.next(), b.next()];
    leaving.abort();
    expect((await endA).done).toBe(true);
    expect(hub.subscribers()).toBe(1);
    hub.stop();
    expect((await endB).done).toBe(true);
    expect(hub.subscribers()).toBe(0);
  });
});
