import { distanceM, toFixed } from './geo.ts';
import type { OsmData } from './osm.ts';
import type { Profile } from './profile.ts';
import { judgeNode, judgeWay, MODE, type DirectionRules, type WayRules } from './way-rules.ts';

/** What two neighbouring pieces of street must share to be one: everything a driver would notice. */
export interface RoadClass {
  name: string;
  ref: string;
  destinations: string;
  classes: number;
  mode: number;
  leftHand: boolean;
  roundabout: boolean;
  circular: boolean;
  startpoint: boolean;
  restricted: boolean;
  highway: string;
  lanes: number;
}

/**
 * A street between two nodes, later between two junctions. `path` runs from `path[0]` to `path.at(-1)`; weights and
 * durations are tenths per piece, forward along the path and reverse against it. A class of -1 closes that direction.
 */
export interface Street {
  path: number[];
  forwardWeight: number[];
  forwardDuration: number[];
  reverseWeight: number[];
  reverseDuration: number[];
  forwardClass: number;
  reverseClass: number;
  forwardUTurnLane: boolean;
  reverseUTurnLane: boolean;
}

export interface StreetNetwork {
  /** Fixed-point coordinates and OSM ids by node. */
  lon: Int32Array;
  lat: Int32Array;
  osmId: Float64Array;
  barrier: Set<number>;
  /** Signals that stop everyone, and those that stop only traffic coming from the named neighbours. */
  signal: Set<number>;
  signalFrom: Map<number, Set<number>>;
  classes: RoadClass[];
  streets: Street[];
  /** Streets at each node, by index. */
  at: number[][];
  nodeOf: Map<number, number>;
}

export const NO_WEIGHT = 0x7fffffff;

/**
 * Reads the ways a profile may use into a network of single pieces (one per pair of neighbouring nodes). Of parallel
 * pieces between the same two nodes the quickest counts, per direction.
 */
export function readStreets(osm: OsmData, profile: Profile): StreetNetwork {
  const usable: { refs: readonly number[]; rules: WayRules }[] = [];
  const used = new Set<number>();
  const present = new Set<number>();
  for (const node of osm.nodes) present.add(node.id);
  for (const way of osm.ways) {
    const rules = judgeWay(way.tags, profile);
    if (!rules) continue;
    const refs = way.refs.filter((ref) => present.has(ref));
    if (refs.length < 2) continue;
    usable.push({ refs, rules });
    for (const ref of refs) used.add(ref);
  }
  const network = emptyNetwork(osm, used, profile);
  const signalled = directedSignals(osm, network.nodeOf);
  const streetOf = new Map<number, number>();
  const classOf = new Map<string, number>();
  for (const { refs, rules } of usable) addWay(network, refs, rules, streetOf, classOf, signalled);
  for (let i = 0; i < network.streets.length; i++) {
    const path = network.streets[i]!.path;
    network.at[path[0]!]!.push(i);
    network.at[path[1]!]!.push(i);
  }
  return network;
}

function emptyNetwork(osm: OsmData, used: Set<number>, profile: Profile): StreetNetwork {
  const nodes = osm.nodes.filter((node) => used.delete(node.id)).sort((a, b) => a.id - b.id);
  const network: StreetNetwork = {
    lon: Int32Array.from(nodes, (node) => toFixed(node.lon)),
    lat: Int32Array.from(nodes, (node) => toFixed(node.lat)),
    osmId: Float64Array.from(nodes, (node) => node.id),
    barrier: new Set(),
    signal: new Set(),
    signalFrom: new Map(),
    classes: [],
    streets: [],
    at: nodes.map(() => []),
    nodeOf: new Map(nodes.map((node, i) => [node.id, i])),
  };
  nodes.forEach((node, i) => {
    if (!node.tags) return;
    const rules = judgeNode(node.tags, profile);
    if (rules.barrier) network.barrier.add(i);
    if (rules.signal === 1) network.signal.add(i);
    if (rules.signal > 1) network.signalFrom.set(i, new Set());
  });
  return network;
}

/** For each node with a one-way signal: true when it stops traffic along the way, false when against. */
function directedSignals(osm: OsmData, nodeOf: Map<number, number>): Map<number, boolean> {
  const found = new Map<number, boolean>();
  for (const node of osm.nodes) {
    const toward = node.tags?.['traffic_signals:direction'];
    if (node.tags?.highway !== 'traffic_signals' || (toward !== 'forward' && toward !== 'backward')) continue;
    const index = nodeOf.get(node.id);
    if (index !== undefined) found.set(index, toward === 'forward');
  }
  return found;
}

function addWay(
  network: StreetNetwork,
  refs: readonly number[],
  rules: WayRules,
  streetOf: Map<number, number>,
  classOf: Map<string, number>,
  signalled: Map<number, boolean>,
): void {
  const forwardClass = internClass(network, classOf, rules, rules.forward);
  const reverseClass = internClass(network, classOf, rules, rules.backward);
  const pieces = refs.length - 1;
  for (let i = 0; i < pieces; i++) {
    const from = network.nodeOf.get(refs[i]!)!;
    const to = network.nodeOf.get(refs[i + 1]!)!;
    if (from === to) continue;
    if (signalled.get(to) === true) network.signalFrom.get(to)!.add(from);
    if (signalled.get(from) === false) network.signalFrom.get(from)!.add(to);
    const lengthM = distanceM(network.lon[from]!, network.lat[from]!, network.lon[to]!, network.lat[to]!);
    const forward = pieceCost(rules, rules.forward, lengthM, pieces);
    const reverse = pieceCost(rules, rules.backward, lengthM, pieces);
    const street: Street = {
      path: [from, to],
      forwardWeight: [forward.weight],
      forwardDuration: [forward.duration],
      reverseWeight: [reverse.weight],
      reverseDuration: [reverse.duration],
      forwardClass,
      reverseClass,
      forwardUTurnLane: rules.uTurnLaneForward,
      reverseUTurnLane: rules.uTurnLaneBackward,
    };
    const key = Math.min(from, to) * network.lon.length + Math.max(from, to);
    const known = streetOf.get(key);
    if (known === undefined) {
      streetOf.set(key, network.streets.length);
      network.streets.push(street);
    } else {
      keepQuicker(network.streets[known]!, street);
    }
  }
}

/** Tenths of weight and of a second for one piece; at least one tenth each, as OSRM counts. */
function pieceCost(
  rules: WayRules,
  side: DirectionRules,
  lengthM: number,
  pieces: number,
): { weight: number; duration: number } {
  if (side.mode === MODE.none) return { weight: NO_WEIGHT, duration: NO_WEIGHT };
  const seconds = rules.durationS > 0 ? rules.durationS / pieces : lengthM / (side.speedKmh / 3.6);
  const weight = rules.durationWeight > 0 ? rules.durationWeight / pieces : lengthM / (side.rateKmh / 3.6);
  return { weight: Math.max(1, Math.round(weight * 10)), duration: Math.max(1, Math.round(seconds * 10)) };
}

function internClass(
  network: StreetNetwork,
  classOf: Map<string, number>,
  rules: WayRules,
  side: DirectionRules,
): number {
  if (side.mode === MODE.none) return -1;
  const road: RoadClass = {
    name: rules.name,
    ref: rules.ref,
    destinations: side.destinations,
    classes: side.classes,
    mode: side.mode,
    leftHand: rules.leftHand,
    roundabout: rules.roundabout,
    circular: rules.circular,
    startpoint: rules.startpoint,
    restricted: side.restricted,
    highway: rules.highway,
    lanes: rules.lanes,
  };
  const key = JSON.stringify(road);
  let index = classOf.get(key);
  if (index === undefined) {
    index = network.classes.length;
    network.classes.push(road);
    classOf.set(key, index);
  }
  return index;
}

/** The same street seen from its other end. */
export function reversed(street: Street): Street {
  return {
    path: street.path.toReversed(),
    forwardWeight: street.reverseWeight.toReversed(),
    forwardDuration: street.reverseDuration.toReversed(),
    reverseWeight: street.forwardWeight.toReversed(),
    reverseDuration: street.forwardDuration.toReversed(),
    forwardClass: street.reverseClass,
    reverseClass: street.forwardClass,
    forwardUTurnLane: street.reverseUTurnLane,
    reverseUTurnLane: street.forwardUTurnLane,
  };
}

function keepQuicker(known: Street, other: Street): void {
  const same = known.path[0] === other.path[0] ? other : reversed(other);
  if (same.forwardWeight[0]! < known.forwardWeight[0]!) {
    known.forwardWeight = same.forwardWeight;
    known.forwardDuration = same.forwardDuration;
    known.forwardClass = same.forwardClass;
    known.forwardUTurnLane = same.forwardUTurnLane;
  }
  if (same.reverseWeight[0]! < known.reverseWeight[0]!) {
    known.reverseWeight = same.reverseWeight;
    known.reverseDuration = same.reverseDuration;
    known.reverseClass = same.reverseClass;
    known.reverseUTurnLane = same.reverseUTurnLane;
  }
}
