import { describe, expect, it } from 'vitest';
import type { LonLat } from '../../../shared/geo.ts';
import type { RouteView, StopView } from '../../../shared/plan.ts';
import { splitRoute } from './route-lines.ts';

const line: LonLat[] = Array.from({ length: 11 }, (_, index): LonLat => [-78.62 + index * 0.001, -0.93]);
const stopAt = (index: number, change: Partial<StopView>) =>
  ({
    id: index,
    kind: 'incident',
    state: 'planned',
    lon: line[index]![0],
    lat: -0.93,
    ...change,
  }) as StopView;
const route = (stops: StopView[], state: RouteView['state'] = 'running') =>
  ({ state, stops, geometry: { type: 'LineString', coordinates: line } }) as unknown as RouteView;
const length = (legs: readonly LonLat[][]) =>
  legs.reduce((sum, leg) => sum + (leg[leg.length - 1]![0] - leg[0]![0]), 0);

describe('the chosen route', () => {
  it('is all ahead before it starts', () => {
    const split = splitRoute(route([stopAt(5, {}), stopAt(10, {})], 'planned'), null);
    expect(length(split.ahead)).toBeCloseTo(0.01, 6);
    expect(split.toLandfill).toEqual([]);
  });

  it('is cut at the truck', () => {
    const split = splitRoute(route([stopAt(2, { state: 'done' }), stopAt(6, {}), stopAt(10, {})]), {
      lon: -78.6156,
      lat: -0.93,
    });
    expect(split.behind.at(-1)![0]).toBeCloseTo(-78.6156, 6);
    expect(length(split.ahead)).toBeCloseTo(0.0056, 6);
  });

  it('draws the way to the landfill apart', () => {
    const split = splitRoute(
      route([stopAt(4, {}), stopAt(7, { kind: 'disposal' }), stopAt(10, {})], 'planned'),
      null,
    );
    expect(length(split.toLandfill)).toBeCloseTo(0.003, 6);
    expect(length(split.ahead)).toBeCloseTo(0.007, 6);
  });

  it('does not believe a truck that is nowhere near', () => {
    const split = splitRoute(route([stopAt(2, { state: 'done' }), stopAt(10, {})]), {
      lon: -78.6,
      lat: -0.9,
    });
    expect(length(split.ahead)).toBeCloseTo(0.008, 6);
  });

  it('looks for the truck on its present leg, though the round passes there again later', () => {
    const round: LonLat[] = [...line, ...[...line].reverse()];
    const there = { ...route([stopAt(0, { state: 'done' }), stopAt(10, {}), { ...stopAt(0, {}), id: 99 }]) };
    const split = splitRoute(
      { ...there, geometry: { type: 'LineString', coordinates: round.map(([x, y]) => [x, y]) } },
      {
        lon: -78.617,
        lat: -0.93,
      },
    );
    const metres = split.ahead.reduce((sum, leg) => sum + Math.abs(leg[leg.length - 1]![0] - leg[0]![0]), 0);
    expect(metres).toBeCloseTo(0.017, 5);
  });
});
