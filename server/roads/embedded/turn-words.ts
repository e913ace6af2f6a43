import { angularDeviation, reverseBearing, turnAngle } from './geo.ts';
import { anyLane, FLAG, laneNode, lanePieces, laneText, laneTrait, type Graph } from './graph.ts';

/** One street at a junction as a driver sees it from the lane they arrive on. */
export interface Exit {
  street: number;
  /** 0 when the street starts here, 1 when it ends here. */
  end: 0 | 1;
  bearing: number;
  /** 180 straight on, below right, above left. */
  angle: number;
  /** The lane one would leave on; -1 when it may not be entered from here. */
  lane: number;
  /** Some lane leaves here, allowed or not. */
  hasLane: boolean;
  isOrigin: boolean;
}

/** What to tell a driver: OSRM's manoeuvre type and modifier. `type` is empty where nothing needs saying. */
export interface Words {
  type: string;
  modifier: string;
}

/** The arms of the junction at the end of `lane`, by bearing. */
export function exitsAfter(graph: Graph, lane: number): Exit[] {
  const node = laneNode(graph, lane, lanePieces(graph, lane));
  const street = graph.laneStreet[lane]!;
  const arrivedAt = graph.laneReverse[lane] ? 0 : 1;
  const from = graph.junctionStart[node]!;
  const to = graph.junctionStart[node + 1]!;
  const allowed = new Map<number, number>();
  for (let turn = graph.turnStart[lane]!; turn < graph.turnStart[lane + 1]!; turn++) {
    const target = graph.turnTarget[turn]!;
    allowed.set(graph.laneStreet[target]! * 2 + graph.laneReverse[target]!, target);
  }
  let inBearing = 0;
  for (let i = from; i < to; i++) {
    if (graph.junctionEnd[i] === street * 2 + arrivedAt)
      inBearing = reverseBearing(graph.junctionBearing[i]!);
  }
  const exits: Exit[] = [];
  for (let i = from; i < to; i++) {
    const exitStreet = graph.junctionEnd[i]! >> 1;
    const end = (graph.junctionEnd[i]! & 1) as 0 | 1;
    const leaving = end === 0 ? graph.streetForwardLane[exitStreet]! : graph.streetReverseLane[exitStreet]!;
    const isOrigin = exitStreet === street && end === arrivedAt;
    exits.push({
      street: exitStreet,
      end,
      bearing: graph.junctionBearing[i]!,
      angle: isOrigin ? 0 : turnAngle(inBearing, graph.junctionBearing[i]!),
      lane: allowed.get(exitStreet * 2 + end) ?? -1,
      hasLane: leaving >= 0,
      isOrigin,
    });
  }
  return exits;
}

export function modifierOf(angle: number): string {
  if (angle < 1e-6 || angle > 360 - 1e-6) return 'uturn';
  if (angle < 60) return 'sharp right';
  if (angle < 140) return 'right';
  if (angle < 160) return 'slight right';
  if (angle <= 200) return 'straight';
  if (angle <= 220) return 'slight left';
  return angle <= 300 ? 'left' : 'sharp left';
}

export const onRoundabout = (graph: Graph, lane: number): boolean =>
  (laneTrait(graph, lane, 'flags') & (FLAG.roundabout | FLAG.circular)) !== 0;

const STRAIGHT = 180;
const NARROW = 40;
const FUZZY = 25;
/** Highway classes from the most important; a road two steps above its neighbours needs no word to be followed. */
const RANKS = [
  ['motorway', 0],
  ['trunk', 2],
  ['primary', 4],
  ['secondary', 6],
  ['tertiary', 8],
  ['unclassified', 10],
  ['residential', 11],
  ['living_street', 14],
  ['service', 16],
] as const;

function rank(graph: Graph, street: number): number {
  const highway = laneText(graph, anyLane(graph, street), 'highway');
  const base = RANKS.find(([name]) => highway.startsWith(name));
  return base ? base[1] + (highway.endsWith('_link') ? 1 : 0) : 20;
}

/** The words for going from `lane` onto `next` where no roundabout is involved. */
export function wordsFor(graph: Graph, lane: number, next: number, exits: readonly Exit[]): Words {
  const taken = exits.find((exit) => exit.lane === next);
  if (!taken) return { type: '', modifier: 'straight' };
  const modifier = modifierOf(taken.angle);
  const sameName = isSameName(graph, lane, next);
  if (taken.isOrigin) return { type: sameName ? 'continue' : 'turn', modifier: 'uturn' };
  if (laneTrait(graph, lane, 'mode') !== laneTrait(graph, next, 'mode')) {
    return { type: 'notification', modifier };
  }
  const others = exits.filter((exit) => !exit.isOrigin && exit.lane >= 0 && exit !== taken);
  const deviation = angularDeviation(taken.angle, STRAIGHT);
  const onward = { type: sameName ? '' : 'new name', modifier };
  if (exits.length <= 2) return onward;
  const ramp = rampWord(graph, lane, next);
  if (ramp && others.length > 0) return { type: ramp, modifier };
  if (others.length === 0 && deviation < 60) return onward;
  if (isObvious(graph, lane, taken, others, sameName)) return onward;
  const fork = forkModifier(graph, taken, others);
  if (fork) return { type: 'fork', modifier: fork };
  const nothingAhead = [taken, ...others].every((exit) => angularDeviation(exit.angle, STRAIGHT) > 40);
  if (exits.length === 3 && others.length === 1 && nothingAhead && isCrossbar(exits)) {
    return { type: 'end of road', modifier };
  }
  return { type: sameName ? 'continue' : 'turn', modifier };
}

function isSameName(graph: Graph, lane: number, next: number): boolean {
  const a = laneText(graph, lane, 'name');
  const b = laneText(graph, next, 'name');
  if (a === b) return a !== '' || laneText(graph, lane, 'ref') === laneText(graph, next, 'ref');
  return false;
}

function rampWord(graph: Graph, lane: number, next: number): string | null {
  const big = /^(motorway|trunk)$/;
  const link = /^(motorway|trunk)_link$/;
  const from = laneText(graph, lane, 'highway');
  const to = laneText(graph, next, 'highway');
  if (link.test(to) && big.test(from)) return 'off ramp';
  if (link.test(to) && !link.test(from)) return 'on ramp';
  return link.test(from) && big.test(to) ? 'merge' : null;
}

/** Straight on, with nothing of comparable weight near it. */
function isObvious(
  graph: Graph,
  lane: number,
  taken: Exit,
  others: readonly Exit[],
  sameName: boolean,
): boolean {
  const deviation = angularDeviation(taken.angle, STRAIGHT);
  if (deviation > NARROW) return false;
  const ownRank = rank(graph, taken.street);
  return others.every((other) => {
    const off = angularDeviation(other.angle, STRAIGHT);
    const lesser = rank(graph, other.street) - ownRank;
    if (lesser >= 4 && (off > 15 || sameName)) return true;
    if (sameName && !isSameName(graph, lane, other.lane)) return off > deviation + 10 || off > 45;
    return off > Math.max(2 * deviation, deviation + FUZZY) && off > NARROW;
  });
}

/** Two ways of like importance both ahead: keep left or right. */
function forkModifier(graph: Graph, taken: Exit, others: readonly Exit[]): string | null {
  const ahead = others.filter((other) => angularDeviation(other.angle, STRAIGHT) < 40);
  if (ahead.length !== 1 || angularDeviation(taken.angle, STRAIGHT) >= 40) return null;
  if (Math.abs(rank(graph, ahead[0]!.street) - rank(graph, taken.street)) > 2) return null;
  return taken.angle > ahead[0]!.angle ? 'slight left' : 'slight right';
}

/** The road one is on ends at another that runs across. */
function isCrossbar(exits: readonly Exit[]): boolean {
  const across = exits.filter((exit) => !exit.isOrigin);
  return angularDeviation(across[0]!.bearing, reverseBearing(across[1]!.bearing)) < 60;
}
