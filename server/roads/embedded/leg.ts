import { distanceM } from './geo.ts';
import { lanePieces, pieceDuration, pieceWeight, type Graph } from './graph.ts';
import { turnBetween } from './search.ts';
import type { Snapped } from './snap.ts';

/**
 * A driven leg, piece by piece, from one snapped place to the next. Costs in tenths, lengths in metres. `nodes` has
 * one entry more than the pieces: the graph nodes at their ends, also where the leg starts or ends in mid-piece.
 */
export interface Leg {
  lanes: number[];
  source: Snapped;
  target: Snapped;
  lon: number[];
  lat: number[];
  nodes: number[];
  pieceWeights: number[];
  pieceDurations: number[];
  pieceDistances: number[];
  /** For each lane but the last, the piece count after which its turn comes, and that turn's cost. */
  turns: { afterPiece: number; weight: number; duration: number }[];
  weight: number;
  duration: number;
  distance: number;
}

/** Lays out a path of lanes between two places. */
export function layOut(graph: Graph, lanes: readonly number[], source: Snapped, target: Snapped): Leg {
  const leg: Leg = {
    lanes: [...lanes],
    source,
    target,
    lon: [source.lon],
    lat: [source.lat],
    nodes: [],
    pieceWeights: [],
    pieceDurations: [],
    pieceDistances: [],
    turns: [],
    weight: 0,
    duration: 0,
    distance: 0,
  };
  lanes.forEach((lane, i) => {
    const last = i === lanes.length - 1;
    const first = i === 0 ? positionOn(graph, lane, source) : 0;
    const end = last ? positionOn(graph, lane, target) : lanePieces(graph, lane) - 1;
    for (let piece = first; piece <= end; piece++) addPiece(graph, leg, lane, piece);
    if (i === 0) cutStart(graph, leg, lane, source, first);
    if (last) cutEnd(graph, leg, lane, target, end, lanes.length === 1);
    else {
      const turn = turnBetween(graph, lane, lanes[i + 1]!);
      leg.turns.push({ afterPiece: leg.pieceWeights.length, ...turn });
    }
  });
  leg.lon[leg.lon.length - 1] = target.lon;
  leg.lat[leg.lat.length - 1] = target.lat;
  for (let i = 0; i < leg.pieceWeights.length; i++) {
    leg.weight += leg.pieceWeights[i]!;
    leg.duration += leg.pieceDurations[i]!;
    const length = distanceM(leg.lon[i]!, leg.lat[i]!, leg.lon[i + 1]!, leg.lat[i + 1]!);
    leg.pieceDistances.push(length);
    leg.distance += length;
  }
  for (const turn of leg.turns) {
    leg.weight += turn.weight;
    leg.duration += turn.duration;
  }
  return leg;
}

/** Which piece along a lane a place lies on. */
function positionOn(graph: Graph, lane: number, place: Snapped): number {
  return graph.laneReverse[lane] ? lanePieces(graph, lane) - 1 - place.piece : place.piece;
}

function nodeAlong(graph: Graph, lane: number, i: number): number {
  const street = graph.laneStreet[lane]!;
  return graph.laneReverse[lane]
    ? graph.streetNode[graph.streetStart[street + 1]! - 1 - i]!
    : graph.streetNode[graph.streetStart[street]! + i]!;
}

function addPiece(graph: Graph, leg: Leg, lane: number, piece: number): void {
  if (leg.nodes.length === 0) leg.nodes.push(nodeAlong(graph, lane, piece));
  const node = nodeAlong(graph, lane, piece + 1);
  leg.nodes.push(node);
  leg.lon.push(graph.nodeLon[node]!);
  leg.lat.push(graph.nodeLat[node]!);
  leg.pieceWeights.push(pieceWeight(graph, lane, piece));
  leg.pieceDurations.push(pieceDuration(graph, lane, piece));
}

function costUpTo(graph: Graph, lane: number, place: Snapped): { weight: number; duration: number } {
  return graph.laneReverse[lane]
    ? { weight: place.reverseWeight, duration: place.reverseDuration }
    : { weight: place.forwardWeight, duration: place.forwardDuration };
}

/** The first piece costs only what lies beyond the source. */
function cutStart(graph: Graph, leg: Leg, lane: number, source: Snapped, first: number): void {
  const upTo = costUpTo(graph, lane, source);
  let { weight, duration } = upTo;
  for (let piece = 0; piece < first; piece++) {
    weight -= pieceWeight(graph, lane, piece);
    duration -= pieceDuration(graph, lane, piece);
  }
  leg.pieceWeights[0]! -= weight;
  leg.pieceDurations[0]! -= duration;
}

/** The last piece costs only what lies before the target. */
function cutEnd(graph: Graph, leg: Leg, lane: number, target: Snapped, end: number, onlyLane: boolean): void {
  const at = leg.pieceWeights.length - 1;
  const upTo = costUpTo(graph, lane, target);
  let { weight, duration } = upTo;
  for (let piece = 0; piece < end; piece++) {
    weight -= pieceWeight(graph, lane, piece);
    duration -= pieceDuration(graph, lane, piece);
  }
  const whole = pieceWeight(graph, lane, end);
  const wholeDuration = pieceDuration(graph, lane, end);
  if (onlyLane && at === 0) {
    leg.pieceWeights[0]! -= whole - weight;
    leg.pieceDurations[0]! -= wholeDuration - duration;
  } else {
    leg.pieceWeights[at] = weight;
    leg.pieceDurations[at] = duration;
  }
}
