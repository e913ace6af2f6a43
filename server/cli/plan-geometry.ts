import type { LonLat } from '../../shared/geo.ts';
import { encodePolyline } from '../../shared/polyline.ts';
import { PlannerInputError } from '../planning/index.ts';
import type { PlannerProblem, PlannerSolution } from '../planning/index.ts';
import type { Roads } from '../roads/roads.ts';

/** osrm-routed answers a way through no more points than this at once, unless told otherwise. */
const POINTS_AT_ONCE = 100;

/** Which way a problem's profile goes on the router: everything but `truck` drives like a car. */
export function routerProfile(profile: string): 'truck' | 'driving' {
  return profile === 'truck' ? 'truck' : 'driving';
}

/**
 * Gives each route the line it drives (`geometry`, an encoded polyline as in VROOM with `-g`) and adds the time it took
 * to `computing_times.routing`. A route with a place that has no coordinates goes without.
 * Throws PlannerInputError code 3 when the router does not answer.
 */
export async function addGeometry(
  problem: PlannerProblem,
  solution: PlannerSolution,
  roads: Pick<Roads, 'route'>,
  now: () => number,
): Promise<void> {
  const began = now();
  for (const route of solution.routes) {
    const points: LonLat[] = [];
    const stops = route.steps.filter((step) => step.type !== 'break');
    for (const { location } of stops) if (location) points.push(location);
    if (points.length < stops.length) continue;
    const vehicle = problem.vehicles.find((one) => one.id === route.vehicle);
    const profile = routerProfile(vehicle?.profile ?? 'car');
    const line: LonLat[] = points.length === 1 ? points : [];
    for (let i = 0; i + 1 < points.length; i += POINTS_AT_ONCE - 1) {
      const way = await roads.route(points.slice(i, i + POINTS_AT_ONCE), { profile });
      if (way.degraded) throw new PlannerInputError('the router does not answer', 3);
      line.push(...way.geometry);
    }
    route.geometry = encodePolyline(line);
  }
  solution.summary.computing_times.routing = Math.round(now() - began);
}
