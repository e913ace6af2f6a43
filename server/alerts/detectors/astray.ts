import { distanceM, nearestOnLine, pointInRing, type LonLat, type Ring } from '../../../shared/geo.ts';
import type { RouteView } from '../../../shared/plan.ts';
import {
  isFresh,
  restPlaces,
  runningByTruck,
  type Detector,
  type PositionFact,
  type Reading,
  type RoomFacts,
} from './facts.ts';

/** Once off the line, nearer than this share of the distance is back on it. */
const BACK_SHARE = 0.7;
const BACK_AFTER_S = 30;
const REST_WITHIN_M = 250;

/** Away from the planned line (the streets of its legs, not the straight way between stops) on a running route. */
export const detectOffRoute: Detector = (facts, isRaised) => {
  const { offRouteM, offRouteForS } = facts.rules.alerts;
  return onRoute(facts).map(({ route, position }) => {
    const subject = { kind: 'truck' as const, id: route.truckId };
    const limitM = offRouteM * (isRaised('off-route', subject) ? BACK_SHARE : 1);
    const offM = metresOffLine(facts, route, position);
    return {
      ...astray(route, position),
      kind: 'off-route' as const,
      subject,
      isOn: !isFresh(position) || offM === null ? null : offM > limitM && !isResting(facts, position),
      level: 'medium' as const,
      raiseAfterS: offRouteForS,
      details: { ...whereOf(route, position), offM: Math.round(offM ?? 0) },
    };
  });
};

/**
 * Where it has no business: on a route, outside its zone and away from its line (the way to the landfill leads through
 * the other zone); at any time, outside the service area.
 */
export const detectZoneLeft: Detector = (facts, isRaised) => {
  const { zoneLeftM, zoneForS, offRouteM } = facts.rules.alerts;
  const running = runningByTruck(facts);
  return facts.trucks.flatMap((truck): Reading[] => {
    const position = facts.positions.get(truck.id);
    if (position === undefined) return [];
    const route = running.get(truck.id);
    const subject = { kind: 'truck' as const, id: truck.id };
    const limitM = zoneLeftM * (isRaised('zone-left', subject) ? BACK_SHARE : 1);
    const outOfAreaM = metresOutside(position, [facts.rules.serviceArea]);
    const rings = facts.rules.zones.filter(({ zone }) => zone === route?.zone).map(({ ring }) => ring);
    const offM = route === undefined ? null : metresOffLine(facts, route, position);
    const isOffLine = offM !== null && offM > offRouteM * BACK_SHARE;
    const outOfZoneM =
      rings.length > 0 && isOffLine && !isResting(facts, position) ? metresOutside(position, rings) : 0;
    return [
      {
        kind: 'zone-left',
        subject,
        zone: route?.zone ?? truck.zone,
        isOn: isFresh(position) ? Math.max(outOfAreaM, outOfZoneM) > limitM : null,
        atMs: position.t,
        level: outOfAreaM > limitM ? 'high' : 'medium',
        raiseAfterS: zoneForS,
        clearAfterS: BACK_AFTER_S,
        details: {
          plate: truck.plate,
          truckId: truck.id,
          lat: position.lat,
          lon: position.lon,
          area: outOfAreaM > limitM ? 'service-area' : (route?.zone ?? 'service-area'),
          outM: Math.round(Math.max(outOfAreaM, outOfZoneM)),
        },
      },
    ];
  });
};

/** Inside an area that is closed, on a running route. */
export const detectClosureEntered: Detector = (facts) =>
  onRoute(facts).map(({ route, position }) => {
    const closure = facts.closures.find(({ ring }) => pointInRing(position, ring));
    return {
      ...astray(route, position),
      kind: 'closure-entered' as const,
      subject: { kind: 'truck' as const, id: route.truckId },
      isOn: isFresh(position) ? closure !== undefined : null,
      level: 'medium' as const,
      raiseAfterS: 20,
      details: { ...whereOf(route, position), closureId: closure?.id ?? null },
    };
  });

function onRoute(facts: RoomFacts): { route: RouteView; position: PositionFact }[] {
  return [...runningByTruck(facts).values()].flatMap((route) => {
    const position = facts.positions.get(route.truckId);
    const truck = facts.trucks.find((candidate) => candidate.id === route.truckId);
    return position === undefined || truck?.state === 'out' ? [] : [{ route, position }];
  });
}

function astray(route: RouteView, position: PositionFact) {
  return { zone: route.zone, atMs: position.t, clearAfterS: BACK_AFTER_S };
}

function whereOf(route: RouteView, position: PositionFact) {
  return {
    plate: route.plate,
    truckId: route.truckId,
    routeId: route.id,
    lat: position.lat,
    lon: position.lon,
  };
}

/** Metres from the route's line; null when there is none to speak of. */
function metresOffLine(facts: RoomFacts, route: RouteView, position: PositionFact): number | null {
  const line = route.geometry.coordinates;
  if (facts.degraded || line.length < 2) return null;
  return nearestOnLine(position, line).distanceM;
}

/** Metres outside all of the rings; 0 inside one. */
function metresOutside(position: PositionFact, rings: readonly Ring[]): number {
  if (rings.some((ring) => pointInRing(position, ring))) return 0;
  return Math.min(...rings.map((ring) => nearestOnLine(position, [...ring, ring[0]!] as LonLat[]).distanceM));
}

function isResting(facts: RoomFacts, position: PositionFact): boolean {
  return restPlaces(facts).some((place) => distanceM(place, position) <= REST_WITHIN_M);
}
