/**
 * The drawing board of the synthetic city: metres east and north of the corner of Quijano y Ordóñez and Tarqui.
 */
export type Spot = readonly [eastM: number, northM: number];

const ORIGIN_LON = -78.61286;
const ORIGIN_LAT = -0.93493;
const METRES_PER_DEGREE_LAT = 111_195;
const METRES_PER_DEGREE_LON = METRES_PER_DEGREE_LAT * Math.cos((ORIGIN_LAT * Math.PI) / 180);

export function spotOf(lon: number, lat: number): Spot {
  return [(lon - ORIGIN_LON) * METRES_PER_DEGREE_LON, (lat - ORIGIN_LAT) * METRES_PER_DEGREE_LAT];
}

/** Degrees, rounded to OSM's 1e-7. */
export function lonLatOf([east, north]: Spot): [lon: number, lat: number] {
  return [
    Math.round((ORIGIN_LON + east / METRES_PER_DEGREE_LON) * 1e7) / 1e7,
    Math.round((ORIGIN_LAT + north / METRES_PER_DEGREE_LAT) * 1e7) / 1e7,
  ];
}

/** The box the map covers: latitude -1.02 to -0.86, longitude -78.70 to -78.53. */
const SOUTH_WEST = spotOf(-78.7, -1.02);
const NORTH_EAST = spotOf(-78.53, -0.86);

export function isOnMap([east, north]: Spot): boolean {
  return east > SOUTH_WEST[0] && east < NORTH_EAST[0] && north > SOUTH_WEST[1] && north < NORTH_EAST[1];
}

export function apartM(a: Spot, b: Spot): number {
  const [east, north] = [a[0] - b[0], a[1] - b[1]];
  return Math.sqrt(east * east + north * north);
}

export function between(a: Spot, b: Spot, share: number): Spot {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}

export function lengthM(line: readonly Spot[]): number {
  return pairs(line).reduce((sum, [a, b]) => sum + apartM(a, b), 0);
}

/** Consecutive points of a line, two by two. */
export function pairs<T>(line: readonly T[]): [T, T][] {
  return line.slice(1).map((point, i) => [line[i] as T, point]);
}

/** Even-odd test in a ring whose last point need not repeat the first. */
export function isWithin([x, y]: Spot, ring: readonly Spot[]): boolean {
  let inside = false;
  let previous = ring.at(-1);
  for (const corner of ring) {
    if (previous && corner[1] > y !== previous[1] > y) {
      const crossing = ((previous[0] - corner[0]) * (y - corner[1])) / (previous[1] - corner[1]) + corner[0];
      if (x < crossing) inside = !inside;
    }
    previous = corner;
  }
  return inside;
}

/** A Catmull-Rom curve through the given points, with a point about every `stepM`. */
export function smooth(points: readonly Spot[], stepM = 25): Spot[] {
  const curve: Spot[] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const p1 = points[i] as Spot;
    const p2 = points[i + 1] as Spot;
    const p0 = points[i - 1] ?? between(p1, p2, -1);
    const p3 = points[i + 2] ?? between(p2, p1, -1);
    const steps = Math.max(1, Math.round(apartM(p1, p2) / stepM));
    for (let k = 0; k < steps; k++) {
      const t = k / steps;
      const along = (axis: 0 | 1): number =>
        0.5 *
        (2 * p1[axis] +
          (p2[axis] - p0[axis]) * t +
          (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t * t +
          (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t * t * t);
      curve.push([along(0), along(1)]);
    }
  }
  const last = points.at(-1);
  if (last) curve.push(last);
  return curve;
}

/** Bends a line sideways by up to about `amplitudeM`, leaving both ends where they are. */
export function wander(
  line: readonly Spot[],
  amplitudeM: number,
  wavelengthM: number,
  random: () => number,
): Spot[] {
  const total = lengthM(line);
  const [phaseA, phaseB, phaseC] = [random() * 6.28, random() * 6.28, random() * 6.28];
  let along = 0;
  return line.map((point, i) => {
    const before = line[i - 1] ?? point;
    const after = line[i + 1] ?? point;
    along += apartM(before, point);
    const span = apartM(before, after) || 1;
    const fade = Math.min(1, (4 * Math.min(along, total - along)) / Math.max(total, 1));
    const turn = (along / wavelengthM) * 6.28;
    const sway = Math.sin(turn + phaseA) + 0.6 * Math.sin(2.3 * turn + phaseB);
    const calm = 0.65 + 0.45 * Math.sin(0.31 * turn + phaseC);
    const shift = amplitudeM * Math.max(0, fade) * calm * sway;
    return [
      point[0] - ((after[1] - before[1]) / span) * shift,
      point[1] + ((after[0] - before[0]) / span) * shift,
    ];
  });
}

export interface Nearest {
  distanceM: number;
  point: Spot;
  /** Unit direction of the nearest piece. */
  direction: Spot;
  line: number;
}

/** Pieces of many lines, found by place. */
export interface PieceIndex {
  /** The nearest piece within `radiusM`, or null; `accept` may refuse lines by number. */
  nearest(spot: Spot, radiusM: number, accept?: (line: number) => boolean): Nearest | null;
  /** Pieces whose cells the box around a–b touches. */
  around(a: Spot, b: Spot): readonly Piece[];
}

export interface Piece {
  line: number;
  at: number;
  a: Spot;
  b: Spot;
}

const CELL_M = 80;

export function indexPieces(lines: readonly (readonly Spot[])[]): PieceIndex {
  const cells = new Map<number, Piece[]>();
  lines.forEach((points, line) => {
    pairs(points).forEach(([a, b], at) => {
      for (const key of cellsOf(a, b, 0)) {
        const cell = cells.get(key);
        if (cell) cell.push({ line, at, a, b });
        else cells.set(key, [{ line, at, a, b }]);
      }
    });
  });
  const around = (a: Spot, b: Spot): Piece[] => {
    const found = new Set<Piece>();
    for (const key of cellsOf(a, b, 1)) for (const piece of cells.get(key) ?? []) found.add(piece);
    return [...found];
  };
  const nearest = (spot: Spot, radiusM: number, accept?: (line: number) => boolean): Nearest | null => {
    let best: Piece | null = null;
    let bestPoint = spot;
    let bestM = Infinity;
    for (const key of cellsOf(spot, spot, radiusM)) {
      for (const piece of cells.get(key) ?? []) {
        if (accept && !accept(piece.line)) continue;
        const point = closestOn(piece, spot);
        const distanceM = apartM(point, spot);
        if (distanceM > radiusM || distanceM >= bestM) continue;
        best = piece;
        bestPoint = point;
        bestM = distanceM;
      }
    }
    if (!best) return null;
    const { a, b, line } = best;
    const span = apartM(a, b) || 1;
    const direction: Spot = [(b[0] - a[0]) / span, (b[1] - a[1]) / span];
    return { distanceM: bestM, point: bestPoint, direction, line };
  };
  return { around, nearest };
}

function closestOn({ a, b }: Piece, spot: Spot): Spot {
  const [east, north] = [b[0] - a[0], b[1] - a[1]];
  const squared = east * east + north * north;
  if (squared === 0) return a;
  const share = ((spot[0] - a[0]) * east + (spot[1] - a[1]) * north) / squared;
  return between(a, b, Math.min(1, Math.max(0, share)));
}

/** Numbers of the cells that a box touches; the plane is far smaller than 8192 cells across. */
function cellsOf(a: Spot, b: Spot, marginM: number): number[] {
  const [west, east] = [Math.min(a[0], b[0]) - marginM, Math.max(a[0], b[0]) + marginM];
  const [south, north] = [Math.min(a[1], b[1]) - marginM, Math.max(a[1], b[1]) + marginM];
  const keys: number[] = [];
  for (let x = Math.floor(west / CELL_M); x <= Math.floor(east / CELL_M); x++) {
    for (let y = Math.floor(south / CELL_M); y <= Math.floor(north / CELL_M); y++) {
      keys.push((x + 4096) * 8192 + y + 4096);
    }
  }
  return keys;
}

/** Where two pieces cross: shares along each, or null. Ends that touch within `slackM` count. */
export function crossing(
  a: Spot,
  b: Spot,
  c: Spot,
  d: Spot,
  slackM = 0.05,
): { first: number; second: number; point: Spot } | null {
  const [ux, uy, vx, vy] = [b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]];
  const cross = ux * vy - uy * vx;
  const [lengthU, lengthV] = [Math.hypot(ux, uy), Math.hypot(vx, vy)];
  if (Math.abs(cross) < 1e-3 * lengthU * lengthV) return null;
  const first = ((c[0] - a[0]) * vy - (c[1] - a[1]) * vx) / cross;
  const second = ((c[0] - a[0]) * uy - (c[1] - a[1]) * ux) / cross;
  const [slackU, slackV] = [slackM / lengthU, slackM / lengthV];
  if (first < -slackU || first > 1 + slackU || second < -slackV || second > 1 + slackV) return null;
  return { first, second, point: between(a, b, first) };
}
