import { contract } from './contraction.ts';
import { distanceM } from './geo.ts';
import type { Graph } from './graph.ts';

/** How much faster (above 1) or slower a piece of street is driven than its tags say, by OSM node ids and hour. */
export interface LearnedSpeed {
  from: number;
  to: number;
  /** 24 factors by hour of the local day, or one for all hours. */
  factors: readonly number[];
}

/** One line of OSRM's `--segment-speed-file`. */
export interface SegmentSpeed {
  from: number;
  to: number;
  kmh: number;
}

/** A factor outside this range is a fault of measurement. */
const LEAST_FACTOR = 0.1;
const MOST_FACTOR = 3;

export function factorAt(speed: LearnedSpeed, hour: number): number {
  const factor = speed.factors.length === 1 ? speed.factors[0] : speed.factors[hour % 24];
  return factor !== undefined && Number.isFinite(factor)
    ? Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, factor))
    : 1;
}

/** The graph with the speeds of one hour; its hierarchy is contracted anew in the known order. */
export function withLearnedSpeeds(graph: Graph, speeds: readonly LearnedSpeed[], hour: number): Graph {
  const factorOf = new Map(speeds.map((speed) => [`${speed.from},${speed.to}`, factorAt(speed, hour)]));
  const scaled: Graph = {
    ...graph,
    forwardWeight: graph.forwardWeight.slice(),
    forwardDuration: graph.forwardDuration.slice(),
    reverseWeight: graph.reverseWeight.slice(),
    reverseDuration: graph.reverseDuration.slice(),
    laneWeight: graph.laneWeight.slice(),
    laneDuration: graph.laneDuration.slice(),
  };
  const scale = (values: Int32Array, at: number, factor: number | undefined): void => {
    if (factor !== undefined) values[at] = Math.max(1, Math.round(values[at]! / factor));
  };
  forEachPiece(graph, (street, at, from, to) => {
    if (graph.streetForwardLane[street]! >= 0) {
      const factor = factorOf.get(`${from},${to}`);
      scale(scaled.forwardWeight, at, factor);
      scale(scaled.forwardDuration, at, factor);
    }
    if (graph.streetReverseLane[street]! >= 0) {
      const factor = factorOf.get(`${to},${from}`);
      scale(scaled.reverseWeight, at, factor);
      scale(scaled.reverseDuration, at, factor);
    }
  });
  for (let lane = 0; lane < graph.laneStreet.length; lane++) {
    const street = graph.laneStreet[lane]!;
    const reverse = graph.laneReverse[lane] === 1;
    let weight = 0;
    let duration = 0;
    for (let at = graph.streetStart[street]!; at + 1 < graph.streetStart[street + 1]!; at++) {
      weight += (reverse ? scaled.reverseWeight : scaled.forwardWeight)[at]!;
      duration += (reverse ? scaled.reverseDuration : scaled.forwardDuration)[at]!;
    }
    scaled.laneWeight[lane] = weight;
    scaled.laneDuration[lane] = duration;
  }
  return { ...scaled, hierarchy: contract(scaled, { order: graph.hierarchy.order }) };
}

/** What a real OSRM would be told: the learned speed of each piece that has one, in km/h. */
export function segmentSpeeds(graph: Graph, speeds: readonly LearnedSpeed[], hour: number): SegmentSpeed[] {
  const factorOf = new Map(speeds.map((speed) => [`${speed.from},${speed.to}`, factorAt(speed, hour)]));
  const list: SegmentSpeed[] = [];
  const add = (from: number, to: number, lengthM: number, tenths: number): void => {
    const factor = factorOf.get(`${from},${to}`);
    if (factor !== undefined) list.push({ from, to, kmh: (lengthM / (tenths / 10)) * 3.6 * factor });
  };
  forEachPiece(graph, (street, at, from, to) => {
    const a = graph.streetNode[at]!;
    const b = graph.streetNode[at + 1]!;
    const lengthM = distanceM(graph.nodeLon[a]!, graph.nodeLat[a]!, graph.nodeLon[b]!, graph.nodeLat[b]!);
    if (graph.streetForwardLane[street]! >= 0) add(from, to, lengthM, graph.forwardDuration[at]!);
    if (graph.streetReverseLane[street]! >= 0) add(to, from, lengthM, graph.reverseDuration[at]!);
  });
  return list;
}

function forEachPiece(
  graph: Graph,
  visit: (street: number, at: number, fromOsmId: number, toOsmId: number) => void,
): void {
  for (let street = 0; street + 1 < graph.streetStart.length; street++) {
    for (let at = graph.streetStart[street]!; at + 1 < graph.streetStart[street + 1]!; at++) {
      visit(street, at, graph.nodeOsmId[graph.streetNode[at]!]!, graph.nodeOsmId[graph.streetNode[at + 1]!]!);
    }
  }
}

/** The text of a segment-speed file: `from,to,km/h` a line. */
export function formatSegmentSpeeds(speeds: readonly SegmentSpeed[]): string {
  return speeds.map(({ from, to, kmh }) => `${from},${to},${Math.round(kmh * 10) / 10}\n`).join('');
}

/** Reads such a file; lines that are none are left out. A fourth column (rate) is allowed and ignored. */
export function parseSegmentSpeeds(text: string): SegmentSpeed[] {
  return text.split('\n').flatMap((line) => {
    const [from, to, kmh] = line.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
    const valid = Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number.isFinite(kmh) && kmh! >= 0;
    return valid ? [{ from: from!, to: to!, kmh: kmh! }] : [];
  });
}
