import type { Graph, Hierarchy } from './graph.ts';
import { VertexHeap } from './heap.ts';
import type { Snapped } from './snap.ts';

/** One end of a search: a lane and the cost from its start to the point. */
export interface Seed {
  lane: number;
  weight: number;
  duration: number;
  distance: number;
  /** The way out of the lane (source) or to the point (target) is shut. */
  shut: boolean;
}

export interface Found {
  weight: number;
  /** Lanes from the source's to the target's. */
  lanes: number[];
}

/** What a search may not use. `lane` marks lanes that cannot be driven to their end, `piece` indexes `streetNode`. */
export interface Closed {
  lane: Uint8Array;
  piece: Uint8Array;
}

/** Lanes through a place, with their costs, as the start or the end of a search. */
export function seedsOf(
  graph: Graph,
  places: readonly Snapped[],
  role: 'source' | 'target',
  closed: Closed | null,
): Seed[] {
  const seeds: Seed[] = [];
  for (const place of places) {
    const at = graph.streetStart[place.street]! + place.piece;
    const first = graph.streetStart[place.street]!;
    const last = graph.streetStart[place.street + 1]! - 2;
    const towardEnd = closed !== null && anySet(closed.piece, at, last);
    const towardStart = closed !== null && anySet(closed.piece, first, at);
    if (place.forwardLane >= 0) {
      seeds.push({
        lane: place.forwardLane,
        weight: place.forwardWeight,
        duration: place.forwardDuration,
        distance: place.forwardDistance,
        shut: role === 'source' ? towardEnd : towardStart,
      });
    }
    if (place.reverseLane >= 0) {
      seeds.push({
        lane: place.reverseLane,
        weight: place.reverseWeight,
        duration: place.reverseDuration,
        distance: place.reverseDistance,
        shut: role === 'source' ? towardStart : towardEnd,
      });
    }
  }
  return seeds;
}

function anySet(flags: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i <= to; i++) if (flags[i]) return true;
  return false;
}

/** Shortest paths in one graph: over the hierarchy where it holds, over plain turns where a filter applies. */
export class Searcher {
  readonly graph: Graph;
  readonly hierarchy: Hierarchy;
  /** Closures the hierarchy was built with. */
  readonly closed: Closed | null;
  private readonly forward: VertexHeap;
  private readonly backward: VertexHeap;
  private readonly forwardParent: Int32Array;
  private readonly backwardParent: Int32Array;

  constructor(graph: Graph, hierarchy: Hierarchy = graph.hierarchy, closed: Closed | null = null) {
    const n = graph.laneStreet.length;
    this.graph = graph;
    this.hierarchy = hierarchy;
    this.closed = closed;
    this.forward = new VertexHeap(n);
    this.backward = new VertexHeap(n);
    this.forwardParent = new Int32Array(n);
    this.backwardParent = new Int32Array(n);
  }

  /** The least-weight path between two sets of seeds; null when there is none. */
  between(sources: readonly Seed[], targets: readonly Seed[]): Found | null {
    if (sources.some((seed) => this.mustExpand(seed)) || needsLoop(sources, targets)) {
      return this.plain(sources, targets, this.closed);
    }
    const { hierarchy, forward, backward } = this;
    forward.clear();
    backward.clear();
    let leastForward = Infinity;
    let leastBackward = Infinity;
    for (const seed of sources) {
      if (seed.shut) continue;
      if (forward.push(seed.lane, -seed.weight)) this.forwardParent[seed.lane] = -1;
      leastForward = Math.min(leastForward, -seed.weight);
    }
    for (const seed of targets) {
      if (seed.shut) continue;
      if (backward.push(seed.lane, seed.weight)) this.backwardParent[seed.lane] = -1;
      leastBackward = Math.min(leastBackward, seed.weight);
    }
    let best = Infinity;
    let middle = -1;
    for (;;) {
      const goForward = forward.minKey() + leastBackward < best;
      const goBackward = backward.minKey() + leastForward < best;
      if (!goForward && !goBackward) break;
      if (goForward) {
        const v = forward.pop();
        const key = forward.key[v]!;
        if (backward.reached(v)) {
          const sum = key + backward.key[v]!;
          if (sum >= 0 && sum < best) [best, middle] = [sum, v];
        }
        if (!this.stalledForward(v, key)) {
          for (let i = hierarchy.upStart[v]!; i < hierarchy.upStart[v + 1]!; i++) {
            const to = hierarchy.upTarget[i]!;
            if (forward.push(to, key + hierarchy.upWeight[i]!)) this.forwardParent[to] = v;
          }
        }
      }
      if (goBackward) {
        const v = backward.pop();
        const key = backward.key[v]!;
        if (forward.reached(v)) {
          const sum = key + forward.key[v]!;
          if (sum >= 0 && sum < best) [best, middle] = [sum, v];
        }
        if (!this.stalledBackward(v, key)) {
          for (let i = hierarchy.downStart[v]!; i < hierarchy.downStart[v + 1]!; i++) {
            const from = hierarchy.downSource[i]!;
            if (backward.push(from, key + hierarchy.downWeight[i]!)) this.backwardParent[from] = v;
          }
        }
      }
    }
    return middle < 0 ? null : { weight: best, lanes: this.pathOver(middle) };
  }

  /** Pairs the hierarchy cannot see: the way round back to one's own lane, or along a lane closed further on. */
  needsPlain(sources: readonly Seed[], targets: readonly Seed[]): boolean {
    if (needsLoop(sources, targets)) return true;
    if (this.closed === null) return false;
    return sources.some(
      (seed) => this.mustExpand(seed) && targets.some((target) => target.lane === seed.lane),
    );
  }

  private mustExpand(seed: Seed): boolean {
    return !seed.shut && this.closed !== null && this.closed.lane[seed.lane] === 1;
  }

  /** Where a search from a seed begins: on its lane, or on the next ones when the lane is closed behind the seed. */
  starts(seed: Seed): { lane: number; weight: number; duration: number; distance: number }[] {
    if (!this.mustExpand(seed)) {
      return [{ lane: seed.lane, weight: -seed.weight, duration: -seed.duration, distance: -seed.distance }];
    }
    const { graph } = this;
    const starts = [];
    for (let turn = graph.turnStart[seed.lane]!; turn < graph.turnStart[seed.lane + 1]!; turn++) {
      starts.push({
        lane: graph.turnTarget[turn]!,
        weight: graph.laneWeight[seed.lane]! - seed.weight + graph.turnWeight[turn]!,
        duration: graph.laneDuration[seed.lane]! - seed.duration + graph.turnDuration[turn]!,
        distance: graph.laneDistance[seed.lane]! - seed.distance,
      });
    }
    return starts;
  }

  /** Stall-on-demand: a higher vertex reaches v more cheaply, so the climb need not go on from here. */
  private stalledForward(v: number, key: number): boolean {
    const { hierarchy, forward } = this;
    for (let i = hierarchy.downStart[v]!; i < hierarchy.downStart[v + 1]!; i++) {
      const from = hierarchy.downSource[i]!;
      if (forward.reached(from) && forward.key[from]! + hierarchy.downWeight[i]! < key) return true;
    }
    return false;
  }

  private stalledBackward(v: number, key: number): boolean {
    const { hierarchy, backward } = this;
    for (let i = hierarchy.upStart[v]!; i < hierarchy.upStart[v + 1]!; i++) {
      const to = hierarchy.upTarget[i]!;
      if (backward.reached(to) && backward.key[to]! + hierarchy.upWeight[i]! < key) return true;
    }
    return false;
  }

  private pathOver(middle: number): number[] {
    const climb = [middle];
    for (let v = middle; this.forwardParent[v]! >= 0; v = this.forwardParent[v]!)
      climb.push(this.forwardParent[v]!);
    const lanes = [climb.at(-1)!];
    for (let i = climb.length - 1; i > 0; i--) this.unpack(climb[i]!, climb[i - 1]!, lanes);
    for (let v = middle; this.backwardParent[v]! >= 0; v = this.backwardParent[v]!) {
      this.unpack(v, this.backwardParent[v]!, lanes);
    }
    return lanes;
  }

  /** Appends the lanes after `from` up to `to` that the edge between them stands for. */
  private unpack(from: number, to: number, lanes: number[]): void {
    const stack = [from, to];
    while (stack.length > 0) {
      const target = stack.pop()!;
      const source = stack.pop()!;
      const middle = this.middleOf(source, target);
      if (middle < 0) lanes.push(target);
      else stack.push(middle, target, source, middle);
    }
  }

  private middleOf(source: number, target: number): number {
    const { hierarchy } = this;
    let weight = Infinity;
    let middle = -1;
    for (let i = hierarchy.upStart[source]!; i < hierarchy.upStart[source + 1]!; i++) {
      if (hierarchy.upTarget[i] === target && hierarchy.upWeight[i]! < weight) {
        [weight, middle] = [hierarchy.upWeight[i]!, hierarchy.upMiddle[i]!];
      }
    }
    for (let i = hierarchy.downStart[target]!; i < hierarchy.downStart[target + 1]!; i++) {
      if (hierarchy.downSource[i] === source && hierarchy.downWeight[i]! < weight) {
        [weight, middle] = [hierarchy.downWeight[i]!, hierarchy.downMiddle[i]!];
      }
    }
    return middle;
  }

  /** Dijkstra over plain turns: for filters the hierarchy does not know, and to come back to the lane one started on. */
  plain(
    sources: readonly Seed[],
    targets: readonly Seed[],
    closed: Closed | null,
    excluded?: (lane: number) => boolean,
    maxWeight = Infinity,
  ): Found | null {
    const { graph, forward } = this;
    let best = maxWeight;
    let lanes: number[] | null = null;
    for (const source of sources) {
      for (const target of targets) {
        if (source.lane !== target.lane || source.weight > target.weight || source.shut || target.shut)
          continue;
        if (target.weight - source.weight < best) {
          best = target.weight - source.weight;
          lanes = [source.lane];
        }
      }
    }
    const targetCost = new Map<number, number>();
    for (const seed of targets) {
      if (!seed.shut) targetCost.set(seed.lane, Math.min(seed.weight, targetCost.get(seed.lane) ?? Infinity));
    }
    forward.clear();
    for (const seed of sources) {
      if (seed.shut) continue;
      const leave = graph.laneWeight[seed.lane]! - seed.weight;
      for (let turn = graph.turnStart[seed.lane]!; turn < graph.turnStart[seed.lane + 1]!; turn++) {
        const to = graph.turnTarget[turn]!;
        if (excluded?.(to)) continue;
        if (forward.push(to, leave + graph.turnWeight[turn]!)) this.forwardParent[to] = -2 - seed.lane;
      }
    }
    let end = -1;
    while (forward.length > 0 && forward.minKey() < best) {
      const v = forward.pop();
      const key = forward.key[v]!;
      const cost = targetCost.get(v);
      if (cost !== undefined && key + cost < best) {
        best = key + cost;
        end = v;
      }
      if (closed?.lane[v]) continue;
      const leave = key + graph.laneWeight[v]!;
      for (let turn = graph.turnStart[v]!; turn < graph.turnStart[v + 1]!; turn++) {
        const to = graph.turnTarget[turn]!;
        if (excluded?.(to)) continue;
        if (forward.push(to, leave + graph.turnWeight[turn]!)) this.forwardParent[to] = v;
      }
    }
    if (end >= 0) {
      lanes = [end];
      let v = end;
      while (this.forwardParent[v]! >= 0) {
        v = this.forwardParent[v]!;
        lanes.push(v);
      }
      lanes.push(-2 - this.forwardParent[v]!);
      lanes.reverse();
    }
    return lanes ? { weight: best, lanes } : null;
  }
}

/** Does some target lie behind a source on the same lane? Only a plain search sees the way round. */
export function needsLoop(sources: readonly Seed[], targets: readonly Seed[]): boolean {
  return sources.some((source) =>
    targets.some((target) => target.lane === source.lane && target.weight < source.weight),
  );
}

/** Total duration (tenths) and distance (metres) of a path between two seeds. */
export function measure(
  graph: Graph,
  lanes: readonly number[],
  sources: readonly Seed[],
  targets: readonly Seed[],
): { duration: number; distance: number } {
  const source = bestSeed(sources, lanes[0]!);
  const target = bestSeed(targets, lanes.at(-1)!);
  let duration = target.duration - source.duration;
  let distance = target.distance - source.distance;
  for (let i = 0; i + 1 < lanes.length; i++) {
    duration += graph.laneDuration[lanes[i]!]! + turnBetween(graph, lanes[i]!, lanes[i + 1]!).duration;
    distance += graph.laneDistance[lanes[i]!]!;
  }
  return { duration, distance };
}

export function bestSeed(seeds: readonly Seed[], lane: number): Seed {
  return seeds.find((seed) => seed.lane === lane && !seed.shut) ?? seeds.find((seed) => seed.lane === lane)!;
}

export function turnBetween(graph: Graph, from: number, to: number): { weight: number; duration: number } {
  for (let turn = graph.turnStart[from]!; turn < graph.turnStart[from + 1]!; turn++) {
    if (graph.turnTarget[turn] === to)
      return { weight: graph.turnWeight[turn]!, duration: graph.turnDuration[turn]! };
  }
  return { weight: 0, duration: 0 };
}
