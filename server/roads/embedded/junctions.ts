import { reverseBearing, turnAngle } from './geo.ts';
import type { Profile } from './profile.ts';
import { closeBearing, initialBearing, perceivedBearing, type RoadShape } from './road-shape.ts';
import type { Street, StreetNetwork } from './street-network.ts';

/** One street touching a junction. `end` 0: it starts here, 1: it ends here (a loop appears with both). */
export interface Arm {
  street: number;
  end: 0 | 1;
  bearing: number;
  drawnBearing: number;
  /** Bearing to the first node a metre or more away. */
  closeBearing: number;
  /** The same road leaves by another arm with this bearing: a driver sees one road, not two. */
  merged: boolean;
  /** The neighbour node along the street, which restrictions name. */
  neighbour: number;
  /** Lane by which one leaves and by which one arrives; -1 where closed. */
  leaving: number;
  arriving: number;
  roundabout: boolean;
  /** The lane arriving here is painted for U-turns. */
  uTurnLane: boolean;
}

/** Lane ids of a street by direction, -1 where closed. */
export interface StreetLanes {
  forward: number;
  reverse: number;
}

/** The arms of a junction in clockwise order of perceived bearing. */
export function armsAt(
  network: StreetNetwork,
  streets: readonly Street[],
  lanes: readonly StreetLanes[],
  ends: readonly { street: number; end: 0 | 1 }[],
): Arm[] {
  const classAt = (street: Street): number =>
    street.forwardClass >= 0 ? street.forwardClass : street.reverseClass;
  const junctionLanes = Math.max(
    0,
    ...ends.map(({ street }) => network.classes[classAt(streets[street]!)]!.lanes),
  );
  const arms = ends.map(({ street: index, end }): Arm => {
    const street = streets[index]!;
    const road = network.classes[classAt(street)]!;
    const shape = shapeFrom(network, street, end);
    const traits = {
      roundabout: road.roundabout || road.circular,
      highway: road.highway,
      junctionLanes,
    };
    const { forward, reverse } = lanes[index]!;
    return {
      street: index,
      end,
      bearing: ends.length <= 2 ? closeBearing(shape) : perceivedBearing(shape, traits),
      drawnBearing: initialBearing(shape),
      closeBearing: closeBearing(shape),
      merged: false,
      neighbour: end === 0 ? street.path[1]! : street.path.at(-2)!,
      leaving: end === 0 ? forward : reverse,
      arriving: end === 0 ? reverse : forward,
      roundabout: traits.roundabout,
      uTurnLane: end === 0 ? street.reverseUTurnLane : street.forwardUTurnLane,
    };
  });
  return arms.sort((a, b) => a.bearing - b.bearing);
}

function shapeFrom(network: StreetNetwork, street: Street, end: 0 | 1): RoadShape {
  const path = end === 0 ? street.path : street.path.toReversed();
  return { lon: path.map((node) => network.lon[node]!), lat: path.map((node) => network.lat[node]!) };
}

/** Perceived angle of a turn (180 straight on); a U-turn that merely looks like a sharp bend is 0. */
export function angleOfTurn(from: Arm, to: Arm): number {
  if (from === to) return 0;
  const angle = turnAngle(reverseBearing(from.bearing), to.bearing);
  const drawn = turnAngle(reverseBearing(from.drawnBearing), to.drawnBearing);
  if ((angle < 15 && drawn > 180) || (angle > 345 && drawn < 180)) return 0;
  return Math.round(angle * 1e8) / 1e8 === 360 ? 0 : angle;
}

/**
 * May one turn here, restrictions aside? U-turns only at dead ends, barriers, painted lanes, or where nothing else is
 * allowed; nothing else over a barrier; no turn against the flow of a roundabout.
 */
export function turnIsPossible(
  arms: readonly Arm[],
  from: Arm,
  to: Arm,
  barrier: boolean,
  isForbidden: (to: Arm) => boolean,
): boolean {
  if (from.arriving < 0 || to.leaving < 0 || isForbidden(to)) return false;
  if (from === to) {
    if (barrier || arms.length === 1) return true;
    const exits = arms.filter((arm) => arm.leaving >= 0 && !isForbidden(arm)).length;
    const bothWays = arms.filter((arm) => arm.arriving >= 0).length;
    return exits === 1 || bothWays <= 1 || from.uTurnLane;
  }
  return !barrier && !againstRoundabout(arms, from, to);
}

function againstRoundabout(arms: readonly Arm[], from: Arm, to: Arm): boolean {
  let inBearing: number | null = null;
  let outBearing: number | null = null;
  let inAngle = 0;
  let outAngle = 0;
  for (const arm of arms) {
    if (!arm.roundabout) continue;
    if (arm.leaving < 0) {
      const angle = turnAngle(reverseBearing(arm.bearing), from.bearing);
      if (angle > inAngle) [inBearing, inAngle] = [reverseBearing(arm.bearing), angle];
    } else {
      const angle = turnAngle(from.bearing, arm.bearing);
      if (angle > outAngle) [outBearing, outAngle] = [arm.bearing, angle];
    }
  }
  if (inBearing === null || outBearing === null) return false;
  const flow = turnAngle(inBearing, outBearing);
  const entering = turnAngle(inBearing, from.bearing);
  const leaving = turnAngle(inBearing, to.bearing);
  return (entering < flow && leaving < entering) || (entering > flow && leaving > entering);
}

export interface TurnFacts {
  angle: number;
  roads: number;
  signal: boolean;
  modeFrom: number;
  modeTo: number;
  leftHand: boolean;
  restrictedFrom: boolean;
  restrictedTo: boolean;
}

/** Entering a restricted road from an open one: so heavy that only a destination inside justifies it. */
const FORBIDDING_WEIGHT = 32_767;

/** Cost of a turn in tenths: a sigmoid of its angle, signals, U-turns (OSRM's car profile). */
export function turnCost(facts: TurnFacts, profile: Profile): { weight: number; duration: number } {
  let seconds = facts.signal ? profile.trafficSignalS : 0;
  const isUTurn = facts.angle === 0;
  if (facts.roads - (isUTurn ? 1 : 0) > 2 || facts.modeFrom !== facts.modeTo || isUTurn) {
    const bias = facts.leftHand ? 1 / profile.turnBias : profile.turnBias;
    const bend = 180 - facts.angle;
    seconds +=
      bend >= 0
        ? profile.turnPenaltyS / (1 + Math.exp(-(((13 / bias) * bend) / 180 - 6.5 * bias)))
        : profile.turnPenaltyS / (1 + Math.exp(-((13 * bias * -bend) / 180 - 6.5 / bias)));
    if (isUTurn) seconds += profile.uTurnPenaltyS;
  }
  const duration = Math.trunc(seconds * 10);
  const entersRestricted = !facts.restrictedFrom && facts.restrictedTo;
  return { weight: entersRestricted ? FORBIDDING_WEIGHT : duration, duration };
}
