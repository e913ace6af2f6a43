import { angularDeviation, distanceM, reverseBearing, turnAngle } from './geo.ts';
import type { Arm } from './junctions.ts';
import { fittedLine } from './line-fit.ts';
import {
  closestTurn,
  farNode,
  nodeDistance,
  pathOf,
  roadOf,
  skipPlainNodes,
  viewFrom,
  walk,
  type RoadMap,
} from './road-walk.ts';
import type { RoadClass } from './street-network.ts';

/**
 * Where a road splits into two one-way carriageways, a driver still sees one road. Their bearings become one, so that
 * crossing over is a U-turn and going on is straight. The conditions and constants follow OSRM's merging of roads.
 */

const MERGEABLE_DEGREES = 95;
const NO_TURN_DEGREES = 3;
const NARROW = 40;
const FUZZY = 25;
const LANE_M = 3.25;
/** Neighbouring junctions farther than this do not bend the bearing of the street between. */
const NEIGHBOUR_M = 30;
const PARALLEL_M = 120;
const PARALLEL_LEAST_M = 40;
const SAMPLE_M = 5;
const PARALLEL_SLOPE = 0.2;
const SEPARATION_M = 12;

/** Replaces the arms of every junction by those with merged bearings; `merged` marks the one no longer seen. */
export function mergeCarriageways(map: RoadMap): Arm[][] {
  const pairAt = new Map<number, number[]>();
  map.arms.forEach((arms, node) => {
    if (arms.length < 3) return;
    const pairs = [...arms.keys()].filter((i) => isPair(map, node, arms, i));
    if (pairs.length > 0) pairAt.set(node, pairs);
  });
  return map.arms.map((arms, node) => {
    const result = arms.map((arm) => ({ ...arm }));
    const done = new Set<number>();
    for (const i of pairAt.get(node) ?? []) {
      const j = (i + 1) % arms.length;
      done.add(i).add(j);
      const { bearing } = mergedBearing(result, i, j, false);
      for (const k of [i, j]) result[k]!.bearing = result[k]!.drawnBearing = bearing;
      result[result[i]!.leaving < 0 ? i : j]!.merged = true;
    }
    if (arms.length >= 2) bendTowardNeighbours(map, arms, result, done, pairAt);
    return result;
  });
}

function bendTowardNeighbours(
  map: RoadMap,
  arms: readonly Arm[],
  result: Arm[],
  done: ReadonlySet<number>,
  pairAt: ReadonlyMap<number, number[]>,
): void {
  arms.forEach((arm, i) => {
    if (done.has(i) || map.streetLengthM[arm.street]! > NEIGHBOUR_M) return;
    const neighbour = farNode(map, arm);
    const pairs = pairAt.get(neighbour);
    if (!pairs) return;
    const there = map.arms[neighbour]!;
    const own = there.findIndex((other) => other.street === arm.street && other.end !== arm.end);
    const before = (own + there.length - 1) % there.length;
    const after = (own + 1) % there.length;
    const withBefore = pairs.includes(before);
    if (!withBefore && !pairs.includes(own)) return;
    const merge = withBefore
      ? mergedBearing(there, before, own, true)
      : mergedBearing(there, own, after, true);
    if (!merge.holds) return;
    const offset = angularDeviation(merge.bearing, there[own]!.bearing) * (withBefore ? -1 : 1);
    const bent = (arm.bearing + offset + 360) % 360;
    result[i]!.bearing = result[i]!.drawnBearing = bent;
  });
}

function mergedBearing(
  arms: readonly Arm[],
  i: number,
  j: number,
  seenFromNeighbour: boolean,
): { holds: boolean; bearing: number } {
  const left = arms[i]!;
  const right = arms[j]!;
  const entry = left.leaving < 0 ? right : left;
  const behind = reverseBearing(entry.bearing);
  const opposite = reverseBearing(
    arms.reduce((best, arm) =>
      angularDeviation(arm.bearing, behind) < angularDeviation(best.bearing, behind) ? arm : best,
    ).bearing,
  );
  if (angularDeviation(turnAngle(opposite, entry.bearing), 180) < NO_TURN_DEGREES) {
    return { holds: false, bearing: entry.bearing };
  }
  const bearing = bisector(left.bearing, right.bearing);
  if (seenFromNeighbour) {
    const off = (b: number): number => angularDeviation(turnAngle(opposite, b), 180);
    if (off(left.bearing) < off(bearing) || off(right.bearing) < off(bearing)) {
      return { holds: false, bearing: opposite };
    }
  }
  return { holds: true, bearing };
}

function bisector(a: number, b: number): number {
  const x = Math.cos((a * Math.PI) / 180) + Math.cos((b * Math.PI) / 180);
  const y = Math.sin((a * Math.PI) / 180) + Math.sin((b * Math.PI) / 180);
  return ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
}

/** Are arm i and the next one clockwise two carriageways of one road, and no third road of that name beside them? */
function isPair(map: RoadMap, node: number, arms: readonly Arm[], i: number): boolean {
  const n = arms.length;
  const left = arms[i]!;
  const right = arms[(i + 1) % n]!;
  return (
    canMerge(map, node, left, right) &&
    areDistinct(map, arms[(i + n - 1) % n]!, left) &&
    areDistinct(map, right, arms[(i + 2) % n]!)
  );
}

function areDistinct(map: RoadMap, a: Arm, b: Arm): boolean {
  return (
    angularDeviation(a.bearing, b.bearing) > MERGEABLE_DEGREES || !sameName(roadOf(map, a), roadOf(map, b))
  );
}

function sameName(a: RoadClass, b: RoadClass): boolean {
  return a.name !== '' || b.name !== '' ? a.name === b.name : a.ref !== '' && a.ref === b.ref;
}

function canMerge(map: RoadMap, node: number, left: Arm, right: Arm): boolean {
  if (angularDeviation(left.bearing, right.bearing) > MERGEABLE_DEGREES) return false;
  if (left.leaving < 0 === right.leaving < 0 || !sameKind(roadOf(map, left), roadOf(map, right)))
    return false;
  for (const arm of [left, right]) {
    if (farNode(map, arm) === node || farNode(map, skipPlainNodes(map, arm)) === node) return false;
  }
  if (isIsland(map, node, left, right)) return true;
  if (isLink(map, left) || isLink(map, right)) return false;
  return isTriangle(map, node, left, right) || runAlongside(map, node, left, right);
}

function sameKind(a: RoadClass, b: RoadClass): boolean {
  return (
    !a.roundabout &&
    !b.roundabout &&
    a.mode === b.mode &&
    sameName(a, b) &&
    a.highway === b.highway &&
    a.lanes === b.lanes
  );
}

/** Both carriageways meet again soon: a traffic island. */
function isIsland(map: RoadMap, node: number, left: Arm, right: Arm): boolean {
  const end = farNode(map, skipPlainNodes(map, left));
  if (end === node || end !== farNode(map, skipPlainNodes(map, right))) return false;
  const plainSplit = (at: number): boolean => {
    const arms = map.arms[at]!;
    return arms.length === 3 && arms.every((arm) => sameName(roadOf(map, arms[0]!), roadOf(map, arm)));
  };
  const here = plainSplit(node);
  const there = plainSplit(end);
  if (!here && !there) return false;
  return nodeDistance(map, node, end) < (here && there ? 30 : 15);
}

/** The arm only leads over to a road of the same name that runs across. */
function isLink(map: RoadMap, arm: Arm): boolean {
  const last = skipPlainNodes(map, arm);
  const view = viewFrom(map, last, false);
  const named = view.filter((other) => sameName(roadOf(map, arm), roadOf(map, other.arm)));
  if (named.length === 0) return false;
  const next = closestTurn(named, 180);
  const opposite = closestTurn(view, (next.angle + 180) % 360);
  if (opposite.angle === 0) return false;
  if (angularDeviation(angularDeviation(next.angle, 180), angularDeviation(opposite.angle, 0)) < FUZZY)
    return false;
  return (
    angularDeviation(opposite.angle, next.angle) >= 180 - FUZZY &&
    next.arm.leaving < 0 === opposite.arm.leaving < 0 &&
    sameKind(roadOf(map, next.arm), roadOf(map, opposite.arm))
  );
}

interface Corner {
  node: number;
  view: ReturnType<typeof viewFrom>;
}

/** Walks to the first real junction along an arm. */
function cornerAlong(map: RoadMap, node: number, arm: Arm, wanted: RoadClass, bearing: number): Corner {
  const corner: Corner = { node: farNode(map, arm), view: [] };
  let hops = 0;
  walk(map, node, arm, wanted, bearing, false, (at) => {
    corner.node = farNode(map, at);
    corner.view = viewFrom(map, at, true);
    return corner.view.length > 2 || ++hops === 5;
  });
  return corner;
}

/** The split is that of a crossing just ahead: a short street joins the two carriageways there. */
function isTriangle(map: RoadMap, node: number, left: Arm, right: Arm): boolean {
  const wanted = roadOf(map, left);
  const cornerOf = (arm: Arm, side: number): Corner => {
    const corner = cornerAlong(map, node, arm, wanted, left.bearing);
    if (angularDeviation(closestTurn(corner.view, side).angle, side) <= NARROW) return corner;
    const onward = closestTurn(corner.view, 180);
    return onward.angle === 0 ? corner : cornerAlong(map, corner.node, onward.arm, wanted, left.bearing);
  };
  const leftCorner = cornerOf(left, 90);
  if (nodeDistance(map, node, leftCorner.node) > 80) return false;
  const rightCorner = cornerOf(right, 270);
  const connector = closestTurn(leftCorner.view, 90);
  if (angularDeviation(connector.angle, 90) > NARROW) return false;
  const lanes = Math.max(1, roadOf(map, left).lanes) + Math.max(1, roadOf(map, right).lanes);
  if (nodeDistance(map, leftCorner.node, rightCorner.node) > lanes * LANE_M + 10) return false;
  return cornerAlong(map, leftCorner.node, connector.arm, wanted, left.bearing).node === rightCorner.node;
}

/** The two run in parallel, near each other, for a good part of 120 m. */
function runAlongside(map: RoadMap, node: number, left: Arm, right: Arm): boolean {
  const leftLine = lineAlong(map, node, left, left.bearing);
  const rightLine = lineAlong(map, node, right, left.bearing);
  if (leftLine.lengthM <= PARALLEL_LEAST_M || rightLine.lengthM <= PARALLEL_LEAST_M) return false;
  const meetAgain = samePoint(leftLine.points.at(-1)!, rightLine.points.at(-1)!);
  if (meetAgain && samePoint(leftLine.points[0]!, leftLine.points.at(-1)!) && isRound(leftLine)) return false;
  let a = sampled(leftLine.points);
  let b = sampled(rightLine.points);
  if (!meetAgain) {
    a = a.slice(Math.floor(a.length / 3));
    b = b.slice(Math.floor(b.length / 3));
  }
  const turn = angularDeviation(directionOf(a), directionOf(b));
  if (Math.tan((Math.min(turn, 180 - turn) * Math.PI) / 180) >= PARALLEL_SLOPE) return false;
  const apart = Math.min(
    distanceToLine(a[Math.floor(a.length / 2)]!, b),
    distanceToLine(b[Math.floor(b.length / 2)]!, a),
  );
  const lanes = Math.max(1, roadOf(map, left).lanes) + Math.max(1, roadOf(map, right).lanes);
  return apart <= 0.5 * lanes * LANE_M + SEPARATION_M;
}

type Point = [number, number];

function samePoint(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function lineAlong(
  map: RoadMap,
  node: number,
  arm: Arm,
  bearing: number,
): { points: Point[]; lengthM: number } {
  const points: Point[] = [];
  let lengthM = 0;
  walk(map, node, arm, roadOf(map, arm), bearing, true, (at) => {
    for (const point of pathOf(map, at)) {
      const last = points.at(-1);
      if (!last) points.push(point);
      else if (!samePoint(last, point)) {
        const piece = distanceM(last[0], last[1], point[0], point[1]);
        const share = Math.min(1, (PARALLEL_M - lengthM) / piece);
        points.push([last[0] + (point[0] - last[0]) * share, last[1] + (point[1] - last[1]) * share]);
        lengthM += piece * share;
        if (share < 1) return true;
      }
    }
    return lengthM >= PARALLEL_M;
  });
  return { points, lengthM };
}

function sampled(points: readonly Point[]): Point[] {
  const samples: Point[] = [points[0]!];
  let carry = 0;
  for (let i = 1; i < points.length; i++) {
    const [ax, ay] = points[i - 1]!;
    const [bx, by] = points[i]!;
    const piece = distanceM(ax, ay, bx, by);
    for (let at = SAMPLE_M - carry; at <= piece; at += SAMPLE_M) {
      samples.push([ax + ((bx - ax) * at) / piece, ay + ((by - ay) * at) / piece]);
    }
    carry = (carry + piece) % SAMPLE_M;
  }
  return samples;
}

/** Direction of the least-squares line through points, in degrees; which way along it does not matter. */
function directionOf(points: readonly Point[]): number {
  const [[ax, ay], [bx, by]] = fittedLine(points);
  return (Math.atan2(by - ay, bx - ax) * 180) / Math.PI;
}

function distanceToLine(point: Point, line: readonly Point[]): number {
  const scale = Math.cos((point[1] / 1e6) * (Math.PI / 180));
  let least = Infinity;
  for (let i = 0; i + 1 < line.length; i++) {
    const [ax, ay] = line[i]!;
    const [bx, by] = line[i + 1]!;
    const dx = (bx - ax) * scale;
    const dy = by - ay;
    const squared = dx * dx + dy * dy;
    const along = squared > 0 ? ((point[0] - ax) * scale * dx + (point[1] - ay) * dy) / squared : 0;
    const share = Math.max(0, Math.min(1, along));
    least = Math.min(least, distanceM(point[0], point[1], ax + (bx - ax) * share, ay + dy * share));
  }
  return least;
}

/** A closed line that is nearly a circle. */
function isRound({ points, lengthM }: { points: readonly Point[]; lengthM: number }): boolean {
  const scale = Math.cos((points[0]![1] / 1e6) * (Math.PI / 180));
  let twice = 0;
  for (let i = 0; i + 1 < points.length; i++) {
    const [ax, ay] = points[i]!;
    const [bx, by] = points[i + 1]!;
    twice += (ax * by - bx * ay) * scale;
  }
  const areaM2 = Math.abs(twice / 2) * (111_195 / 1e6) ** 2;
  return areaM2 / (lengthM * lengthM) >= 0.85 / (4 * Math.PI);
}
