import { describe, expect, it } from 'vitest';
import { asciiMap } from './embedded/ascii-map-for-tests.ts';
import { Engine, OSRM_LIMITS } from './embedded/engine.ts';
import { buildGraph } from './embedded/import.ts';
import { CAR } from './embedded/profile.ts';
import { createRoads, type OsrmAnswer, type OsrmTransport } from './osrm-client.ts';
import type { LonLat } from './roads.ts';

const city = asciiMap('a---b---c   x\n|       |   |\nd---e---f   y\n', [
  { nodes: 'abc' },
  { nodes: 'adefc' },
  { nodes: 'xy' },
]);
const engine = new Engine([buildGraph(city.osm, CAR)], OSRM_LIMITS);
const at = (letters: string): LonLat[] => [...letters].map((letter) => city.at(letter));

/** A router that can be switched off, counts what it is asked, and a clock that is set by hand. */
function switchable() {
  const control = { up: true, asked: [] as string[], nowMs: 0, failNext: 0 };
  const transport: OsrmTransport = async (path) => {
    control.asked.push(path);
    if (!control.up || control.failNext-- > 0) throw new Error('connection refused');
    return engine.answer(path);
  };
  const roads = createRoads(transport, {
    engine: 'osrm',
    now: () => control.nowMs,
    maxTableSize: 2,
    timeoutMs: 200,
    retryAfterMs: 5_000,
  });
  return { control, roads };
}

describe('the client of the router', () => {
  it('puts a table together from blocks, unreachable cells being infinite', async () => {
    const { control, roads } = switchable();
    const table = await roads.table(at('abcdx'));
    expect(control.asked.length).toBe(9);
    expect(table.degraded).toBe(false);
    expect(table.durationsS.map((row) => row.length)).toEqual([5, 5, 5, 5, 5]);
    expect(table.durationsS[0]![0]).toBe(0);
    expect(table.durationsS[0]![4]).toBe(Infinity);
    const route = await roads.route(at('ad'));
    expect(table.durationsS[0]![3]).toBeCloseTo(route.durationS, 5);
    expect(table.distancesM[0]![3]).toBeCloseTo(route.distanceM, 0);
  });

  it('asks for chosen rows and columns only', async () => {
    const { roads } = switchable();
    const table = await roads.table(at('abc'), { sources: [2], destinations: [0, 1] });
    expect(table.durationsS.map((row) => row.length)).toEqual([2]);
    await expect(roads.table(at('ab'), { sources: [7] })).rejects.toMatchObject({ reason: 'invalid-input' });
  });

  it('remembers times between stops', async () => {
    const { control, roads } = switchable();
    await roads.table(at('ab'));
    const asked = control.asked.length;
    await roads.table(at('ab'));
    expect(control.asked.length).toBe(asked);
    await roads.setClosures([]);
    await roads.table(at('ab'));
    expect(control.asked.length).toBe(asked + 1);
  });

  it('tries once more before it gives up on an answer', async () => {
    const { control, roads } = switchable();
    control.failNext = 1;
    const route = await roads.route(at('ac'));
    expect(route.degraded).toBe(false);
    expect(control.asked.length).toBe(2);
  });

  it('without a router answers from memory, then by the straight line, and says so', async () => {
    const { control, roads } = switchable();
    const known = await roads.table(at('ab'));
    control.up = false;
    const table = await roads.table(at('abd'));
    expect(table.degraded).toBe(true);
    expect(table.durationsS[0]![1]).toBe(known.durationsS[0]![1]);
    expect(table.durationsS[0]![2]!).toBeGreaterThan(0);
    expect(table.durationsS.flat().every(Number.isFinite)).toBe(true);
    const route = await roads.route(at('ad'));
    expect(route).toMatchObject({ degraded: true, geometry: at('ad') });
    expect(route.legs).toHaveLength(1);
    expect(roads.state().status).toBe('degraded');
  });

  it('leaves a dead router alone for a while, and comes back by itself', async () => {
    const { control, roads } = switchable();
    control.up = false;
    for (let i = 0; i < 3; i++) await roads.route(at('ac'));
    const asked = control.asked.length;
    await roads.route(at('ac'));
    expect(control.asked.length).toBe(asked);
    control.up = true;
    await roads.route(at('ac'));
    expect(control.asked.length).toBe(asked);
    control.nowMs = 6_000;
    expect((await roads.route(at('ac'))).degraded).toBe(false);
    expect(roads.state()).toEqual({ engine: 'osrm', status: 'ok' });
  });

  it('gives up on a router that never answers', async () => {
    const silent: OsrmTransport = () => new Promise(() => undefined);
    const roads = createRoads(silent, { engine: 'osrm', now: () => 0, timeoutMs: 5 });
    expect((await roads.route(at('ac'))).degraded).toBe(true);
  });

  it('one silence is enough: nobody else waits for it, and a late answer brings it back', async () => {
    let nowMs = 0;
    const asked: (() => void)[] = [];
    const slow: OsrmTransport = (path) =>
      new Promise<OsrmAnswer>((resolve) => asked.push(() => resolve(engine.answer(path))));
    const roads = createRoads(slow, { engine: 'osrm', now: () => nowMs, timeoutMs: 1_000, concurrency: 1 });
    const both = await Promise.all([roads.route(at('ac')), roads.route(at('ab'))]);
    expect(both.map(({ degraded }) => degraded)).toEqual([true, true]);
    // Not tried again, and the one that waited for its turn was not tried at all.
    expect(asked).toHaveLength(1);

    nowMs = 6_000;
    // The one that finds out is not kept for the whole patience: its answer is still to come when it leaves.
    expect((await roads.route(at('ac'))).degraded).toBe(true);
    expect(asked).toHaveLength(2);
    asked[1]!();
    await new Promise((resolve) => setImmediate(resolve));
    const after = roads.route(at('ac'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toHaveLength(3);
    asked[2]!();
    expect((await after).degraded).toBe(false);
  });

  it('takes no nonsense for an answer', async () => {
    const mad: OsrmTransport = async () => ({ status: 200, body: { code: 'Ok', routes: 'none' } });
    const roads = createRoads(mad, { engine: 'osrm', now: () => 0 });
    expect((await roads.route(at('ac'))).degraded).toBe(true);
  });

  it('knows when there is no way or no street', async () => {
    const { roads } = switchable();
    const route = await roads.route(at('ax'));
    expect(route).toMatchObject({ durationS: Infinity, geometry: [], degraded: false });
    const place = await roads.nearest(city.at('b'));
    expect(place).toMatchObject({ name: 'abc' });
    expect(place!.distanceM).toBeLessThan(1);
  });

  it('gives legs their own lines and steps', async () => {
    const { roads } = switchable();
    const route = await roads.route(at('adc'), { steps: true });
    expect(route.legs).toHaveLength(2);
    expect(route.legs[0]!.geometry.at(-1)).toEqual(route.legs[1]!.geometry[0]);
    expect(route.legs[0]!.steps!.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['depart', 'arrive']),
    );
    expect(route.legs.reduce((sum, leg) => sum + leg.durationS, 0)).toBeCloseTo(route.durationS, 5);
  });

  it('matches traces', async () => {
    const { roads } = switchable();
    const [from, to] = [city.at('a'), city.at('c')];
    const trace = [0.1, 0.3, 0.5, 0.7, 0.9].map((share, i) => ({
      lon: from[0] + (to[0] - from[0]) * share,
      lat: from[1],
      tMs: i * 10_000,
      accuracyM: 8,
    }));
    const matched = await roads.match(trace);
    expect(matched.pieces).toHaveLength(1);
    expect(matched.points.map((point) => point?.name)).toEqual(Array(5).fill('abc'));
  });
});
