/** Cuts the chosen truck's planned line into what lies behind it, ahead of it, and the dotted legs to the landfill. */
import { distanceM, nearestOnLine, type LonLat, type Point } from '../../../shared/geo.ts';
import type { RouteView } from '../../../shared/plan.ts';

export interface SplitRoute {
  ahead: LonLat[][];
  toLandfill: LonLat[][];
  behind: LonLat[];
}

/** A truck farther than this from its line is not on it: nothing of the plan counts as driven. */
const ON_ROUTE_M = 150;

/** A stop lies beside its street: the first pass this near to the best one is the visit. */
const SAME_PASS_M = 25;

/**
 * Index of the vertex where the line, from `from` on, first passes a stop. A round that crosses itself passes the
 * same corner several times; the stops come in order, so the first pass is the one.
 */
function vertexNear(line: readonly LonLat[], point: Point, from: number): number {
  const rest = line.slice(from);
  if (rest.length < 2) return line.length - 1;
  const away = (index: number) => {
    const vertex = rest[Math.min(index, rest.length - 1)]!;
    return distanceM(point, { lon: vertex[0], lat: vertex[1] });
  };
  const limitM = nearestOnLine(point, rest).distanceM + SAME_PASS_M;
  let segment = 0;
  while (
    segment < rest.length - 2 &&
    nearestOnLine(point, rest.slice(segment, segment + 2)).distanceM > limitM
  ) {
    segment += 1;
  }
  while (segment < rest.length - 2 && away(segment + 1) < away(segment)) segment += 1;
  return from + segment;
}

/** Where a line passes each of its stops; kept with the list of stops, which a new plan replaces. */
const passes = new WeakMap<object, number[]>();
function passesOf(line: readonly LonLat[], stops: readonly Point[]): number[] {
  let known = passes.get(stops);
  if (known === undefined) {
    known = [];
    for (const stop of stops) known.push(vertexNear(line, stop, known[known.length - 1] ?? 0));
    passes.set(stops, known);
  }
  return known;
}

interface Cut {
  /** Index of the first vertex ahead. */
  at: number;
  from: LonLat;
}

/** Where a line is cut: at the truck when it is on it, else after the last stop that is behind it. */
function cutAt(
  line: readonly LonLat[],
  stops: readonly (Point & { state: string })[],
  truck: Point | null,
): Cut {
  const passed = passesOf(line, stops);
  const open = stops.findIndex((stop) => stop.state !== 'done' && stop.state !== 'failed');
  const reached = open === 0 ? 0 : (passed[(open < 0 ? stops.length : open) - 1] ?? 0);
  // A round crosses itself: the truck is looked for on its present leg alone.
  const rest = line.slice(reached, open < 0 ? line.length : Math.max(reached, passed[open]!) + 2);
  const near = truck && rest.length > 1 ? nearestOnLine(truck, rest) : null;
  if (near && near.distanceM < ON_ROUTE_M) {
    return { at: reached + near.segment + 1, from: [near.point.lon, near.point.lat] };
  }
  return { at: reached + 1, from: line[reached]! };
}

/** What of a route's line is still to be driven. */
export function lineAhead(
  line: readonly LonLat[],
  stops: readonly (Point & { state: string })[],
  truck: Point | null,
): LonLat[] {
  if (line.length < 2) return [];
  const { at, from } = cutAt(line, stops, truck);
  return [from, ...line.slice(at)];
}

/** `truck` is where it is now; null before it leaves. */
export function splitRoute(route: RouteView, truck: Point | null): SplitRoute {
  const line = route.geometry.coordinates;
  if (line.length < 2) return { ahead: [], toLandfill: [], behind: [] };
  const { at: cut, from } =
    truck && route.state === 'running' ? cutAt(line, route.stops, truck) : { at: 1, from: line[0]! };
  const behind: LonLat[] = [...line.slice(0, cut), from];
  const ahead: LonLat[][] = [];
  const toLandfill: LonLat[][] = [];
  let at = cut;
  let piece: LonLat[] = [from];
  const passed = passesOf(line, route.stops);
  route.stops.forEach((stop, index) => {
    if (stop.state === 'done' || stop.state === 'failed') return;
    const to = Math.max(at, passed[index]! + 1);
    const leg = [...piece, ...line.slice(at, to)];
    if (leg.length > 1) (stop.kind === 'disposal' ? toLandfill : ahead).push(leg);
    piece = [leg[leg.length - 1]!];
    at = to;
  });
  const rest = [...piece, ...line.slice(at)];
  if (rest.length > 1) ahead.push(rest);
  return { ahead, toLandfill, behind };
}
