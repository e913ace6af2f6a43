import { describe, expect, it } from 'vitest';
import type { RouteView, StopView } from '../../../shared/plan.ts';
import { stopNumbers } from '../live/room-view.ts';
import { boardLine, dropBounds, dropIndex, shiftExtent } from './board-rows.ts';
import { boardScale } from './board-scale.ts';

const T0 = Date.parse('2026-11-24T13:00:00Z');
const MIN = 60_000;
const iso = (minute: number) => new Date(T0 + minute * MIN).toISOString();

function stop(id: number, minute: number, change: Partial<StopView> = {}): StopView {
  return {
    id,
    kind: 'incident',
    lat: -0.93,
    lon: -78.61,
    state: 'planned',
    eta: iso(minute),
    etaEarliest: iso(minute - 3),
    etaLatest: iso(minute + 6),
    load: 1,
    loadAfter: 1,
    serviceS: 600,
    departedAt: null,
    finishedAt: null,
    failReason: null,
    address: null,
    ...change,
  };
}

function route(stops: StopView[], change: Partial<RouteView> = {}): RouteView {
  return {
    id: 7,
    zone: 'oriental',
    truckId: 1,
    plate: 'XBA-1042',
    driverId: null,
    driverName: null,
    assignmentId: null,
    state: 'running',
    distance: 1,
    duration: 1,
    startAt: iso(0),
    startedAt: iso(2),
    finishedAt: null,
    capacity: 25,
    loadAboard: 3,
    geometry: { type: 'LineString', coordinates: [] },
    stops,
    ...change,
  };
}

const day = route([
  stop(1, 0, { kind: 'depot', state: 'done', finishedAt: iso(2) }),
  stop(2, 10, { state: 'done', finishedAt: iso(22) }),
  stop(3, 30, { state: 'enroute' }),
  stop(4, 60),
  stop(5, 80, { kind: 'disposal', serviceS: 900 }),
  stop(6, 110),
  stop(9, 150, { kind: 'depot' }),
]);

describe('time axis', () => {
  const scale = boardScale('around', T0, { fromMs: T0, toMs: T0 }, 1_050);

  it('goes there and back', () => {
    expect(scale.at(scale.x(T0 + 17 * MIN))).toBeCloseTo(T0 + 17 * MIN, 3);
  });

  it('shows two hours back and three and a quarter ahead, a tick an hour on the whole hour', () => {
    expect(scale.x(T0)).toBeCloseTo(400, 6);
    expect(scale.ticks.map((tick) => tick.atMs % 3_600_000)).toEqual(scale.ticks.map(() => 0));
    expect(scale.ticks).toHaveLength(6);
  });

  it('shows ten-minute ticks in the hour span', () => {
    expect(boardScale('hour', T0, { fromMs: T0, toMs: T0 }, 600).ticks).toHaveLength(6);
  });

  it('never divides by an empty shift', () => {
    expect(boardScale('shift', T0, { fromMs: T0, toMs: T0 }, 500).x(T0)).toBe(0);
  });
});

describe('a route as blocks', () => {
  const line = boardLine(day, T0 + 25 * MIN);

  it('leaves depots out and stands a finished stop where it happened', () => {
    expect(line.blocks.map((block) => block.stopId)).toEqual([2, 3, 4, 5, 6]);
    expect(line.blocks[0]).toMatchObject({ look: 'done', startMs: T0 + 12 * MIN, endMs: T0 + 22 * MIN });
    expect(line.blocks[0]?.earliestMs).toBeNull();
  });

  it('starts numbering again after each landfill', () => {
    expect([...stopNumbers(day.stops)]).toEqual([
      [2, 1],
      [3, 2],
      [4, 3],
      [6, 1],
    ]);
  });

  it('is driven until now, dashed after', () => {
    expect(line.startMs).toBe(T0 + 2 * MIN);
    expect(line.pastUntilMs).toBe(T0 + 25 * MIN);
    expect(line.endMs).toBe(T0 + 150 * MIN);
  });

  it('marks the next stop, and what may not move', () => {
    expect(line.blocks.find((block) => block.look === 'next')?.stopId).toBe(3);
    expect(line.blocks.filter((block) => block.movable).map((block) => block.stopId)).toEqual([4, 6]);
  });

  it('turns red when the range misses the window', () => {
    const late = boardLine(
      route([
        stop(1, 10, { state: 'done', finishedAt: iso(20) }),
        stop(2, 30),
        stop(3, 60, { windowEnd: iso(40) }),
      ]),
      T0,
    );
    expect(late.blocks.at(-1)?.look).toBe('late');
  });
});

describe('where a stop may be dropped', () => {
  it('goes between its neighbours in time', () => {
    expect(dropIndex(day, T0 + 70 * MIN, 99)).toBe(4);
  });

  it('never before what is done or under way, never after the return', () => {
    expect(dropBounds(day, 99)).toEqual({ first: 3, last: 6 });
  });

  it('counts without the stop itself when it stays on its route', () => {
    expect(dropIndex(day, T0 + 70 * MIN, 4)).toBe(3);
  });

  it('spans the whole day with a margin, and now', () => {
    const extent = shiftExtent([day], T0 + 20 * MIN);
    expect(extent).toEqual({ fromMs: T0 - 8 * MIN, toMs: T0 + 160 * MIN });
    expect(shiftExtent([], T0).toMs).toBeGreaterThan(T0);
  });
});
