import {
  bearing as bearingOf,
  distanceM,
  latOfMercatorY,
  mercatorY,
  PRECISION,
  projectionRatio,
  toFixed,
} from './geo.ts';
import { anyLane, FLAG, laneTrait, type Graph } from './graph.ts';
import { BRANCHING } from './piece-index.ts';

/**
 * A coordinate put on a street. Costs run from the start of each lane to the point; a lane of -1 may not be used.
 * Weights and durations in tenths, distances in metres, coordinates fixed-point.
 */
export interface Snapped {
  street: number;
  piece: number;
  lon: number;
  lat: number;
  /** From the coordinate asked for. */
  distanceM: number;
  forwardLane: number;
  reverseLane: number;
  forwardWeight: number;
  forwardDuration: number;
  forwardDistance: number;
  reverseWeight: number;
  reverseDuration: number;
  reverseDistance: number;
}

export interface SnapOptions {
  bearing?: { degrees: number; range: number };
  approach?: 'curb' | 'opposite' | 'unrestricted';
  /** Also streets one may not start on. */
  snapping?: 'default' | 'any';
  /** Class bits that may not be used. */
  exclude?: number;
  maxDistanceM?: number;
}

/** Both answers to "where is this?": the nearest place, and the nearest one from which all of the map is in reach. */
export interface SnapPair {
  nearest: Snapped[];
  big: Snapped[];
}

interface Candidate {
  piece: number;
  ratio: number;
  x: number;
  y: number;
}

/** Snaps coordinates to one graph; `closed` marks pieces (by index into `streetNode`) nothing may be put on. */
export class Snapper {
  private readonly graph: Graph;
  private readonly closed: Uint8Array | null;
  private readonly nodeY: Float64Array;
  private readonly queueKey: number[] = [];
  private readonly queueItem: number[] = [];
  private readonly held: Candidate[] = [];

  constructor(graph: Graph, closed: Uint8Array | null = null) {
    this.graph = graph;
    this.closed = closed;
    this.nodeY = Float64Array.from(graph.nodeLat, mercatorY);
  }

  /** Up to `count` nearest places in order of distance. Degrees in. */
  nearest(lon: number, lat: number, count: number, options: SnapOptions = {}): Snapped[] {
    const found: Snapped[] = [];
    this.walk(lon, lat, (candidate) => {
      const snapped = this.accept(lon, lat, candidate, options);
      if (snapped) {
        if (options.maxDistanceM !== undefined && snapped.distanceM > options.maxDistanceM) return true;
        found.push(snapped);
      } else if (this.isTooFar(lon, lat, candidate, options)) return true;
      return found.length >= count;
    });
    return found;
  }

  /** Every place at the nearest location, and every one at the nearest location of a big component. */
  pair(lon: number, lat: number, options: SnapOptions = {}): SnapPair {
    const pair: SnapPair = { nearest: [], big: [] };
    let nearest: Candidate | null = null;
    let big: Candidate | null = null;
    let bigDistance = Infinity;
    this.walk(lon, lat, (candidate) => {
      if (big && this.distanceTo(lon, lat, candidate) > bigDistance) return true;
      if (this.isTooFar(lon, lat, candidate, options)) return true;
      const street = this.graph.pieceStreet[candidate.piece]!;
      const isBig = this.graph.laneTiny[anyLane(this.graph, street)] === 0;
      const elsewhere = nearest && !samePlace(nearest, candidate);
      if (elsewhere && big && (!isBig || !samePlace(big, candidate))) return false;
      if (elsewhere && !isBig) return false;
      const snapped = this.accept(lon, lat, candidate, options);
      if (!snapped) return false;
      nearest ??= candidate;
      if (isBig && !big) {
        big = candidate;
        bigDistance = snapped.distanceM;
      }
      if (samePlace(nearest, candidate)) addPlace(pair.nearest, snapped);
      if (big && isBig && samePlace(big, candidate)) addPlace(pair.big, snapped);
      return false;
    });
    return pair;
  }

  /** The place `ratio` along a known piece, as a hint names it. */
  private isTooFar(lon: number, lat: number, candidate: Candidate, options: SnapOptions): boolean {
    return options.maxDistanceM !== undefined && this.distanceTo(lon, lat, candidate) > options.maxDistanceM;
  }

  private distanceTo(lon: number, lat: number, candidate: Candidate): number {
    return distanceM(toFixed(lon), toFixed(lat), candidate.x, latOfMercatorY(candidate.y / PRECISION));
  }

  /** Visits pieces in order of distance (Mercator) until `visit` returns true. */
  private walk(lon: number, lat: number, visit: (candidate: Candidate) => boolean): void {
    const { graph } = this;
    const levels = graph.boxLevels;
    if (graph.pieceStreet.length === 0) return;
    const px = toFixed(lon);
    const pyExact = mercatorY(toFixed(lat));
    const py = Math.round(pyExact * PRECISION);
    this.queueKey.length = 0;
    this.queueItem.length = 0;
    this.held.length = 0;
    // Items: ≥ 0 a box, < 0 a held candidate.
    this.enqueue(0, levels.at(-1)! - 1);
    while (this.queueKey.length > 0) {
      const item = this.dequeue();
      if (item < 0) {
        if (visit(this.held[-item - 1]!)) return;
        continue;
      }
      let level = 0;
      while (item >= levels[level + 1]!) level++;
      const first = (item - levels[level]!) * BRANCHING;
      if (level === 0) {
        const end = Math.min(graph.pieceStreet.length, first + BRANCHING);
        for (let piece = first; piece < end; piece++) this.hold(piece, px, py, pyExact);
      } else {
        const below = levels[level - 1]!;
        const end = Math.min(levels[level]!, below + first + BRANCHING);
        for (let box = below + first; box < end; box++) this.enqueue(this.boxDistance(box, px, py), box);
      }
    }
  }

  private hold(piece: number, px: number, py: number, pyExact: number): void {
    const { graph } = this;
    const at = graph.streetStart[graph.pieceStreet[piece]!]! + graph.pieceIndex[piece]!;
    if (this.closed?.[at]) return;
    const a = graph.streetNode[at]!;
    const b = graph.streetNode[at + 1]!;
    const ax = graph.nodeLon[a]! / PRECISION;
    const bx = graph.nodeLon[b]! / PRECISION;
    const ratio = projectionRatio(ax, this.nodeY[a]!, bx, this.nodeY[b]!, px / PRECISION, pyExact);
    const x = Math.round((ax + (bx - ax) * ratio) * PRECISION);
    const y = Math.round((this.nodeY[a]! + (this.nodeY[b]! - this.nodeY[a]!) * ratio) * PRECISION);
    this.held.push({ piece, ratio, x, y });
    this.enqueue((x - px) ** 2 + (y - py) ** 2, -this.held.length);
  }

  private boxDistance(box: number, px: number, py: number): number {
    const { boxes } = this.graph;
    const dx = Math.max(boxes[box * 4]! - px, 0, px - boxes[box * 4 + 2]!);
    const dy = Math.max(boxes[box * 4 + 1]! - py, 0, py - boxes[box * 4 + 3]!);
    return dx * dx + dy * dy;
  }

  private enqueue(key: number, item: number): void {
    const { queueKey, queueItem } = this;
    let at = queueKey.length;
    queueKey.push(key);
    queueItem.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (queueKey[parent]! <= key) break;
      queueKey[at] = queueKey[parent]!;
      queueItem[at] = queueItem[parent]!;
      at = parent;
    }
    queueKey[at] = key;
    queueItem[at] = item;
  }

  private dequeue(): number {
    const { queueKey, queueItem } = this;
    const top = queueItem[0]!;
    const key = queueKey.pop()!;
    const item = queueItem.pop()!;
    const size = queueKey.length;
    if (size > 0) {
      let at = 0;
      for (;;) {
        let child = at * 2 + 1;
        if (child >= size) break;
        if (child + 1 < size && queueKey[child + 1]! < queueKey[child]!) child++;
        if (queueKey[child]! >= key) break;
        queueKey[at] = queueKey[child]!;
        queueItem[at] = queueItem[child]!;
        at = child;
      }
      queueKey[at] = key;
      queueItem[at] = item;
    }
    return top;
  }

  /** Turns a candidate into a place, or null when nothing may be there under the options. */
  private accept(lon: number, lat: number, candidate: Candidate, options: SnapOptions): Snapped | null {
    const { graph } = this;
    const street = graph.pieceStreet[candidate.piece]!;
    const piece = graph.pieceIndex[candidate.piece]!;
    const at = graph.streetStart[street]! + piece;
    let forwardLane = this.usable(graph.streetForwardLane[street]!, options);
    let reverseLane = this.usable(graph.streetReverseLane[street]!, options);
    const a = graph.streetNode[at]!;
    const b = graph.streetNode[at + 1]!;
    if (options.bearing) {
      const along = Math.round(
        bearingOf(graph.nodeLon[a]!, graph.nodeLat[a]!, graph.nodeLon[b]!, graph.nodeLat[b]!),
      );
      if (!bearingFits(along, options.bearing)) forwardLane = -1;
      if (!bearingFits((along + 180) % 360, options.bearing)) reverseLane = -1;
    }
    const sided = options.approach === 'curb' || options.approach === 'opposite';
    if (sided && forwardLane >= 0 && reverseLane >= 0) {
      const cross =
        (graph.nodeLon[b]! - graph.nodeLon[a]!) * (toFixed(lat) - graph.nodeLat[a]!) -
        (graph.nodeLat[b]! - graph.nodeLat[a]!) * (toFixed(lon) - graph.nodeLon[a]!);
      const leftHand = (laneTrait(graph, forwardLane, 'flags') & FLAG.leftHand) !== 0;
      const onDrivingSide = leftHand ? cross > 0 : cross < 0;
      if (onDrivingSide === (options.approach === 'curb')) reverseLane = -1;
      else forwardLane = -1;
    }
    if (forwardLane < 0 && reverseLane < 0) return null;
    return this.place(lon, lat, street, piece, candidate, forwardLane, reverseLane);
  }

  private usable(lane: number, options: SnapOptions): number {
    if (lane < 0) return -1;
    if (options.exclude && laneTrait(this.graph, lane, 'classes') & options.exclude) return -1;
    if (options.snapping !== 'any' && !(laneTrait(this.graph, lane, 'flags') & FLAG.startpoint)) return -1;
    return lane;
  }

  private place(
    lon: number,
    lat: number,
    street: number,
    piece: number,
    { ratio, x, y }: Candidate,
    forwardLane: number,
    reverseLane: number,
  ): Snapped {
    const { graph } = this;
    const start = graph.streetStart[street]!;
    const last = graph.streetStart[street + 1]! - 2;
    const at = start + piece;
    const snappedLat = latOfMercatorY(y / PRECISION);
    const place: Snapped = {
      street,
      piece,
      lon: x,
      lat: snappedLat,
      distanceM: distanceM(toFixed(lon), toFixed(lat), x, snappedLat),
      forwardLane,
      reverseLane,
      forwardWeight: 0,
      forwardDuration: 0,
      forwardDistance: 0,
      reverseWeight: 0,
      reverseDuration: 0,
      reverseDistance: 0,
    };
    for (let i = start; i < at; i++) {
      place.forwardWeight += graph.forwardWeight[i]!;
      place.forwardDuration += graph.forwardDuration[i]!;
      place.forwardDistance += this.pieceLength(i);
    }
    for (let i = last; i > at; i--) {
      place.reverseWeight += graph.reverseWeight[i]!;
      place.reverseDuration += graph.reverseDuration[i]!;
      place.reverseDistance += this.pieceLength(i);
    }
    place.forwardWeight += Math.trunc(graph.forwardWeight[at]! * ratio);
    place.forwardDuration += Math.trunc(graph.forwardDuration[at]! * ratio);
    place.reverseWeight += graph.reverseWeight[at]! - Math.trunc(graph.reverseWeight[at]! * ratio);
    place.reverseDuration += graph.reverseDuration[at]! - Math.trunc(graph.reverseDuration[at]! * ratio);
    const a = graph.streetNode[at]!;
    const b = graph.streetNode[at + 1]!;
    place.forwardDistance += distanceM(graph.nodeLon[a]!, graph.nodeLat[a]!, x, snappedLat);
    place.reverseDistance += distanceM(graph.nodeLon[b]!, graph.nodeLat[b]!, x, snappedLat);
    return place;
  }

  private pieceLength(at: number): number {
    const a = this.graph.streetNode[at]!;
    const b = this.graph.streetNode[at + 1]!;
    const { nodeLon, nodeLat } = this.graph;
    return distanceM(nodeLon[a]!, nodeLat[a]!, nodeLon[b]!, nodeLat[b]!);
  }
}

function samePlace(a: Candidate, b: Candidate): boolean {
  return a.x === b.x && a.y === b.y;
}

/** One place per street: where two pieces of a street meet, the one earlier along it counts. */
function addPlace(places: Snapped[], place: Snapped): void {
  const known = places.findIndex((other) => other.street === place.street);
  if (known < 0) places.push(place);
  else if (place.piece < places[known]!.piece && place.forwardLane >= 0) places[known] = place;
}

function bearingFits(along: number, wanted: { degrees: number; range: number }): boolean {
  const difference = Math.abs(along - wanted.degrees) % 360;
  return Math.min(difference, 360 - difference) <= wanted.range;
}

/**
 * Which places to use for a request of several coordinates: the nearest ones when all lie in one small component,
 * else for each coordinate that fell into a small component the nearest place on the big map.
 */
export function settleComponents(graph: Graph, pairs: readonly SnapPair[]): Snapped[][] {
  const laneOf = (place: Snapped): number => (place.forwardLane >= 0 ? place.forwardLane : place.reverseLane);
  const isTiny = (places: readonly Snapped[]): boolean =>
    places.every((place) => graph.laneTiny[laneOf(place)] === 1);
  const components = new Set(
    pairs.flatMap(({ nearest }) => nearest.map((place) => graph.laneComponent[laneOf(place)]!)),
  );
  const allInOneTiny = components.size === 1 && pairs.every(({ nearest }) => isTiny(nearest));
  if (allInOneTiny) return pairs.map(({ nearest }) => nearest);
  return pairs.map(({ nearest, big }) => (isTiny(nearest) && big.length > 0 ? big : nearest));
}
