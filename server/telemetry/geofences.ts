import { distanceM, type Point } from '../../shared/geo.ts';

/** A place a truck may visit: a stop, the depot, the landfill. */
export interface Place extends Point {
  id: string;
  /** Metres within which a truck is at it. */
  radiusM: number;
}

export interface VisitRules {
  /** A truck has left when it is this much farther than the radius: an edge is crossed once, not ten times. */
  exitMarginM: number;
  /** It has arrived when it stayed inside for so long: driving past is no visit. */
  dwellMs: number;
  /** It has left when it stayed outside for so long: a wandering fix ends no visit. */
  leaveMs: number;
}

export const VISIT_RULES: VisitRules = { exitMarginM: 20, dwellMs: 30_000, leaveMs: 30_000 };

/** How a truck stands to one place. Instants in ms since the epoch. */
interface PlaceState {
  /** Since when it has been inside without a break; null outside. */
  insideSinceT: number | null;
  /** Since when it has been outside, during a visit. */
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
    const after = nextAt(before, fix, place, rules, visits);
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
  const distance = distanceM(fix, place);
  const isInside = distance <= place.radiusM + (before ? rules.exitMarginM : 0);
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
