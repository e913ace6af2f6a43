import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlanDocument, PlannedStop, StopState } from '../../shared/plan.ts';
import { revertChange } from './revert.ts';

const stop = (stopId: number): PlannedStop => ({
  stopId,
  arrival: '2026-11-24T15:00:00Z',
  departure: '2026-11-24T15:10:00Z',
  legS: 60,
  legM: 400,
  serviceS: 600,
  loadAfter: 0,
  leg: '',
});

/** A plan drawn as text: `1: 10 11 12` = route 1 visits stops 10, 11, 12. */
function plan(...lines: string[]): PlanDocument {
  return {
    degraded: false,
    routes: lines.map((line) => {
      const [id, stops] = line.split(':');
      return {
        routeId: Number(id),
        truckId: Number(id),
        zone: 'oriental',
        startAt: '2026-11-24T14:00:00Z',
        distanceM: 0,
        durationS: 0,
        stops: stops!.trim().split(/\s+/).filter(Boolean).map(Number).map(stop),
      };
    }),
  };
}

const draw = (document: PlanDocument) =>
  document.routes
    .filter((route) => route.stops.length > 0)
    .map((route) => `${route.routeId}: ${route.stops.map((s) => s.stopId).join(' ')}`)
    .sort();

function apply(document: PlanDocument, routes: PlanDocument['routes']): PlanDocument {
  const changed = new Map(routes.map((route) => [route.routeId, route]));
  const kept = document.routes.map((route) => changed.get(route.routeId) ?? route);
  const added = routes.filter((route) => !document.routes.some((other) => other.routeId === route.routeId));
  return { ...document, routes: [...kept, ...added] };
}

const states = (done: number[] = [], enroute: number[] = []): ReadonlyMap<number, StopState> =>
  new Map([
    ...done.map((id): [number, StopState] => [id, 'done']),
    ...enroute.map((id): [number, StopState] => [id, 'enroute']),
  ]);

describe('taking back a change of the plan', () => {
  const before = plan('1: 10 11 12', '2: 20 21');
  const made = plan('1: 10 12', '2: 20 11 21');

  it('restores the old order exactly when nothing came after', () => {
    const { routes } = revertChange(before, made, made, states());
    expect(draw(apply(made, routes))).toEqual(draw(before));
  });

  it('keeps what later changes added, and puts its own stop back behind its old neighbour', () => {
    const current = plan('1: 10 12 13', '2: 20 11 21');
    const { routes, conflicts } = revertChange(before, made, current, states());
    expect(conflicts).toEqual([]);
    expect(draw(apply(current, routes))).toEqual(['1: 10 11 12 13', '2: 20 21']);
  });

  it('is refused when a later change moved the same stop again', () => {
    const current = plan('1: 10 12', '2: 20 21', '3: 11');
    expect(revertChange(before, made, current, states()).conflicts).toEqual([11]);
  });

  it('leaves a stop that was driven meanwhile and says so', () => {
    const current = made;
    const result = revertChange(before, made, current, states([20, 11]));
    expect(result.frozen).toEqual([11]);
    expect(draw(apply(current, result.routes))).toEqual(draw(plan('1: 10 12', '2: 20 11 21')));
  });

  it('takes a first route out of the plan whole', () => {
    const result = revertChange(plan(), plan('1: 10 11'), plan('1: 10 11'), states());
    expect(draw(apply(plan('1: 10 11'), result.routes))).toEqual([]);
  });

  it('is refused for a first route that later changes put more stops on', () => {
    const result = revertChange(plan(), plan('1: 10 11'), plan('1: 10 11 15'), states());
    expect(result.conflicts).toEqual([15]);
  });

  it('property: undoing any move right away gives the plan before it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (homes, which, target, place) => {
          const document = plan(
            ...[0, 1, 2].map(
              (route) =>
                `${route + 1}: ${homes
                  .map((home, index) => (home === route ? index + 10 : null))
                  .filter((id) => id !== null)
                  .join(' ')}`,
            ),
          );
          const stopId = 10 + (which % homes.length);
          const moved: PlanDocument = {
            ...document,
            routes: document.routes.map((route, index) => {
              const rest = route.stops.filter((s) => s.stopId !== stopId);
              if (index === target % 3) rest.splice(place % (rest.length + 1), 0, stop(stopId));
              return { ...route, stops: rest };
            }),
          };
          const { routes } = revertChange(document, moved, moved, states());
          expect(draw(apply(moved, routes))).toEqual(draw(document));
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });
});
