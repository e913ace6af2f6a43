import type { Graph, Hierarchy } from './graph.ts';
import { VertexHeap } from './heap.ts';

/** Vertices a witness search may settle: when ranking, and when a shortcut is really decided. */
const RANKING_LIMIT = 20;
const DECIDING_LIMIT = 100;

export type SearchGraph = Pick<
  Graph,
  'turnStart' | 'turnTarget' | 'turnWeight' | 'turnDuration' | 'laneWeight' | 'laneDuration' | 'laneDistance'
>;

export interface ContractOptions {
  /** Contract in this order instead of finding one: fast, for when only weights or closures changed. */
  order?: Uint32Array;
  /** Lanes that cannot be driven to their end. */
  closed?: Uint8Array;
  onProgress?: (share: number) => void;
}

/**
 * Contraction hierarchy (Geisberger, Sanders, Schultes, Delling 2008) over lanes: vertices are removed one by one from
 * the least important, and shortcuts keep the distances between those that remain. A query then only climbs.
 */
export function contract(graph: SearchGraph, options: ContractOptions = {}): Hierarchy {
  const work = new Contraction(graph, options.closed);
  const n = work.vertexCount;
  const order = options.order ?? new Uint32Array(n);
  if (options.order) {
    for (let i = 0; i < n; i++) {
      work.contract(order[i]!);
      if ((i & 4095) === 0) options.onProgress?.(i / n);
    }
  } else {
    work.contractByImportance(order, options.onProgress);
  }
  return work.hierarchy(order);
}

class Contraction {
  readonly vertexCount: number;
  private edgeCount = 0;
  private from: Int32Array;
  private to: Int32Array;
  private weight: Int32Array;
  private duration: Int32Array;
  private distance: Float64Array;
  private middle: Int32Array;
  /** Edges between vertices still there; once a vertex is contracted its lists are final and all lead upward. */
  private readonly out: number[][];
  private readonly into: number[][];
  private readonly depth: Int32Array;
  private readonly heap: VertexHeap;
  private readonly isTarget: Uint8Array;

  constructor(graph: SearchGraph, closed: Uint8Array | undefined) {
    const n = graph.turnStart.length - 1;
    const capacity = Math.max(16, graph.turnTarget.length * 4);
    this.vertexCount = n;
    this.from = new Int32Array(capacity);
    this.to = new Int32Array(capacity);
    this.weight = new Int32Array(capacity);
    this.duration = new Int32Array(capacity);
    this.distance = new Float64Array(capacity);
    this.middle = new Int32Array(capacity);
    this.out = Array.from({ length: n }, () => []);
    this.into = Array.from({ length: n }, () => []);
    this.depth = new Int32Array(n);
    this.heap = new VertexHeap(n);
    this.isTarget = new Uint8Array(n);
    for (let lane = 0; lane < n; lane++) {
      if (closed?.[lane]) continue;
      for (let turn = graph.turnStart[lane]!; turn < graph.turnStart[lane + 1]!; turn++) {
        this.addEdge(
          lane,
          graph.turnTarget[turn]!,
          graph.laneWeight[lane]! + graph.turnWeight[turn]!,
          graph.laneDuration[lane]! + graph.turnDuration[turn]!,
          graph.laneDistance[lane]!,
          -1,
        );
      }
    }
  }

  contractByImportance(order: Uint32Array, onProgress: ((share: number) => void) | undefined): void {
    const n = this.vertexCount;
    const queue = new VertexHeap(n);
    for (let v = 0; v < n; v++) queue.push(v, this.importance(v) + 1e6);
    let done = 0;
    while (queue.length > 0) {
      const v = queue.pop();
      const importance = this.importance(v) + 1e6;
      if (importance > queue.minKey()) {
        queue.reopen(v);
        queue.push(v, importance);
        continue;
      }
      this.contract(v);
      order[done++] = v;
      if ((done & 1023) === 0) onProgress?.(done / n);
    }
  }

  /** The fewer edges contracting adds and the shallower what lies below, the sooner. */
  private importance(v: number): number {
    const added = this.shortcuts(v, RANKING_LIMIT, false);
    const removed = this.out[v]!.length + this.into[v]!.length;
    return removed === 0 ? this.depth[v]! : this.depth[v]! + (4 * added) / removed + added - removed / 2;
  }

  contract(v: number): void {
    this.shortcuts(v, DECIDING_LIMIT, true);
    const depth = this.depth[v]! + 1;
    for (const edge of this.out[v]!) {
      const to = this.to[edge]!;
      remove(this.into[to]!, edge);
      if (this.depth[to]! < depth) this.depth[to] = depth;
    }
    for (const edge of this.into[v]!) {
      const from = this.from[edge]!;
      remove(this.out[from]!, edge);
      if (this.depth[from]! < depth) this.depth[from] = depth;
    }
  }

  /** Counts, and with `add` inserts, the shortcuts that removing `v` calls for. */
  private shortcuts(v: number, limit: number, add: boolean): number {
    const outgoing = this.out[v]!;
    let needed = 0;
    let farthest = 0;
    for (const edge of outgoing) farthest = Math.max(farthest, this.weight[edge]!);
    if (outgoing.length === 0) return 0;
    for (const entering of this.into[v]!) {
      const u = this.from[entering]!;
      const toV = this.weight[entering]!;
      this.searchWitness(u, v, outgoing, toV + farthest, limit);
      for (const leaving of outgoing) {
        const x = this.to[leaving]!;
        if (x === u) continue;
        const via = toV + this.weight[leaving]!;
        if (this.heap.reached(x) && this.heap.key[x]! <= via) continue;
        needed++;
        if (add) {
          this.addEdge(
            u,
            x,
            via,
            this.duration[entering]! + this.duration[leaving]!,
            this.distance[entering]! + this.distance[leaving]!,
            v,
          );
        }
      }
    }
    return needed;
  }

  private searchWitness(
    source: number,
    avoid: number,
    targets: number[],
    bound: number,
    limit: number,
  ): void {
    const heap = this.heap;
    heap.clear();
    heap.push(source, 0);
    let open = 0;
    for (const edge of targets) {
      const x = this.to[edge]!;
      if (x !== source && !this.isTarget[x]) {
        this.isTarget[x] = 1;
        open++;
      }
    }
    let settled = 0;
    while (heap.length > 0 && open > 0 && settled < limit && heap.minKey() <= bound) {
      const v = heap.pop();
      settled++;
      if (this.isTarget[v]) open--;
      const key = heap.key[v]!;
      for (const edge of this.out[v]!) {
        const to = this.to[edge]!;
        if (to === avoid) continue;
        const reach = key + this.weight[edge]!;
        if (reach <= bound) heap.push(to, reach);
      }
    }
    for (const edge of targets) this.isTarget[this.to[edge]!] = 0;
  }

  private addEdge(
    from: number,
    to: number,
    weight: number,
    duration: number,
    distance: number,
    middle: number,
  ): void {
    if (from === to) return;
    let edge = -1;
    for (const known of this.out[from]!) {
      if (this.to[known] !== to) continue;
      const better =
        weight < this.weight[known]! || (weight === this.weight[known] && duration < this.duration[known]!);
      if (!better) return;
      edge = known;
      break;
    }
    if (edge < 0) {
      if (this.edgeCount === this.from.length) this.grow();
      edge = this.edgeCount++;
      this.from[edge] = from;
      this.to[edge] = to;
      this.out[from]!.push(edge);
      this.into[to]!.push(edge);
    }
    this.weight[edge] = weight;
    this.duration[edge] = duration;
    this.distance[edge] = distance;
    this.middle[edge] = middle;
  }

  private grow(): void {
    const enlarge = <T extends Int32Array | Float64Array>(old: T, bigger: T): T => {
      bigger.set(old);
      return bigger;
    };
    const capacity = this.from.length * 2;
    this.from = enlarge(this.from, new Int32Array(capacity));
    this.to = enlarge(this.to, new Int32Array(capacity));
    this.weight = enlarge(this.weight, new Int32Array(capacity));
    this.duration = enlarge(this.duration, new Int32Array(capacity));
    this.distance = enlarge(this.distance, new Float64Array(capacity));
    this.middle = enlarge(this.middle, new Int32Array(capacity));
  }

  hierarchy(order: Uint32Array): Hierarchy {
    const up = this.collect(this.out, this.to);
    const down = this.collect(this.into, this.from);
    return {
      order,
      upStart: up.start,
      upTarget: up.other,
      upWeight: up.weight,
      upDuration: up.duration,
      upDistance: up.distance,
      upMiddle: up.middle,
      downStart: down.start,
      downSource: down.other,
      downWeight: down.weight,
      downDuration: down.duration,
      downDistance: down.distance,
      downMiddle: down.middle,
    };
  }

  private collect(lists: number[][], ends: Int32Array) {
    const start = new Uint32Array(lists.length + 1);
    lists.forEach((list, v) => (start[v + 1] = start[v]! + list.length));
    const size = start[lists.length]!;
    const result = {
      start,
      other: new Uint32Array(size),
      weight: new Int32Array(size),
      duration: new Int32Array(size),
      distance: new Float32Array(size),
      middle: new Int32Array(size),
    };
    let at = 0;
    for (const list of lists) {
      for (const edge of list) {
        result.other[at] = ends[edge]!;
        result.weight[at] = this.weight[edge]!;
        result.duration[at] = this.duration[edge]!;
        result.distance[at] = this.distance[edge]!;
        result.middle[at] = this.middle[edge]!;
        at++;
      }
    }
    return result;
  }
}

function remove(list: number[], edge: number): void {
  const at = list.indexOf(edge);
  list[at] = list.at(-1)!;
  list.pop();
}
