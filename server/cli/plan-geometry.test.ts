import { describe, expect, it } from 'vitest';
import { decodePolyline } from '../../shared/polyline.ts';
import { parseProblem, solve } from '../planning/index.ts';
import type { LonLat, Roads } from '../roads/roads.ts';
import { addGeometry } from './plan-geometry.ts';

const jobs = Array.from({ length: 150 }, (_, i) => ({
  id: i,
  location_index: 0,
  location: [-78.6, (-900 - i) / 1000],
}));

function planned(change: (vehicle: Record<string, unknown>) => void) {
  const vehicle = { id: 1, profile: 'truck', start: [-78.61, -0.9], start_index: 0 };
  change(vehicle);
  const problem = parseProblem({
    vehicles: [vehicle],
    jobs,
    matrices: { truck: { durations: [[0]] } },
    options: { g: true },
  });
  return { problem, solution: solve(problem, { iterations: 1, seed: 1, now: () => 0 }) };
}

/** A router on whose map every way is straight. */
function straight(
  asked: { points: number; profile: string | undefined }[],
  degraded = false,
): Pick<Roads, 'route'> {
  return {
    route: (points, opts) => {
      asked.push({ points: points.length, profile: opts?.profile });
      return Promise.resolve({
        durationS: 0,
        distanceM: 0,
        geometry: points as LonLat[],
        legs: [],
        degraded,
      });
    },
  };
}

describe('the line that a route drives', () => {
  it('goes through every stop, however many, on the roads of its profile', async () => {
    const { problem, solution } = planned(() => undefined);
    const asked: { points: number; profile: string | undefined }[] = [];
    await addGeometry(problem, solution, straight(asked), () => 0);
    const line = decodePolyline(solution.routes[0]?.geometry ?? '');
    const stops = solution.routes[0]?.steps.map((step) => step.location);
    expect(line.filter((point, i) => String(point) !== String(line[i - 1]))).toEqual(stops);
    expect(asked).toEqual([
      { points: 100, profile: 'truck' },
      { points: 52, profile: 'truck' },
    ]);
  });

  it('is left out where a place has no coordinates', async () => {
    const { problem, solution } = planned((vehicle) => delete vehicle['start']);
    await addGeometry(problem, solution, straight([]), () => 0);
    expect(solution.routes[0]?.geometry).toBeUndefined();
  });

  it('is a routing error where the router is silent', async () => {
    const { problem, solution } = planned(() => undefined);
    await expect(addGeometry(problem, solution, straight([], true), () => 0)).rejects.toMatchObject({
      code: 3,
    });
  });
});
