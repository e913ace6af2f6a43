import { routeObject, waypoint } from './answers.ts';
import { distanceM, toFixed } from './geo.ts';
import type { Graph } from './graph.ts';
import { findPath, type Finder } from './journey.ts';
import { layOut, type Leg } from './leg.ts';
import type { LocalSearch } from './local-search.ts';
import type { Request } from './request.ts';
import type { Json } from './route-shape.ts';
import { seedsOf, type Seed } from './search.ts';
import type { Snapper } from './snap.ts';
import { bendsBack, DEFAULT_SIGMA_M, TraceMatcher, type Fix, type MatchedPoint } from './trace-matcher.ts';

export interface Matching {
  points: MatchedPoint[];
  legs: Leg[];
  confidence: number;
}

/** Lays a trace onto the streets: its connected pieces, or why there is none. */
export function matchTrace(
  graph: Graph,
  snapper: Snapper,
  local: LocalSearch,
  finder: Finder,
  { coordinates, options }: Request,
): Matching[] | 'no-street' | 'no-match' {
  const fixes = coordinates.map(([lon, lat], i): Fix => ({
    lon,
    lat,
    timeS: options.timestamps[i] ?? NaN,
    sigmaM: sigma(options.radiuses[i]),
  }));
  const kept = options.tidy ? tidied(fixes) : [...fixes.keys()];
  const matcher = new TraceMatcher(graph, snapper, finder.closed, local, options.gaps === 'split');
  let anyStreet = false;
  kept.forEach((index, i) => {
    const before = fixes[kept[i - 1] ?? -1];
    const after = fixes[kept[i + 1] ?? -1];
    const mayTurn = before !== undefined && after !== undefined && bendsBack(before, fixes[index]!, after);
    if (matcher.add(fixes[index]!, mayTurn)) anyStreet = true;
  });
  if (!anyStreet) return 'no-street';
  const matchings = matcher.finish().flatMap(
    (run) =>
      drive(
        graph,
        finder,
        run.map((point) => ({ ...point, fix: kept[point.fix]! })),
        fixes,
      ) ?? [],
  );
  return matchings.length === 0 ? 'no-match' : matchings;
}

function sigma(radius: number | null | undefined): number {
  return radius !== null && radius !== undefined && radius > 0 && radius < Infinity
    ? radius
    : DEFAULT_SIGMA_M;
}

/** Drops fixes that lie within 15 m and 5 s of the one kept before them. */
function tidied(fixes: readonly Fix[]): number[] {
  const kept: number[] = [];
  fixes.forEach((fix, i) => {
    const last = fixes[kept.at(-1) ?? -1];
    const isNew =
      last === undefined ||
      metresBetween(last, fix) >= 15 ||
      !(fix.timeS - last.timeS < 5) ||
      i === fixes.length - 1;
    if (isNew) kept.push(i);
  });
  return kept;
}

function metresBetween(a: Fix, b: Fix): number {
  return distanceM(toFixed(a.lon), toFixed(a.lat), toFixed(b.lon), toFixed(b.lat));
}

/** The way along a run of matched points. */
function drive(graph: Graph, finder: Finder, run: MatchedPoint[], fixes: readonly Fix[]): Matching | null {
  const legs: Leg[] = [];
  const seeds = (point: MatchedPoint, role: 'source' | 'target'): Seed[] =>
    seedsOf(graph, [point.candidate.place], role, finder.closed).filter((seed) =>
      point.candidate.lanes.includes(seed.lane),
    );
  for (let i = 0; i + 1 < run.length; i++) {
    const found = findPath(finder, seeds(run[i]!, 'source'), seeds(run[i + 1]!, 'target'));
    if (!found) return null;
    legs.push(layOut(graph, found.lanes, run[i]!.candidate.place, run[i + 1]!.candidate.place));
  }
  let traceM = 0;
  for (let i = 0; i + 1 < run.length; i++)
    traceM += metresBetween(fixes[run[i]!.fix]!, fixes[run[i + 1]!.fix]!);
  const drivenM = legs.reduce((sum, leg) => sum + leg.distance, 0);
  return { points: run, legs, confidence: confidenceOf(traceM, drivenM) };
}

/** Near 1 when the matched way is about as long as the trace, falling as they differ. */
function confidenceOf(traceM: number, drivenM: number): number {
  if (traceM <= 0) return drivenM <= 0 ? 1 : 0;
  const stretch = Math.abs(Math.log(Math.max(drivenM, 1e-3) / traceM));
  return Number((1 / (1 + 0.05 * Math.exp(8 * stretch))).toPrecision(9));
}

/** The answer in OSRM's shape: matchings, and for each fix where it was or null. */
export function matchAnswer(graph: Graph, matchings: readonly Matching[], request: Request): Json {
  const { coordinates, options } = request;
  const tracepoints: (Json | null)[] = coordinates.map(() => null);
  const bodies = matchings.map(({ points, legs, confidence }, index) => {
    points.forEach(({ fix, candidate, alternatives }, i) => {
      tracepoints[fix] = {
        alternatives_count: alternatives,
        waypoint_index: i,
        matchings_index: index,
        ...waypoint(graph, candidate.place, coordinates[fix]!, options.generateHints),
      };
    });
    const asked = points.map(({ fix }) => coordinates[fix]!);
    return { confidence, ...routeObject(graph, legs, asked, options) };
  });
  return { matchings: bodies, ...(options.skipWaypoints ? {} : { tracepoints }) };
}
