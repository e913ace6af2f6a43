import { distanceM } from './geo.ts';
import { angleOfTurn, armsAt, turnCost, turnIsPossible, type Arm, type StreetLanes } from './junctions.ts';
import type { Profile } from './profile.ts';
import { mergeCarriageways } from './road-merge.ts';
import type { TurnRestriction } from './restrictions.ts';
import { stops } from './compress.ts';
import type { Street, StreetNetwork } from './street-network.ts';

export interface Turn {
  target: number;
  weight: number;
  duration: number;
}

/** The search graph in the making: lanes by index, the turns out of each, and the arms of each junction. */
export interface LaneGraph {
  laneStreet: number[];
  laneReverse: boolean[];
  turns: Turn[][];
  lanes: StreetLanes[];
  /** By node; empty where no street starts or ends. */
  arms: Arm[][];
  streetLengthM: Float64Array;
}

/** Expands streets into lanes and turns, obeying restrictions, barriers and roundabouts. */
export function buildLanes(
  network: StreetNetwork,
  streets: readonly Street[],
  restrictions: readonly TurnRestriction[],
  profile: Profile,
): LaneGraph {
  const graph: LaneGraph = {
    laneStreet: [],
    laneReverse: [],
    turns: [],
    lanes: [],
    arms: [],
    streetLengthM: Float64Array.from(streets, (street) => lengthOf(network, street)),
  };
  const ends: { street: number; end: 0 | 1 }[][] = network.at.map(() => []);
  streets.forEach((street, index) => {
    graph.lanes.push({
      forward: street.forwardClass >= 0 ? addLane(graph, index, false) : -1,
      reverse: street.reverseClass >= 0 ? addLane(graph, index, true) : -1,
    });
    ends[street.path[0]!]!.push({ street: index, end: 0 });
    ends[street.path.at(-1)!]!.push({ street: index, end: 1 });
  });
  const atNode = restrictionsByApproach(restrictions);
  const arms = ends.map((here) => (here.length > 0 ? armsAt(network, streets, graph.lanes, here) : []));
  graph.arms = mergeCarriageways({ network, streets, arms, streetLengthM: graph.streetLengthM });
  graph.arms.forEach((arms, node) => addTurns(graph, network, streets, profile, node, arms, atNode));
  applyViaWays(graph, streets, restrictions);
  return graph;
}

function addLane(graph: LaneGraph, street: number, reverse: boolean): number {
  graph.laneStreet.push(street);
  graph.laneReverse.push(reverse);
  graph.turns.push([]);
  return graph.laneStreet.length - 1;
}

function lengthOf(network: StreetNetwork, street: Street): number {
  let total = 0;
  for (let i = 1; i < street.path.length; i++) {
    const a = street.path[i - 1]!;
    const b = street.path[i]!;
    total += distanceM(network.lon[a]!, network.lat[a]!, network.lon[b]!, network.lat[b]!);
  }
  return total;
}

type ByApproach = Map<string, TurnRestriction[]>;

/** Restrictions over a single node, by "node from which, over which". */
function restrictionsByApproach(restrictions: readonly TurnRestriction[]): ByApproach {
  const map: ByApproach = new Map();
  for (const restriction of restrictions) {
    if (restriction.via.length !== 1) continue;
    const key = `${restriction.from}>${restriction.via[0]!}`;
    const known = map.get(key);
    if (known) known.push(restriction);
    else map.set(key, [restriction]);
  }
  return map;
}

function addTurns(
  graph: LaneGraph,
  network: StreetNetwork,
  streets: readonly Street[],
  profile: Profile,
  node: number,
  arms: readonly Arm[],
  atNode: ByApproach,
): void {
  const barrier = network.barrier.has(node);
  const roads = arms.filter((arm) => !arm.merged).length;
  for (const from of arms) {
    if (from.arriving < 0) continue;
    const here = atNode.get(`${from.neighbour}>${node}`) ?? [];
    const only = here.find((restriction) => restriction.only);
    const isForbidden = (to: Arm): boolean =>
      only ? to.neighbour !== only.to : here.some((restriction) => restriction.to === to.neighbour);
    const source = network.classes[classOf(graph, streets, from.arriving)]!;
    for (const to of arms) {
      if (!turnIsPossible(arms, from, to, barrier, isForbidden)) continue;
      const target = network.classes[classOf(graph, streets, to.leaving)]!;
      const cost = turnCost(
        {
          angle: angleOfTurn(from, to),
          roads,
          signal: stops(network, node, from.neighbour),
          modeFrom: source.mode,
          modeTo: target.mode,
          leftHand: source.leftHand,
          restrictedFrom: source.restricted,
          restrictedTo: target.restricted,
        },
        profile,
      );
      graph.turns[from.arriving]!.push({ target: to.leaving, ...cost });
    }
  }
}

function classOf(graph: LaneGraph, streets: readonly Street[], lane: number): number {
  const street = streets[graph.laneStreet[lane]!]!;
  return graph.laneReverse[lane] ? street.reverseClass : street.forwardClass;
}

/** The lanes a restriction over ways runs along: the approach, then those between; null when it does not apply. */
function resolved(
  graph: LaneGraph,
  streets: readonly Street[],
  restriction: TurnRestriction,
): { lanes: number[]; to: number } | null {
  const start = graph.arms[restriction.via[0]!]!.find((arm) => arm.neighbour === restriction.from);
  if (!start || start.arriving < 0) return null;
  const lanes = [start.arriving];
  let at = 0;
  while (at < restriction.via.length - 1) {
    const arm = graph.arms[restriction.via[at]!]!.find((out) => out.neighbour === restriction.via[at + 1]);
    if (!arm || arm.leaving < 0) return null;
    lanes.push(arm.leaving);
    at += streets[arm.street]!.path.length - 1;
  }
  const exit = graph.arms[restriction.via.at(-1)!]!.find((arm) => arm.neighbour === restriction.to);
  if (!exit || exit.leaving < 0 || at !== restriction.via.length - 1) return null;
  return { lanes, to: exit.leaving };
}

/**
 * Restrictions over ways depend on where one came from, so each lane between gets a copy that is entered only from
 * the restricted approach; the copy of the last one lacks the forbidden turn.
 */
function applyViaWays(
  graph: LaneGraph,
  streets: readonly Street[],
  restrictions: readonly TurnRestriction[],
): void {
  const original = graph.turns.map((turns) => [...turns]);
  const copyOf = new Map<string, number>();
  const redirects: { source: number; from: number; to: number }[] = [];
  const bans: { lane: number; to: number; only: boolean }[] = [];
  const baseOf = new Map<number, number>();
  for (const restriction of restrictions) {
    if (restriction.via.length < 2) continue;
    const run = resolved(graph, streets, restriction);
    if (!run) continue;
    let source = run.lanes[0]!;
    let key = String(source);
    for (const lane of run.lanes.slice(1)) {
      key += `>${lane}`;
      let copy = copyOf.get(key);
      if (copy === undefined) {
        copy = addLane(graph, graph.laneStreet[lane]!, graph.laneReverse[lane]!);
        graph.turns[copy] = original[lane]!.map((turn) => ({ ...turn }));
        copyOf.set(key, copy);
        baseOf.set(copy, lane);
        redirects.push({ source, from: lane, to: copy });
      }
      source = copy;
    }
    bans.push({ lane: source, to: run.to, only: restriction.only });
  }
  const redirect = (lane: number, from: number, to: number): void => {
    for (const turn of graph.turns[lane]!) if (turn.target === from) turn.target = to;
  };
  for (const { source, from, to } of redirects) redirect(source, from, to);
  for (const [copy, base] of baseOf) {
    for (const { source, from, to } of redirects) if (source === base) redirect(copy, from, to);
  }
  for (const { lane, to, only } of bans) {
    const isTo = (turn: Turn): boolean => (baseOf.get(turn.target) ?? turn.target) === to;
    graph.turns[lane] = graph.turns[lane]!.filter((turn) => isTo(turn) === only);
  }
}
