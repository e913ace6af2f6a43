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
  const pairs = routes.map((row) => ({ mine: ask(row).body.routes![0]!, theirs: row.response.routes![0]! }));
  return {
    routes: share(pairs, ({ mine, theirs }) => sameLength(mine, theirs)),
    geometry: share(pairs, (pair) => {
      const mine = decodePolyline(pair.mine.geometry, 1e5);
      const theirs = decodePolyline(pair.theirs.geometry, 1e5);
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
    if (!next) return samples.push(point);
    const pieces = Math.max(1, Math.ceil(metres(point, next) / 10));
    for (let k = 0; k < pieces; k++) {
      const along = k / pieces;
      samples.push([point[0] + (next[0] - point[0]) * along, point[1] + (next[1] - point[1]) * along]);
    }
  });
  return samples.filter((sample) => isNear(sample, other, 10)).length / Math.max(1, samples.length);
}

function isNear(point: [number, number], line: Line, limitM: number): boolean {
  const shrink = Math.cos((point[1] * Math.PI) / 180);
  const limit = limitM / METRES_PER_DEGREE;
  if (line.length === 1) return metres(point, line[0]!) <= limitM;
  for (let i = 0; i + 1 < line.length; i++) {
    const ay = line[i]![1] - point[1];
    const by = line[i + 1]![1] - point[1];
    if (Math.min(ay, by) > limit || Math.max(ay, by) < -limit) continue;
    const ax = (line[i]![0] - point[0]) * shrink;
    const bx = (line[i + 1]![0] - point[0]) * shrink;
    if (Math.min(ax, bx) > limit || Math.max(ax, bx) < -limit) continue;
    const dx = bx - ax;
    const dy = by - ay;
    const squared = dx * dx + dy * dy;
    const along = squared === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / squared));
    if (Math.hypot(ax + dx * along, ay + dy * along) <= limit) return true;
  }
  return false;
}
