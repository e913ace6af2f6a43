/**
 * The router's graph, all typed arrays. A *street* is a run of nodes between two junctions. A *lane* is a street in
 * one direction, and the vertex of the search graph; a *turn* leads from one lane to the next and is its arc. Weights
 * are what is minimised, durations what is answered, both in tenths.
 */
export interface Graph {
  profileName: string;
  nodeLon: Int32Array;
  nodeLat: Int32Array;
  nodeOsmId: Float64Array;
  /** Street s covers `streetNode[streetStart[s] .. streetStart[s + 1])`; piece i runs from node i to i + 1 of it. */
  streetStart: Uint32Array;
  streetNode: Uint32Array;
  forwardWeight: Int32Array;
  forwardDuration: Int32Array;
  reverseWeight: Int32Array;
  reverseDuration: Int32Array;
  /** Lane of each direction of a street, -1 where closed. */
  streetForwardLane: Int32Array;
  streetReverseLane: Int32Array;
  laneStreet: Uint32Array;
  laneReverse: Uint8Array;
  laneClass: Uint16Array;
  laneWeight: Int32Array;
  laneDuration: Int32Array;
  laneDistance: Float64Array;
  /** Strongly connected component, and 1 for a small one that cannot reach the rest of the map. */
  laneComponent: Uint32Array;
  laneTiny: Uint8Array;
  turnStart: Uint32Array;
  turnTarget: Uint32Array;
  turnWeight: Int32Array;
  turnDuration: Int32Array;
  /** Streets at each junction node, as `street * 2 + (1 when the street ends here)`, in clockwise order, with bearings. */
  junctionStart: Uint32Array;
  junctionEnd: Uint32Array;
  junctionBearing: Float32Array;
  /** 1 where a driver sees the arm as part of the next carriageway of the same road. */
  junctionMerged: Uint8Array;
  /** Column j of a class row: see CLASS_COLUMNS; strings are indices into `strings`. */
  classRows: Uint32Array;
  strings: string[];
  /** Pieces in Hilbert order for snapping: `street * 2^k`-free pair arrays, and the boxes above them. */
  pieceStreet: Uint32Array;
  pieceIndex: Uint32Array;
  boxes: Int32Array;
  boxLevels: Uint32Array;
  hierarchy: Hierarchy;
}

/** Contraction hierarchy over lanes; see contraction.ts. `upMiddle` is -1 on an original turn. */
export interface Hierarchy {
  order: Uint32Array;
  upStart: Uint32Array;
  upTarget: Uint32Array;
  upWeight: Int32Array;
  upDuration: Int32Array;
  upDistance: Float32Array;
  upMiddle: Int32Array;
  downStart: Uint32Array;
  downSource: Uint32Array;
  downWeight: Int32Array;
  downDuration: Int32Array;
  downDistance: Float32Array;
  downMiddle: Int32Array;
}

export const CLASS_COLUMNS = {
  name: 0,
  ref: 1,
  destinations: 2,
  highway: 3,
  classes: 4,
  mode: 5,
  flags: 6,
  lanes: 7,
} as const;
export const CLASS_WIDTH = 8;
export const FLAG = { leftHand: 1, roundabout: 2, circular: 4, startpoint: 8, restricted: 16 } as const;

export type ClassColumn = keyof typeof CLASS_COLUMNS;

/** A number of a lane's class; for text columns use `laneText`. */
export function laneTrait(graph: Graph, lane: number, column: ClassColumn): number {
  return graph.classRows[graph.laneClass[lane]! * CLASS_WIDTH + CLASS_COLUMNS[column]]!;
}

export function laneText(
  graph: Graph,
  lane: number,
  column: 'name' | 'ref' | 'destinations' | 'highway',
): string {
  return graph.strings[laneTrait(graph, lane, column)]!;
}

/** Any lane of a street: its open direction, forward first. */
export function anyLane(graph: Graph, street: number): number {
  const forward = graph.streetForwardLane[street]!;
  return forward >= 0 ? forward : graph.streetReverseLane[street]!;
}

/** Node index of position i along a lane. */
export function laneNode(graph: Graph, lane: number, i: number): number {
  const street = graph.laneStreet[lane]!;
  return graph.laneReverse[lane]
    ? graph.streetNode[graph.streetStart[street + 1]! - 1 - i]!
    : graph.streetNode[graph.streetStart[street]! + i]!;
}

export function lanePieces(graph: Graph, lane: number): number {
  const street = graph.laneStreet[lane]!;
  return graph.streetStart[street + 1]! - graph.streetStart[street]! - 1;
}

/** Index into the street's piece arrays of the i-th piece met along a lane. */
export function lanePiece(graph: Graph, lane: number, i: number): number {
  const street = graph.laneStreet[lane]!;
  return graph.laneReverse[lane] ? graph.streetStart[street + 1]! - 2 - i : graph.streetStart[street]! + i;
}

export function pieceWeight(graph: Graph, lane: number, i: number): number {
  const at = lanePiece(graph, lane, i);
  return graph.laneReverse[lane] ? graph.reverseWeight[at]! : graph.forwardWeight[at]!;
}

export function pieceDuration(graph: Graph, lane: number, i: number): number {
  const at = lanePiece(graph, lane, i);
  return graph.laneReverse[lane] ? graph.reverseDuration[at]! : graph.forwardDuration[at]!;
}
