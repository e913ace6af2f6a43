/** The way to the next stop, from the router's answer. Pure, but for the one request. */
import type { LonLat, Point } from '../../../shared/geo.ts';

export type Turn = 'left' | 'right' | 'straight' | 'uturn' | 'roundabout' | 'arrive';

export interface Guidance {
  distanceM: number;
  durationS: number;
  line: LonLat[];
  /** The next manoeuvre and how far it is; null when the router tells none. */
  next: { turn: Turn; street: string; inM: number } | null;
  /** Name of the street of arrival; empty when it has none. */
  street: string;
}

interface OsrmStep {
  distance: number;
  name: string;
  maneuver: { type: string; modifier?: string };
}

interface OsrmRoute {
  distance: number;
  duration: number;
  geometry: { coordinates: [number, number][] };
  legs: { steps: OsrmStep[] }[];
}

function turnOf({ type, modifier = '' }: OsrmStep['maneuver']): Turn {
  if (type === 'arrive') return 'arrive';
  if (type.includes('roundabout') || type === 'rotary') return 'roundabout';
  if (modifier === 'uturn') return 'uturn';
  if (modifier.includes('left')) return 'left';
  return modifier.includes('right') ? 'right' : 'straight';
}

/** Reads an answer of OSRM's route service with steps; null when it holds no route. */
export function readGuidance(answer: unknown): Guidance | null {
  const route = (answer as { routes?: OsrmRoute[] } | null)?.routes?.[0];
  if (!route) return null;
  const steps = route.legs.flatMap((leg) => leg.steps);
  const [first, then] = steps;
  return {
    distanceM: route.distance,
    durationS: route.duration,
    line: route.geometry.coordinates,
    next: first && then ? { turn: turnOf(then.maneuver), street: then.name, inM: first.distance } : null,
    street: steps.findLast((step) => step.name !== '')?.name ?? '',
  };
}

const at = ({ lon, lat }: Point) => `${lon.toFixed(6)},${lat.toFixed(6)}`;

/** Asks the server's router; null when it does not answer. */
export async function askGuidance(from: Point, to: Point, signal: AbortSignal): Promise<Guidance | null> {
  try {
    const response = await fetch(
      `/osrm/route/v1/truck/${at(from)};${at(to)}?steps=true&geometries=geojson&overview=full`,
      { credentials: 'same-origin', signal },
    );
    return response.ok ? readGuidance(await response.json()) : null;
  } catch {
    return null;
  }
}

/** Street a point lies on; null when the router does not say. */
export async function askStreet(point: Point): Promise<string | null> {
  try {
    const response = await fetch(`/osrm/nearest/v1/truck/${at(point)}`, { credentials: 'same-origin' });
    const answer = response.ok ? ((await response.json()) as { waypoints?: { name?: string }[] }) : null;
    return answer?.waypoints?.[0]?.name || null;
  } catch {
    return null;
  }
}
