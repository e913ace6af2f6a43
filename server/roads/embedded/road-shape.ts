import { angularDeviation, bearing, distanceM } from './geo.ts';
import { fittedLine, projectedOn, type Point } from './line-fit.ts';

/**
 * The direction in which a driver perceives a street to leave a junction. The first metres of a drawn way often only
 * lead from the middle of the crossing onto the lane, so the bearing is that of a point further along, chosen by
 * the shape of the first 40 m. The method and its constants follow OSRM's coordinate extractor, because turn costs
 * depend on these angles.
 */
export interface RoadShape {
  lon: readonly number[];
  lat: readonly number[];
}

export interface RoadTraits {
  roundabout: boolean;
  highway: string;
  /** Most lanes of any road at the junction; 0 unknown. */
  junctionLanes: number;
}

const LANE_M = 3.25;
const NEAR_M = 10;
const FAR_M = 40;
const JITTER_M = 2;
/** Anything else (service roads, tracks) is drawn too freely for more than a short look ahead. */
const DRAWN_WITH_CARE =
  /^((motorway|trunk|primary|secondary|tertiary)(_link)?|unclassified|residential|living_street)$/;

interface Line {
  lon: number[];
  lat: number[];
  /** Metres of each piece; `lengths[0]` is 0. */
  lengths: number[];
}

/** Perceived bearing of a street that leaves from `shape[0]`. */
export function perceivedBearing(shape: RoadShape, traits: RoadTraits): number {
  const [lon, lat] = representativePoint(shape, traits);
  return bearing(shape.lon[0]!, shape.lat[0]!, lon, lat);
}

/** Bearing to the first node at least a metre away: used where only two roads meet. */
export function closeBearing(shape: RoadShape): number {
  const last = shape.lon.length - 1;
  for (let i = 1; i <= last; i++) {
    if (i === last || distanceM(shape.lon[0]!, shape.lat[0]!, shape.lon[i]!, shape.lat[i]!) > 1) {
      return bearing(shape.lon[0]!, shape.lat[0]!, shape.lon[i]!, shape.lat[i]!);
    }
  }
  return 0;
}

/** Bearing over the first two metres: the drawn angle, without interpretation. */
export function initialBearing(shape: RoadShape): number {
  const [lon, lat] = pointAt(lineOf(shape), JITTER_M);
  return bearing(shape.lon[0]!, shape.lat[0]!, lon, lat);
}

function representativePoint(shape: RoadShape, traits: RoadTraits): Point {
  let line = lineOf(shape);
  if (line.lon.length <= 2) return endOf(line);
  if (line.lon[0] === line.lon.at(-1) && line.lat[0] === line.lat.at(-1)) return [line.lon[1]!, line.lat[1]!];
  if (traits.roundabout) return pointAt(line, JITTER_M);
  const origin: Point = [line.lon[0]!, line.lat[0]!];
  if (!DRAWN_WITH_CARE.test(traits.highway)) return endOf(trimmed(line, NEAR_M));
  const roadM = laneFactor(traits.highway) * (traits.junctionLanes || 2) * LANE_M;
  if (line.lengths[1]! > roadM + NEAR_M) return [line.lon[1]!, line.lat[1]!];
  line = lookAhead(line, FAR_M + roadM);
  const total = sum(line.lengths);
  if (line.lon.length === 2 || total <= JITTER_M) return endOf(line);
  if (deviation(line, 0, line.lon.length, origin, endOf(line)) < 0.5 * LANE_M) {
    const [lon, lat] = endOf(line);
    return lon === origin[0] && lat === origin[1] ? pointAt(line, JITTER_M) : [lon, lat];
  }
  const straight = straightRun(line);
  if (straight.lengthM >= roadM + NEAR_M) return pointAt(line, 5);
  const fit = regression(line);
  if (deviation(line, 0, line.lon.length, fit[0], fit[1]) < 0.35 * LANE_M) {
    return corrected(origin, projectedOn(fit, origin), projectedOn(fit, endOf(line)));
  }
  if (isOffset(line, straight, total, Math.floor(roadM / LANE_M))) {
    const i = Math.max(1, straight.index);
    return corrected(origin, [line.lon[i]!, line.lat[i]!], [line.lon[i + 1]!, line.lat[i + 1]!]);
  }
  if (isCurve(line, total, roadM)) return curveHead(line, origin);
  const skipM = 0.8 * roadM;
  const tail = withoutFront(line, 0.8 * skipM);
  if (tail.lon.length >= 2 && total >= skipM + 2) {
    const tailFit = regression(tail);
    if (deviation(tail, 0, tail.lon.length, tailFit[0], tailFit[1]) < 0.5 * LANE_M) {
      return corrected(origin, tailFit[0], tailFit[1]);
    }
  }
  return pointAt(line, NEAR_M);
}

/** Exits of fast roads are drawn slanted over more than a lane's width. */
function laneFactor(highway: string): number {
  if (highway.startsWith('motorway') || highway.startsWith('trunk')) return 2.5;
  return highway === 'primary' ? 1.5 : 1;
}

/** Copies a shape without repeated points and measures its pieces. */
function lineOf(shape: RoadShape): Line {
  const line: Line = { lon: [shape.lon[0]!], lat: [shape.lat[0]!], lengths: [0] };
  for (let i = 1; i < shape.lon.length; i++) {
    const lon = shape.lon[i]!;
    const lat = shape.lat[i]!;
    if (lon === line.lon.at(-1) && lat === line.lat.at(-1)) continue;
    line.lengths.push(distanceM(line.lon.at(-1)!, line.lat.at(-1)!, lon, lat));
    line.lon.push(lon);
    line.lat.push(lat);
  }
  if (line.lon.length === 1) {
    line.lon.push(shape.lon.at(-1)!);
    line.lat.push(shape.lat.at(-1)!);
    line.lengths.push(0);
  }
  return line;
}

function endOf(line: Line): Point {
  return [line.lon.at(-1)!, line.lat.at(-1)!];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function between(line: Line, i: number, share: number): Point {
  return [
    Math.trunc(line.lon[i - 1]! + (line.lon[i]! - line.lon[i - 1]!) * share),
    Math.trunc(line.lat[i - 1]! + (line.lat[i]! - line.lat[i - 1]!) * share),
  ];
}

function pointAt(line: Line, lengthM: number): Point {
  let passed = 0;
  for (let i = 1; i < line.lon.length; i++) {
    const piece = line.lengths[i]!;
    if (passed + piece >= lengthM) return between(line, i, piece > 0 ? (lengthM - passed) / piece : 1);
    passed += piece;
  }
  return endOf(line);
}

/** The first `lengthM` metres. */
function trimmed(line: Line, lengthM: number): Line {
  let passed = 0;
  for (let i = 1; i < line.lon.length; i++) {
    const piece = line.lengths[i]!;
    if (passed + piece >= lengthM) {
      const [lon, lat] = between(line, i, piece > 0 ? (lengthM - passed) / piece : 1);
      return {
        lon: [...line.lon.slice(0, i), lon],
        lat: [...line.lat.slice(0, i), lat],
        lengths: [...line.lengths.slice(0, i), lengthM - passed],
      };
    }
    passed += piece;
  }
  return line;
}

/**
 * The part up to the first node beyond `lengthM`, that node included: OSRM trims here by single pieces, so only a last
 * piece that is itself longer than the limit is cut.
 */
function lookAhead(line: Line, lengthM: number): Line {
  let passed = 0;
  let end = 1;
  for (; end < line.lon.length; end++) {
    passed += line.lengths[end]!;
    if (passed >= lengthM) break;
  }
  const size = Math.min(line.lon.length, end + 1);
  const part: Line = {
    lon: line.lon.slice(0, size),
    lat: line.lat.slice(0, size),
    lengths: line.lengths.slice(0, size),
  };
  return part.lengths.at(-1)! < lengthM ? part : cutByPiece(part, lengthM);
}

/** Cuts at the first single piece of at least `lengthM`; a line whose last piece is shorter stays whole. */
function cutByPiece(line: Line, lengthM: number): Line {
  if (line.lengths.at(-1)! < lengthM) return line;
  const i = line.lengths.findIndex((length, at) => at > 0 && length >= lengthM);
  const before = i > 1 ? line.lengths[i - 1]! : 0;
  const span = line.lengths[i]! - before;
  const share = span > 0 ? Math.max(0, Math.min(1, (lengthM - before) / span)) : 1;
  const [lon, lat] = between(line, i, share);
  return {
    lon: [...line.lon.slice(0, i), lon],
    lat: [...line.lat.slice(0, i), lat],
    lengths: [...line.lengths.slice(0, i), distanceM(line.lon[i - 1]!, line.lat[i - 1]!, lon, lat)],
  };
}

/** What is left after the first `lengthM` metres. */
function withoutFront(line: Line, lengthM: number): Line {
  let passed = 0;
  for (let i = 1; i < line.lon.length; i++) {
    const piece = line.lengths[i]!;
    if (passed + piece >= lengthM) {
      const [lon, lat] = between(line, i, piece > 0 ? (lengthM - passed) / piece : 1);
      return {
        lon: [lon, ...line.lon.slice(i)],
        lat: [lat, ...line.lat.slice(i)],
        lengths: [0, piece - (lengthM - passed), ...line.lengths.slice(i + 1)],
      };
    }
    passed += piece;
  }
  return { lon: [line.lon.at(-1)!], lat: [line.lat.at(-1)!], lengths: [0] };
}

/** Moves the end of a vector back by most of the offset at which it starts from the junction. */
function corrected(origin: Point, base: Point, head: Point): Point {
  if (distanceM(base[0], base[1], head[0], head[1]) < JITTER_M) return head;
  return [
    head[0] - Math.trunc((90 * (base[0] - origin[0])) / 100),
    head[1] - Math.trunc((90 * (base[1] - origin[1])) / 100),
  ];
}

function offLine(from: Point, to: Point, point: Point): number {
  const on = projectedOn([from, to], point);
  return distanceM(on[0], on[1], point[0], point[1]);
}

/** Most metres that points [begin, end) lie off the segment. */
function deviation(line: Line, begin: number, end: number, from: Point, to: Point): number {
  let most = 0;
  for (let i = begin; i < end; i++) most = Math.max(most, offLine(from, to, [line.lon[i]!, line.lat[i]!]));
  return most;
}

/** How far the street runs straight from the junction. */
function straightRun(line: Line): { index: number; lengthM: number } {
  let lengthM = line.lengths[1]!;
  let index = 2;
  const origin: Point = [line.lon[0]!, line.lat[0]!];
  for (; index < line.lon.length; index++) {
    if (deviation(line, 0, index, origin, [line.lon[index]!, line.lat[index]!]) >= 0.25 * LANE_M) break;
    lengthM += line.lengths[index]!;
  }
  return { index: index - 1, lengthM };
}

/** Least-squares line through samples a metre apart over the first 40 m, as the points on it nearest the two ends. */
function regression(line: Line): readonly [Point, Point] {
  const ends: readonly [Point, Point] = [[line.lon[0]!, line.lat[0]!], endOf(line)];
  const total = sum(line.lengths);
  const samples: Point[] = [ends[0]];
  for (let at = 1; at <= total && at <= FAR_M; at++) samples.push(pointAt(line, at));
  if (samples.length < 2) return ends;
  const fit = fittedLine(samples);
  return [projectedOn(fit, ends[0]), projectedOn(fit, ends[1])];
}

/** One steady bend: all points on one side, the deviation rising then falling, no long straight inside. */
function isCurve(line: Line, total: number, roadM: number): boolean {
  const n = line.lon.length;
  const start = bearing(line.lon[0]!, line.lat[0]!, line.lon[1]!, line.lat[1]!);
  const finish = bearing(line.lon[n - 2]!, line.lat[n - 2]!, line.lon[n - 1]!, line.lat[n - 1]!);
  if (angularDeviation(start, finish) <= 20) return false;
  const origin: Point = [line.lon[0]!, line.lat[0]!];
  const end = endOf(line);
  const side = (i: number): boolean =>
    (end[0] - origin[0]) * (line.lat[i]! - origin[1]) - (end[1] - origin[1]) * (line.lon[i]! - origin[0]) > 0;
  const off = (i: number): number => offLine(origin, end, [line.lon[i]!, line.lat[i]!]);
  for (let i = 2; i < n - 1; i++) if (side(i) !== side(1)) return false;
  const peak = peakOf(line, off);
  if (peak === null) return false;
  const toPeakM = sum(line.lengths.slice(0, peak + 1));
  const tooFlat = (peak === n - 1 ? 0 : off(peak)) < Math.max(0.3 * roadM, 0.5 * LANE_M);
  if ((toPeakM <= 0.35 * total || tooFlat) && total > NEAR_M) return false;
  return total > 2 * roadM && bendsSteadily(line, total, roadM);
}

/** Index of the greatest deviation when it rises strictly to it and falls strictly after it; else null. */
function peakOf(line: Line, off: (i: number) => number): number | null {
  const n = line.lon.length;
  if (n === 3) return 1;
  let peak = 1;
  while (peak + 1 < n && off(peak) < off(peak + 1)) peak++;
  for (let i = peak + 1; i + 1 < n; i++) if (off(i) <= off(i + 1)) return null;
  return peak;
}

function bendsSteadily(line: Line, total: number, roadM: number): boolean {
  const bend = (i: number): number => {
    const before = bearing(line.lon[i - 1]!, line.lat[i - 1]!, line.lon[i]!, line.lat[i]!);
    const after = bearing(line.lon[i]!, line.lat[i]!, line.lon[i + 1]!, line.lat[i + 1]!);
    return ((after - before + 540) % 360) - 180;
  };
  let straightM = Math.max(0, line.lengths[1]! - roadM);
  let wasStraight = false;
  for (let i = 2; i < line.lon.length - 1; i++) {
    const previous = bend(i - 1);
    const current = bend(i);
    if (Math.abs(previous) > 25 && Math.abs(current) > 25 && previous > 0 !== current > 0) return false;
    const isStraight = Math.abs(current) < 5;
    if (isStraight) {
      straightM += line.lengths[i]!;
      if (wasStraight && straightM > 0.3 * total) return false;
    } else if (straightM > 0.3 * total) return false;
    else straightM = line.lengths[i]!;
    wasStraight = isStraight;
  }
  return true;
}

/** In a real curve the first metres count. */
function curveHead(line: Line, origin: Point): Point {
  const head = cutByPiece(line, 3 * JITTER_M);
  return corrected(origin, endOf(cutByPiece(head, 2 * JITTER_M)), endOf(head));
}

/** Does the street first step aside by about half its width and then run straight? */
function isOffset(
  line: Line,
  straight: { index: number; lengthM: number },
  total: number,
  lanes: number,
): boolean {
  const i = Math.max(1, straight.index);
  const n = line.lon.length;
  if (i + 1 >= n) return false;
  if (sum(line.lengths.slice(0, i + 1)) - 0.5 * lanes * LANE_M >= LANE_M) return false;
  if (total < 0.4 * FAR_M) return false;
  if (total - Math.max(straight.lengthM, line.lengths[1]!) < 0.1 * total) return false;
  const past = line.lengths.findIndex((length, k) => k >= i && length >= 30);
  const end = Math.min(n, (past < 0 ? n : past) + 1);
  return (
    deviation(line, i, end, [line.lon[i]!, line.lat[i]!], [line.lon[end - 1]!, line.lat[end - 1]!]) <
    0.5 * LANE_M
  );
}
