import {
  distanceM,
  nearestOnLine,
  pointInRing,
  type LonLat,
  type Point,
  type Ring,
} from '../../shared/geo.ts';

/** When a truck is at a place. Metres and milliseconds. */
export interface VisitRules {
  /** A truck has left when it is this much farther than the edge: an edge is crossed once, not ten times. */
  exitMarginM: number;
  /** It has arrived when it stayed inside for so long: driving past is no visit. */
  dwellMs: number;
  /** It has left when it stayed outside for so long: a wandering fix ends no visit. */
  leaveMs: number;
}

/** A place a truck may visit: a circle (a stop, the depot, the landfill) or an area (a zone). */
export type Place = { id: string; rules?: VisitRules } & ((Point & { radiusM: number }) | { ring: Ring });

export const VISIT_RULES: VisitRules = { exitMarginM: 20, dwellMs: 30_000, leaveMs: 30_000 };

/** How a truck stands to one place. Instants in ms since the epoch. */
export interface PlaceState {
  /** Since when it has been inside without a break. */
  insideSinceT: number;
  /** Since when it has been outside, during a visit; null inside. */
  outsideSinceT: number | null;
  isVisiting: boolean;
}

/** A truck's state towards all places it is near to or visits; places not in it are far. */
export type VisitState = ReadonlyMap<string, PlaceState>;

export const NOWHERE: VisitState = new Map();

/** `at` is the instant of the first fix inside, or of the first outside. */
export interface Visit {
  kind: 'arrived' | 'departed';
  placeId: string;
  at: number;
}

/**
 * What a plausible fix, in time order, says about visits: the next state, and the arrivals and departures it proves.
 * Pure: the same fixes give the same visits.
 */
export function nextVisits(
  state: VisitState,
  fix: Point & { t: number },
  places: readonly Place[],
  rules: VisitRules = VISIT_RULES,
): { state: VisitState; visits: Visit[] } {
  const next = new Map<string, PlaceState>();
  const visits: Visit[] = [];
  for (const place of places) {
    const before = state.get(place.id) ?? null;
    const after = nextAt(before, fix, place, place.rules ?? rules, visits);
    if (after) next.set(place.id, after);
  }
  return { state: next, visits };
}

function nextAt(
  before: PlaceState | null,
  fix: Point & { t: number },
  place: Place,
  rules: VisitRules,
  visits: Visit[],
): PlaceState | null {
  if (before === null && isFarFrom(place, fix)) return null;
  const isInside = beyondEdgeM(place, fix) <= (before ? rules.exitMarginM : 0);
  if (isInside) {
    const insideSinceT = before?.insideSinceT ?? fix.t;
    if (before?.isVisiting) return { insideSinceT, outsideSinceT: null, isVisiting: true };
    const isVisiting = fix.t - insideSinceT >= rules.dwellMs;
    if (isVisiting) visits.push({ kind: 'arrived', placeId: place.id, at: insideSinceT });
    return { insideSinceT, outsideSinceT: null, isVisiting };
  }
  if (!before?.isVisiting) return null;
  const outsideSinceT = before.outsideSinceT ?? fix.t;
  if (fix.t - outsideSinceT < rules.leaveMs) return { ...before, outsideSinceT };
  visits.push({ kind: 'departed', placeId: place.id, at: outsideSinceT });
  return null;
}

const METRES_PER_DEGREE = 111_000;

/** A quick no for circles: a route has a hundred stops, and a truck is near one. */
function isFarFrom(place: Place, fix: Point): boolean {
  return !('ring' in place) && Math.abs(fix.lat - place.lat) * METRES_PER_DEGREE > place.radiusM + 10;
}

/** Metres outside a place's edge; zero or less inside. */
function beyondEdgeM(place: Place, fix: Point): number {
  if (!('ring' in place)) return distanceM(fix, place) - place.radiusM;
  if (pointInRing(fix, place.ring)) return 0;
  const closed: LonLat[] = [...place.ring, place.ring[0]!];
  return nearestOnLine(fix, closed).distanceM;
}
