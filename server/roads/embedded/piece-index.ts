import { mercatorY, PRECISION } from './geo.ts';
import type { Graph } from './graph.ts';

/** Boxes per parent in the packed tree. */
export const BRANCHING = 16;

type Shapes = Pick<Graph, 'nodeLon' | 'nodeLat' | 'streetStart' | 'streetNode'>;

/**
 * A packed R-tree over all street pieces, in Hilbert order of their middles, as arrays that can be stored. Boxes are
 * fixed-point Mercator: west, south, east, north, level by level from the leaves (one box per 16 pieces) to the root.
 */
export function buildPieceIndex(
  graph: Shapes,
): Pick<Graph, 'pieceStreet' | 'pieceIndex' | 'boxes' | 'boxLevels'> {
  const y = Int32Array.from(graph.nodeLat, (lat) => Math.round(mercatorY(lat) * PRECISION));
  const streetCount = graph.streetStart.length - 1;
  const total = graph.streetNode.length - streetCount;
  const street = new Uint32Array(total);
  const index = new Uint32Array(total);
  const curve = new Float64Array(total);
  let west = Infinity;
  let south = Infinity;
  let extent = 1;
  for (let node = 0; node < y.length; node++) {
    west = Math.min(west, graph.nodeLon[node]!);
    south = Math.min(south, y[node]!);
  }
  for (let node = 0; node < y.length; node++) {
    extent = Math.max(extent, graph.nodeLon[node]! - west, y[node]! - south);
  }
  let count = 0;
  for (let s = 0; s < streetCount; s++) {
    for (let at = graph.streetStart[s]!; at + 1 < graph.streetStart[s + 1]!; at++) {
      const a = graph.streetNode[at]!;
      const b = graph.streetNode[at + 1]!;
      street[count] = s;
      index[count] = at - graph.streetStart[s]!;
      const x = (graph.nodeLon[a]! + graph.nodeLon[b]!) / 2 - west;
      const up = (y[a]! + y[b]!) / 2 - south;
      curve[count++] = hilbert(Math.floor((x / extent) * 65_535), Math.floor((up / extent) * 65_535));
    }
  }
  const sorted = Uint32Array.from(curve.keys()).sort((a, b) => curve[a]! - curve[b]!);
  const pieceStreet = sorted.map((i) => street[i]!);
  const pieceIndex = sorted.map((i) => index[i]!);
  const boxes: number[] = [];
  const levels = [0];
  for (let from = 0; from < total; from += BRANCHING) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = from; i < Math.min(total, from + BRANCHING); i++) {
      const at = graph.streetStart[pieceStreet[i]!]! + pieceIndex[i]!;
      for (const node of [graph.streetNode[at]!, graph.streetNode[at + 1]!]) {
        widen(box, graph.nodeLon[node]!, y[node]!, graph.nodeLon[node]!, y[node]!);
      }
    }
    boxes.push(...box);
  }
  let levelFrom = 0;
  let levelTo = boxes.length / 4;
  levels.push(levelTo);
  while (levelTo - levelFrom > 1) {
    for (let from = levelFrom; from < levelTo; from += BRANCHING) {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = from; i < Math.min(levelTo, from + BRANCHING); i++) {
        widen(box, boxes[i * 4]!, boxes[i * 4 + 1]!, boxes[i * 4 + 2]!, boxes[i * 4 + 3]!);
      }
      boxes.push(...box);
    }
    levelFrom = levelTo;
    levelTo = boxes.length / 4;
    levels.push(levelTo);
  }
  return { pieceStreet, pieceIndex, boxes: Int32Array.from(boxes), boxLevels: Uint32Array.from(levels) };
}

function widen(box: number[], west: number, south: number, east: number, north: number): void {
  box[0] = Math.min(box[0]!, west);
  box[1] = Math.min(box[1]!, south);
  box[2] = Math.max(box[2]!, east);
  box[3] = Math.max(box[3]!, north);
}

/** Place of (x, y), each 0..65535, on the Hilbert curve. */
function hilbert(x: number, y: number): number {
  let place = 0;
  for (let side = 32_768; side > 0; side >>= 1) {
    const right = (x & side) > 0 ? 1 : 0;
    const top = (y & side) > 0 ? 1 : 0;
    place += side * side * ((3 * right) ^ top);
    if (top === 0) {
      if (right === 1) {
        x = 65_535 - x;
        y = 65_535 - y;
      }
      [x, y] = [y, x];
    }
  }
  return place;
}
