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
  isOrigin: boolean;
}

/** What to tell a driver: OSRM's manoeuvre type and modifier. `type` is empty where nothing needs saying. */
export interface Words {
  type: string;
  modifier: string;
}

/** The arms of the junction at the end of `lane` as a driver sees them, by bearing. */
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
  const origin = armOf(graph, from, to, street * 2 + arrivedAt);
  const inBearing = origin < 0 ? 0 : reverseBearing(graph.junctionBearing[origin]!);
  const exits: Exit[] = [];
  for (let i = from; i < to; i++) {
    if (graph.junctionMerged[i] && i !== origin) continue;
    const exitStreet = graph.junctionEnd[i]! >> 1;
    const end = (graph.junctionEnd[i]! & 1) as 0 | 1;
    const isOrigin = i === origin;
    exits.push({
      street: exitStreet,
      end,
      bearing: graph.junctionBearing[i]!,
      angle: isOrigin ? 0 : turnAngle(inBearing, graph.junctionBearing[i]!),
      lane: allowed.get(exitStreet * 2 + end) ?? -1,
      isOrigin,
    });
  }
  return exits;
}

/** The arm of a street's end, or the carriageway it is seen as part of; -1 when the street does not end here. */
function armOf(graph: Graph, from: number, to: number, end: number): number {
  const own = graph.junctionEnd.indexOf(end, from);
  if (own < from || own >= to) return -1;
  if (!graph.junctionMerged[own]) return own;
  for (let i = from; i < to; i++) {
    if (!graph.junctionMerged[i] && graph.junctionBearing[i] === graph.junctionBearing[own]) return i;
  }
  return own;
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
/** A road that keeps its name past mere driveways may bend this much without a word. */
const MAIN_ROAD_BEND = 65;
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
const SERVICE_RANK = 16;

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
  const turnType = keepsName(graph, lane, next) ? 'continue' : 'turn';
  if (taken.isOrigin) return { type: turnType, modifier: 'uturn' };
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
  if (exits.length === 3 && isEndOfRoad(exits) && leadsUp(graph, lane, exits))
    return { type: 'end of road', modifier };
  return { type: turnType, modifier };
}

/** Need a driver not be told that the name changed? A name that merely ends or is shortened goes without saying. */
function isSameName(graph: Graph, lane: number, next: number): boolean {
  const from = laneText(graph, lane, 'name');
  const to = laneText(graph, next, 'name');
  const fromRef = laneText(graph, lane, 'ref');
  const toRef = laneText(graph, next, 'ref');
  if (from === '' && fromRef === '') return to === '' && toRef === '';
  const sameName = from === to || (from !== '' && to !== '' && (from.startsWith(to) || to.startsWith(from)));
  const refKept = fromRef === '' || toRef === '' || fromRef === toRef;
  return (sameName && refKept) || (from !== '' && to === '' && refKept);
}

/** Does the road itself go on under its name? */
function keepsName(graph: Graph, lane: number, next: number): boolean {
  const name = laneText(graph, lane, 'name');
  return name !== '' && name === laneText(graph, next, 'name');
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
  const ownRank = rank(graph, taken.street);
  const isMainRoad = others.every((other) => rank(graph, other.street) - ownRank >= 4);
  if (deviation > (isMainRoad && keepsName(graph, lane, taken.lane) ? MAIN_ROAD_BEND : NARROW)) return false;
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

/** The road one is on ends at another that runs across: one way right, one left, none ahead. */
function isEndOfRoad(exits: readonly Exit[]): boolean {
  const [right, left] = exits.filter((exit) => !exit.isOrigin).sort((a, b) => a.angle - b.angle);
  return (
    right !== undefined &&
    left !== undefined &&
    angularDeviation(right.angle, 90) < NARROW &&
    angularDeviation(left.angle, 270) < NARROW &&
    angularDeviation(right.angle, left.angle) > 2 * NARROW
  );
}

/** The road that runs across is the more important one: there one's own ends, not just meets another. */
function leadsUp(graph: Graph, lane: number, exits: readonly Exit[]): boolean {
  const own = rank(graph, graph.laneStreet[lane]!);
  return own < SERVICE_RANK && exits.every((exit) => exit.isOrigin || rank(graph, exit.street) < own);
}
