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

/** Index in the line of the point nearest to `point`, searching from `from` on. */
function vertexNear(line: readonly LonLat[], point: Point, from: number): number {
  const rest = line.slice(from);
  if (rest.length < 2) return line.length - 1;
  const { segment } = nearestOnLine(point, rest);
  const away = (index: number) => {
    const vertex = rest[Math.min(index, rest.length - 1)]!;
    return distanceM(point, { lon: vertex[0], lat: vertex[1] });
  };
  return from + (away(segment + 1) < away(segment) ? segment + 1 : segment);
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
  let reached = 0;
  for (const stop of stops) {
    if (stop.state !== 'done' && stop.state !== 'failed') break;
    reached = vertexNear(line, stop, reached);
  }
  const rest = line.slice(reached);
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
  for (const stop of route.stops) {
    if (stop.state === 'done' || stop.state === 'failed') continue;
    const to = Math.max(at, vertexNear(line, stop, Math.max(0, at - 1)) + 1);
    const leg = [...piece, ...line.slice(at, to)];
    if (leg.length > 1) (stop.kind === 'disposal' ? toLandfill : ahead).push(leg);
    piece = [leg[leg.length - 1]!];
    at = to;
  }
  const rest = [...piece, ...line.slice(at)];
  if (rest.length > 1) ahead.push(rest);
  return { ahead, toLandfill, behind };
}
