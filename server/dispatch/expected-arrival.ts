import { and, eq, inArray } from 'drizzle-orm';
import { routes, stops } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { projectArrivals } from './arrivals.ts';
import { readPicture } from './picture.ts';

/** What a citizen is told: a range before a point, to the minute, and nothing of truck or driver. ISO instants. */
export interface ExpectedArrival {
  eta: string;
  earliest: string;
  latest: string;
}

/** Never narrower than this to either side: a promise to the minute would be a lie. */
const LEAST_SPREAD_MS = 3 * 60_000;
const MINUTE_MS = 60_000;

/** When the truck that holds an incident is expected there; null until its route runs. */
export async function expectedArrival(store: Store, incidentId: number): Promise<ExpectedArrival | null> {
  const [held] = await store.database.db
    .select({ stopId: stops.id, routeId: routes.id })
    .from(stops)
    .innerJoin(routes, eq(routes.id, stops.routeId))
    .where(
      and(
        eq(stops.incidentId, incidentId),
        inArray(stops.state, ['planned', 'enroute']),
        eq(routes.state, 'running'),
        eq(routes.current, true),
      ),
    );
  if (held === undefined) return null;
  // Anybody with a code may ask, as often as the limits allow: the picture all lookers share is enough.
  const snapshot = await readPicture(store);
  const planned = snapshot.document.routes.find((route) => route.routeId === held.routeId);
  const route = snapshot.routes.get(held.routeId);
  const at = planned?.stops.findIndex((stop) => stop.stopId === held.stopId) ?? -1;
  if (planned === undefined || route === undefined || at < 0) return null;
  const arrival = projectArrivals(snapshot, planned, route)[at]!;
  const minute = (ms: number) => new Date(Math.round(ms / MINUTE_MS) * MINUTE_MS).toISOString();
  return {
    eta: minute(arrival.etaMs),
    earliest: minute(Math.min(arrival.earliestMs, arrival.etaMs - LEAST_SPREAD_MS)),
    latest: minute(Math.max(arrival.latestMs, arrival.etaMs + LEAST_SPREAD_MS)),
  };
}
