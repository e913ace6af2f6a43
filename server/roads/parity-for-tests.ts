import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './embedded/engine.ts';
import { decodePolyline } from './embedded/request.ts';

/** Shares, 0 to 1, of what agrees with the recorded answers of osrm-routed. */
export interface CityParity {
  /** Duration and distance within 1 %. */
  routes: number;
  tableCells: number;
  /** All places within 1 m. */
  nearest: number;
  /** Error code, message and status equal. */
  errors: number;
  /** 95 % of either line within 10 m of the other. */
  geometry: number;
  /** No more than 0.5 % longer than the recorded trip. */
  trips: number;
  /** Points of matched lines within 10 m of the driven line, and the other way round. */
  matchedOnTruth: number;
  truthMatched: number;
}

interface Route {
  duration: number;
  distance: number;
  geometry: string;
}
interface Row {
  request: string;
  status: number;
  response: {
    code: string;
    message?: string;
    routes?: Route[];
    trips?: Route[];
    matchings?: Route[];
    durations?: (number | null)[][];
    distances?: (number | null)[][];
    waypoints?: { location: [number, number] }[];
  };
  truth?: { geometry: string };
}
type Body = Row['response'];
type Line = [number, number][];

const METRES_PER_DEGREE = 111_195;
const TOLERANCE = 0.01;

export function compareCity(engine: Engine, folder: string, city: string): CityParity {
  const rows = (kind: string): Row[] =>
    readFileSync(join(folder, `${city}-${kind}.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
  const ask = (row: Row): { status: number; body: Body } =>
    engine.answer(row.request) as unknown as { status: number; body: Body };
  const routes = rows('route').filter((row) => row.status === 200);
  const lines = rows('match').map((row) => ({
    mine: (ask(row).body.matchings ?? []).flatMap(({ geometry }) => decodePolyline(geometry, 1e5)),
    truth: decodePolyline(row.truth!.geometry, 1e5),
  }));
  return {
    routes: share(routes, (row) => sameLength(ask(row).body.routes![0]!, row.response.routes![0]!)),
    geometry: share(routes, (row) => {
      const mine = decodePolyline(ask(row).body.routes![0]!.geometry, 1e5);
      const theirs = decodePolyline(row.response.routes![0]!.geometry, 1e5);
      return covered(mine, theirs) >= 0.95 && covered(theirs, mine) >= 0.95;
    }),
    tableCells: mean(rows('table').flatMap((row) => sameCells(ask(row).body, row.response))),
    nearest: share(rows('nearest'), (row) => {
      const mine = ask(row).body.waypoints ?? [];
      const theirs = row.response.waypoints ?? [];
      return (
        mine.length === theirs.length &&
        mine.every((point, i) => metres(point.location, theirs[i]!.location) < 1)
      );
    }),
    errors: share(rows('edge'), (row) => {
      const { status, body } = ask(row);
      return (
        status === row.status && body.code === row.response.code && body.message === row.response.message
      );
    }),
    trips: share(
      rows('trip'),
      (row) => ask(row).body.trips![0]!.duration <= row.response.trips![0]!.duration * 1.005,
    ),
    matchedOnTruth: mean(lines.map(({ mine, truth }) => covered(mine, truth))),
    truthMatched: mean(lines.map(({ mine, truth }) => covered(truth, mine))),
  };
}

function share<T>(items: readonly T[], test: (item: T) => boolean): number {
  return items.filter(test).length / items.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function near(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a - b) <= TOLERANCE * Math.max(a, b);
}

function sameLength(a: Route, b: Route): boolean {
  return near(a.duration, b.duration) && near(a.distance, b.distance);
}

/** 1 or 0 per cell. */
function sameCells(mine: Body, theirs: Body): number[] {
  return theirs.durations!.flatMap((row, i) =>
    row.map((duration, j) =>
      near(duration, mine.durations![i]![j]!) && near(theirs.distances![i]![j]!, mine.distances![i]![j]!)
        ? 1
        : 0,
    ),
  );
}

function metres([ax, ay]: readonly number[], [bx, by]: readonly number[]): number {
  const shrink = Math.cos((ay! * Math.PI) / 180);
  return Math.hypot((bx! - ax!) * shrink, by! - ay!) * METRES_PER_DEGREE;
}

/** Share of a line, sampled every 10 m, that lies within 10 m of the other. */
function covered(line: Line, other: Line): number {
  const samples: Line = [];
  line.forEach((point, i) => {
    const next = line[i + 1];
    const pieces = next ? Math.max(1, Math.ceil(metres(point, next) / 10)) : 1;
    for (let k = 0; k < (next ? pieces : 1); k++) {
      const along = k / pieces;
      samples.push(
        next ? [point[0] + (next[0] - point[0]) * along, point[1] + (next[1] - point[1]) * along] : point,
      );
    }
  });
  return samples.filter((sample) => offLine(sample, other) <= 10).length / Math.max(1, samples.length);
}

function offLine(point: [number, number], line: Line): number {
  const shrink = Math.cos((point[1] * Math.PI) / 180);
  let least = line.length === 1 ? metres(point, line[0]!) : Infinity;
  for (let i = 0; i + 1 < line.length; i++) {
    const ax = (line[i]![0] - point[0]) * shrink;
    const ay = line[i]![1] - point[1];
    const dx = (line[i + 1]![0] - line[i]![0]) * shrink;
    const dy = line[i + 1]![1] - line[i]![1];
    const squared = dx * dx + dy * dy;
    const along = squared === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / squared));
    least = Math.min(least, Math.hypot(ax + dx * along, ay + dy * along) * METRES_PER_DEGREE);
  }
  return least;
}
