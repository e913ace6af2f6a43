import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventFeed } from '../../server/live/event-feed.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { createRoads } from '../../server/roads/osrm-client.ts';
import { listTrucks } from '../../server/fleet/list-trucks.ts';
import { openRoom, work, type Room } from '../scenarios/room.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

describe('a trip order that was computed and thrown away', () => {
  it('the stops are stored in the order they are driven, and read back in it', async () => {
    await room.truck('posterior');
    for (const number of [80, 10, 60, 20, 40]) await room.validated('animal_muerto', number);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const stops = work((await room.plan()).routes[0]!);
    const arrivals = stops.map((stop) => Date.parse(stop.eta));
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    // One street: the shortest trip goes along it, not to and fro as the reports came in.
    const places = stops.map((stop) => stop.lat);
    const sorted = [...places].sort((a, b) => b - a);
    expect([sorted, [...sorted].reverse()]).toContainEqual(places);
  });
});

describe('a plan lost when the router was down', () => {
  it('is made of estimates, says so, and is whole', async () => {
    const transport = () => Promise.reject(new Error('connect ECONNREFUSED'));
    room.dispatch.roads = createRoads(transport, { engine: 'osrm', now: () => performance.now() });
    await room.truck('posterior');
    for (let n = 0; n < 5; n++) await room.validated('animal_muerto', 10 * n);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const plan = await room.plan();
    expect(plan.degraded).toBe(true);
    expect(work(plan.routes[0]!)).toHaveLength(5);
    expect(plan.routes[0]!.distance).toBeGreaterThan(1_000);
    expect(room.dispatch.roads.state().status).toBe('degraded');
    await room.dispatch.roads.close();
  });
});

describe('windows that were stored and never used', () => {
  it('the animal whose two hours are nearly over is reached before the piles on the way to it', async () => {
    await room.truck('posterior');
    const animal = await room.validated('animal_muerto', 100);
    room.later(80);
    for (let n = 0; n < 9; n++) await room.validated('acopio', 10 * n);
    for (let n = 0; n < 3; n++) await room.validated('zona_critica', 10 * n + 5);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const stop = work((await room.plan()).routes[0]!).find((other) => other.incidentId === animal)!;
    expect(Date.parse(stop.eta)).toBeLessThanOrEqual(Date.parse(stop.windowEnd!));
    expect(stop.keep).toBeGreaterThan(0.5);
  });
});

describe('trucks that were invented, side loaders overfilled', () => {
  it('only registered trucks in service are used, and none carries more than it can', async () => {
    const lateral = await room.truck('lateral');
    for (let n = 0; n < 10; n++) await room.validated('animal_muerto', 10 * n);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const { routes } = await room.plan();
    const known = new Set((await listTrucks(room.store)).map((truck) => truck.id));
    expect(known).toEqual(new Set([lateral]));
    for (const route of routes) {
      expect(known.has(route.truckId)).toBe(true);
      expect(route.capacity).toBe(15);
      for (const stop of route.stops) expect(stop.loadAfter).toBeLessThanOrEqual(15);
    }
  });
});

describe('arrivals of 15 minutes a stop whatever the distance', () => {
  it('follow the way: a stop ten times as far away takes longer to reach', async () => {
    await room.truck('posterior');
    await room.validated('zona_critica', 10);
    await room.validated('zona_critica', 16);
    await room.validated('zona_critica', 200);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const etas = work((await room.plan()).routes[0]!)
      .map((stop) => Date.parse(stop.eta))
      .sort((a, b) => a - b);
    const gaps = [etas[1]! - etas[0]!, etas[2]! - etas[1]!].map((ms) => ms / 1_000 - 600);
    expect(Math.max(...gaps)).toBeGreaterThan(5 * Math.max(1, Math.min(...gaps)));
  });
});

describe('notifications that were log lines', () => {
  it('what happens reaches every screen that listens, in order and once', async () => {
    const listening = new AbortController();
    const heard: string[] = [];
    const done = (async () => {
      for await (const event of await eventFeed(room.database, room.store.bus, 0, listening.signal)) {
        heard.push(event.type);
        if (event.type === 'incident.validated') listening.abort();
      }
    })();
    await room.validated('acopio', 1);
    await done;
    expect(heard.slice(-2)).toEqual(['incident.reported', 'incident.validated']);
  });
});
