import { joinStreets, oriented } from './compress.ts';
import { componentsOf } from './components.ts';
import { contract } from './contraction.ts';
import { CLASS_COLUMNS, CLASS_WIDTH, FLAG, type Graph } from './graph.ts';
import { buildLanes, type LaneGraph } from './lane-graph.ts';
import type { OsmData } from './osm.ts';
import { buildPieceIndex } from './piece-index.ts';
import type { Profile } from './profile.ts';
import { readRestrictions } from './restrictions.ts';
import { readStreets, type RoadClass, type Street, type StreetNetwork } from './street-network.ts';

export { deserializeGraph, serializeGraph } from './serialize.ts';

/** What is being done, and the share of it done, 0 to 1. */
export type ImportProgress = (stage: 'streets' | 'turns' | 'hierarchy', share: number) => void;

/**
 * Builds the router's graph from street data under the rules of a profile. Data without a single usable street
 * gives a graph without lanes, which every search answers as unreachable.
 */
export function buildGraph(osm: OsmData, profile: Profile, onProgress?: ImportProgress): Graph {
  onProgress?.('streets', 0);
  const network = readStreets(osm, profile);
  const restrictions = readRestrictions(osm, network);
  const streets = joinStreets(network, restrictions)
    .filter((street) => street !== null)
    .map(oriented);
  onProgress?.('turns', 0);
  const lanes = buildLanes(network, streets, restrictions, profile);
  const base = { ...shapeArrays(network, streets), ...laneArrays(streets, lanes) };
  const { component, tiny } = componentsOf(base.turnStart, base.turnTarget);
  const hierarchy = contract(base, { onProgress: (share) => onProgress?.('hierarchy', share) });
  onProgress?.('hierarchy', 1);
  return {
    profileName: profile.name,
    ...base,
    ...junctionArrays(lanes),
    ...classArrays(network.classes),
    ...buildPieceIndex(base),
    laneComponent: component,
    laneTiny: tiny,
    hierarchy,
  };
}

function shapeArrays(network: StreetNetwork, streets: readonly Street[]) {
  const total = streets.reduce((sum, street) => sum + street.path.length, 0);
  const arrays = {
    nodeLon: network.lon,
    nodeLat: network.lat,
    nodeOsmId: network.osmId,
    streetStart: new Uint32Array(streets.length + 1),
    streetNode: new Uint32Array(total),
    forwardWeight: new Int32Array(total),
    forwardDuration: new Int32Array(total),
    reverseWeight: new Int32Array(total),
    reverseDuration: new Int32Array(total),
  };
  let at = 0;
  streets.forEach((street, s) => {
    arrays.streetStart[s] = at;
    arrays.streetNode.set(street.path, at);
    arrays.forwardWeight.set(street.forwardWeight, at);
    arrays.forwardDuration.set(street.forwardDuration, at);
    arrays.reverseWeight.set(street.reverseWeight, at);
    arrays.reverseDuration.set(street.reverseDuration, at);
    at += street.path.length;
  });
  arrays.streetStart[streets.length] = at;
  return arrays;
}

function laneArrays(streets: readonly Street[], lanes: LaneGraph) {
  const n = lanes.laneStreet.length;
  const turnTotal = lanes.turns.reduce((sum, turns) => sum + turns.length, 0);
  const arrays = {
    streetForwardLane: Int32Array.from(lanes.lanes, (lane) => lane.forward),
    streetReverseLane: Int32Array.from(lanes.lanes, (lane) => lane.reverse),
    laneStreet: Uint32Array.from(lanes.laneStreet),
    laneReverse: Uint8Array.from(lanes.laneReverse, (reverse) => (reverse ? 1 : 0)),
    laneClass: new Uint16Array(n),
    laneWeight: new Int32Array(n),
    laneDuration: new Int32Array(n),
    laneDistance: new Float64Array(n),
    turnStart: new Uint32Array(n + 1),
    turnTarget: new Uint32Array(turnTotal),
    turnWeight: new Int32Array(turnTotal),
    turnDuration: new Int32Array(turnTotal),
  };
  let at = 0;
  for (let lane = 0; lane < n; lane++) {
    const street = streets[lanes.laneStreet[lane]!]!;
    const reverse = lanes.laneReverse[lane]!;
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    arrays.laneClass[lane] = reverse ? street.reverseClass : street.forwardClass;
    arrays.laneWeight[lane] = sum(reverse ? street.reverseWeight : street.forwardWeight);
    arrays.laneDuration[lane] = sum(reverse ? street.reverseDuration : street.forwardDuration);
    arrays.laneDistance[lane] = lanes.streetLengthM[lanes.laneStreet[lane]!]!;
    arrays.turnStart[lane] = at;
    for (const turn of lanes.turns[lane]!) {
      arrays.turnTarget[at] = turn.target;
      arrays.turnWeight[at] = turn.weight;
      arrays.turnDuration[at++] = turn.duration;
    }
  }
  arrays.turnStart[n] = at;
  return arrays;
}

function junctionArrays(
  lanes: LaneGraph,
): Pick<Graph, 'junctionStart' | 'junctionEnd' | 'junctionBearing' | 'junctionMerged'> {
  const start = new Uint32Array(lanes.arms.length + 1);
  lanes.arms.forEach((arms, node) => (start[node + 1] = start[node]! + arms.length));
  const arms = lanes.arms.flat();
  return {
    junctionStart: start,
    junctionEnd: Uint32Array.from(arms, (arm) => arm.street * 2 + arm.end),
    junctionBearing: Float32Array.from(arms, (arm) => arm.bearing),
    junctionMerged: Uint8Array.from(arms, (arm) => (arm.merged ? 1 : 0)),
  };
}

function classArrays(classes: readonly RoadClass[]): Pick<Graph, 'classRows' | 'strings'> {
  const strings = [''];
  const indexOf = new Map([['', 0]]);
  const intern = (text: string): number => {
    let index = indexOf.get(text);
    if (index === undefined) {
      index = strings.push(text) - 1;
      indexOf.set(text, index);
    }
    return index;
  };
  const rows = new Uint32Array(classes.length * CLASS_WIDTH);
  classes.forEach((road, i) => {
    const at = i * CLASS_WIDTH;
    rows[at + CLASS_COLUMNS.name] = intern(road.name);
    rows[at + CLASS_COLUMNS.ref] = intern(road.ref);
    rows[at + CLASS_COLUMNS.destinations] = intern(road.destinations);
    rows[at + CLASS_COLUMNS.highway] = intern(road.highway);
    rows[at + CLASS_COLUMNS.classes] = road.classes;
    rows[at + CLASS_COLUMNS.mode] = road.mode;
    rows[at + CLASS_COLUMNS.lanes] = road.lanes;
    rows[at + CLASS_COLUMNS.flags] =
      (road.leftHand ? FLAG.leftHand : 0) |
      (road.roundabout ? FLAG.roundabout : 0) |
      (road.circular ? FLAG.circular : 0) |
      (road.startpoint ? FLAG.startpoint : 0) |
      (road.restricted ? FLAG.restricted : 0);
  });
  return { classRows: rows, strings };
}
