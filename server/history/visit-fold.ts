import {
  nextVisits,
  type Place,
  type PlaceState,
  type Visit,
  type VisitState,
} from '../telemetry/geofences.ts';
import type { TrackPoint } from './track-points.ts';

/** A visit and the fix that decided it: the arrival itself lies a dwell before. */
export interface DecidedVisit extends Visit {
  decidedAt: number;
}

/**
 * Folds a stretch of track into visits. A place that is no longer among the places — its stop went to another truck, its
 * route ended — is left at the first fix after. Pure.
 */
export function foldVisits(
  state: VisitState,
  track: readonly Pick<TrackPoint, 't' | 'lat' | 'lon'>[],
  places: readonly Place[],
): { state: VisitState; visits: DecidedVisit[] } {
  const visits: DecidedVisit[] = [];
  const known = new Set(places.map((place) => place.id));
  const first = track[0];
  if (first !== undefined) {
    for (const [placeId, { isVisiting }] of state) {
      if (isVisiting && !known.has(placeId)) {
        visits.push({ kind: 'departed', placeId, at: first.t, decidedAt: first.t });
      }
    }
  }
  let current = state;
  for (const fix of track) {
    const step = nextVisits(current, fix, places);
    current = step.state;
    for (const visit of step.visits) visits.push({ ...visit, decidedAt: fix.t });
  }
  return { state: current, visits };
}

/** A state as it is stored. */
export function packState(state: VisitState): Record<string, PlaceState> {
  return Object.fromEntries(state);
}

export function unpackState(stored: Record<string, PlaceState>): VisitState {
  return new Map(Object.entries(stored));
}
