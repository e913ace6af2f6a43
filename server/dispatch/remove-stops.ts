import type { Actor } from '../../shared/actor.ts';
import type { PlanDiff, PlanDocument, PlanKind, PlannedRoute, PlannedStop } from '../../shared/plan.ts';
import { encodePolyline } from '../../shared/polyline.ts';
import type { Tx } from '../db/connect.ts';
import type { Emit, Store } from '../events/store.ts';
import { totalsOf } from './draft.ts';
import { makeCurrent } from './make-current.ts';
import { geometryOf } from './proposals.ts';

/** Makes the version without these stops of one route; the caller holds the plan's lock. */
export async function takeOut(
  store: Store,
  tx: Tx,
  emit: Emit,
  actor: Actor,
  current: { version: number; document: PlanDocument },
  routeId: number,
  stopIds: ReadonlySet<number>,
  kind: PlanKind,
  reason: string,
): Promise<void> {
  const route = current.document.routes.find((other) => other.routeId === routeId);
  if (route === undefined) return;
  const shorter = withoutStops(route, stopIds);
  const diff: PlanDiff = {
    moved: [...stopIds].map((stopId) => ({ stopId, fromRouteId: routeId, toRouteId: null, reason })),
    later: [],
    cost: {
      seconds: shorter.durationS - route.durationS,
      metres: shorter.distanceM - route.distanceM,
    },
    unassigned: [],
  };
  await makeCurrent(tx, emit, actor, current, { kind, reason, routes: [shorter], diff }, store.clock());
}

/**
 * A route without some of its stops. The way past a removed stop is kept — it is a way that can be driven, and the
 * router is not asked inside a transaction; only the time served there falls away.
 */
export function withoutStops(route: PlannedRoute, stopIds: ReadonlySet<number>): PlannedRoute {
  const stopsLeft: PlannedStop[] = [];
  let savedS = 0;
  let carried: Pick<PlannedStop, 'legS' | 'legM'> & { legs: string[] } = { legS: 0, legM: 0, legs: [] };
  for (const stop of route.stops) {
    if (stopIds.has(stop.stopId)) {
      savedS += stop.serviceS;
      carried = {
        legS: carried.legS + stop.legS,
        legM: carried.legM + stop.legM,
        legs: [...carried.legs, stop.leg],
      };
      continue;
    }
    stopsLeft.push({
      ...stop,
      arrival: earlier(stop.arrival, savedS),
      departure: earlier(stop.departure, savedS),
      legS: stop.legS + carried.legS,
      legM: stop.legM + carried.legM,
      leg: joinLegs([...carried.legs, stop.leg]),
    });
    carried = { legS: 0, legM: 0, legs: [] };
  }
  return { ...route, ...totalsOf(stopsLeft, route.startAt), stops: stopsLeft };
}

function earlier(at: string, seconds: number): string {
  return new Date(Date.parse(at) - seconds * 1_000).toISOString();
}

function joinLegs(legs: readonly string[]): string {
  return legs.length === 1 ? legs[0]! : encodePolyline(geometryOf(legs.map((leg) => ({ leg }))).coordinates);
}
