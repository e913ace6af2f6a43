import { angularDeviation, distanceM, reverseBearing, turnAngle } from './geo.ts';
import type { Arm } from './junctions.ts';
import type { RoadClass, Street, StreetNetwork } from './street-network.ts';

/** What walking along roads needs: streets, their classes, and the arms at each node before any are merged. */
export interface RoadMap {
  network: StreetNetwork;
  streets: readonly Street[];
  arms: readonly (readonly Arm[])[];
  streetLengthM: Float64Array;
}

/** An arm seen from the one through which a junction is entered; angle 0 is that arm itself. */
export interface View {
  arm: Arm;
  angle: number;
}

const STRAIGHT = 180;
const NARROW = 40;
const GROUP = 60;
const FUZZY = 25;

export function roadOf(map: RoadMap, arm: Arm): RoadClass {
  const street = map.streets[arm.street]!;
  return map.network.classes[street.forwardClass >= 0 ? street.forwardClass : street.reverseClass]!;
}

/** The node at the other end of an arm's street. */
export function farNode(map: RoadMap, arm: Arm): number {
  const { path } = map.streets[arm.street]!;
  return arm.end === 0 ? path.at(-1)! : path[0]!;
}

/** The arm by which one arrives after driving out along `arm`. */
export function farArm(map: RoadMap, arm: Arm): Arm {
  const end = arm.end === 0 ? 1 : 0;
  return map.arms[farNode(map, arm)]!.find((other) => other.street === arm.street && other.end === end)!;
}

/** The junction one reaches along `arm`. `close` takes the drawn angles, as walks along a road do. */
export function viewFrom(map: RoadMap, arm: Arm, close: boolean): View[] {
  const entered = farArm(map, arm);
  const bearing = (other: Arm): number => (close ? other.closeBearing : other.bearing);
  const inbound = reverseBearing(bearing(entered));
  return map.arms[farNode(map, arm)]!.map((other) => ({
    arm: other,
    angle: other === entered ? 0 : turnAngle(inbound, bearing(other)),
  })).sort((a, b) => a.angle - b.angle);
}

export function closestTurn(view: readonly View[], angle: number): View {
  return view.reduce((best, other) =>
    angularDeviation(other.angle, angle) < angularDeviation(best.angle, angle) ? other : best,
  );
}

/** Goes on over nodes where only two streets meet; the last arm driven out along. */
export function skipPlainNodes(map: RoadMap, arm: Arm): Arm {
  const seen = new Set<Arm>();
  let at = arm;
  for (;;) {
    const arms = map.arms[farNode(map, at)]!;
    if (arms.length !== 2 || seen.has(at)) return at;
    seen.add(at);
    const entered = farArm(map, at);
    const next = arms.find((other) => other !== entered);
    if (!next) return at;
    at = next;
  }
}

/** The same street by name, reference and destination, as drawn on signs. */
function signs(road: RoadClass): string {
  return `${road.name}|${road.ref}|${road.destinations}`;
}

/** The road that continues a named one, or null where that is not clear. */
export function continuation(
  map: RoadMap,
  view: readonly View[],
  wanted: RoadClass,
  initialBearing: number,
  stopWhenUnclear: boolean,
): Arm | null {
  if (view.length <= 1) return null;
  const name = signs(wanted);
  const isWanted = (other: View): boolean => signs(roadOf(map, other.arm)) === name;
  if (view.filter(isWanted).length > 2) return null;
  const score = (other: View): number =>
    (isWanted(other) ? 0 : 180) + angularDeviation(other.angle, STRAIGHT);
  const onward = view.slice(1).reduce((best, other) => (score(other) < score(best) ? other : best));
  const bend = angularDeviation(onward.angle, STRAIGHT);
  const straightest = view.length === 2 || closestTurn(view, STRAIGHT) === onward;
  if (straightest && bend < NARROW && angularDeviation(initialBearing, onward.arm.closeBearing) < NARROW) {
    return onward.arm;
  }
  if (stopWhenUnclear && bend > GROUP) {
    const opposite = closestTurn(view, reverseBearing(onward.angle));
    if (angularDeviation(onward.angle, opposite.angle) > STRAIGHT - FUZZY) return null;
    const ahead = closestTurn(view, STRAIGHT);
    if (angularDeviation(ahead.angle, STRAIGHT) < FUZZY) return null;
  }
  return isWanted(onward) && bend < 100 ? onward.arm : null;
}

/**
 * Walks out along `arm` and on along the same road, telling `visit` each street; stops when it returns true, when the
 * road does not clearly go on, or back at the start.
 */
export function walk(
  map: RoadMap,
  start: number,
  arm: Arm,
  wanted: RoadClass,
  initialBearing: number,
  stopWhenUnclear: boolean,
  visit: (arm: Arm) => boolean,
): void {
  let at = arm;
  for (let hops = 0; hops < 100; hops++) {
    if (visit(at) || farNode(map, at) === start) return;
    const next = continuation(map, viewFrom(map, at, true), wanted, initialBearing, stopWhenUnclear);
    if (!next) return;
    at = next;
  }
}

/** Coordinates of an arm's street from its junction outward. */
export function pathOf(map: RoadMap, arm: Arm): [number, number][] {
  const { path } = map.streets[arm.street]!;
  const nodes = arm.end === 0 ? path : path.toReversed();
  return nodes.map((node) => [map.network.lon[node]!, map.network.lat[node]!]);
}

export function nodeDistance(map: RoadMap, a: number, b: number): number {
  const { lon, lat } = map.network;
  return distanceM(lon[a]!, lat[a]!, lon[b]!, lat[b]!);
}
