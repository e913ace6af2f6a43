import { describe, expect, it } from 'vitest';
import { knownRoute, planChange } from './plan-change.ts';
import { routeOf, stopOf } from './test-route.ts';

const at = (minutes: number) => new Date(Date.parse('2026-11-24T18:00:00Z') + minutes * 60_000).toISOString();
const depot = (minutes: number) => stopOf(99, { kind: 'depot', eta: at(minutes) });
const before = routeOf([stopOf(1), stopOf(2), stopOf(3), depot(0)]);
const known = knownRoute(before, 4);

describe('what changed in the route', () => {
  it('is nothing while the version or the stops stay', () => {
    expect(planChange(known, before, 4)).toBeNull();
    expect(planChange(known, routeOf([stopOf(1), stopOf(2), stopOf(3), depot(40)]), 5)).toBeNull();
  });

  it('names new and removed stops and the new return', () => {
    const after = routeOf([stopOf(1), stopOf(3), stopOf(7, { incidentType: 'animal_muerto' }), depot(22)]);
    const change = planChange(known, after, 5)!;
    expect(change.added.map(({ id }) => id)).toEqual([7]);
    expect(change.removed.map(({ id }) => id)).toEqual([2]);
    expect(change.reordered).toBe(false);
    expect([change.returnBefore, change.returnNow]).toEqual([at(0), at(22)]);
  });

  it('does not report a return that moved by two minutes', () => {
    const change = planChange(known, routeOf([stopOf(1), stopOf(2), stopOf(3), stopOf(4), depot(2)]), 5)!;
    expect(change.returnNow).toBeNull();
  });

  it('tells another order of the same stops', () => {
    const change = planChange(known, routeOf([stopOf(2), stopOf(1), stopOf(3), depot(0)]), 5)!;
    expect(change).toMatchObject({ added: [], removed: [], reordered: true });
  });

  it('does not count what the driver finished meanwhile', () => {
    const worked = routeOf([
      stopOf(1, { state: 'done' }),
      stopOf(2, { state: 'failed' }),
      stopOf(3),
      depot(0),
    ]);
    expect(planChange(known, worked, 5)).toBeNull();
    const dropped = knownRoute(worked, 5);
    expect(planChange(dropped, routeOf([stopOf(3), depot(0)]), 6)).toBeNull();
  });

  it('a new stop the driver already did is no news', () => {
    const after = routeOf([stopOf(1), stopOf(2), stopOf(3), stopOf(8, { state: 'done' }), depot(0)]);
    expect(planChange(known, after, 5)).toBeNull();
  });

  it('is nothing for another route', () => {
    expect(planChange(known, routeOf([stopOf(50)], { id: 2 }), 9)).toBeNull();
  });
});
