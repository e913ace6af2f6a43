import type { Graph } from './graph.ts';
import { VertexHeap } from './heap.ts';
import type { Closed, Seed } from './search.ts';

/** Short searches around one place, as matching needs them: many, near, from one seed to a few. */
export class LocalSearch {
  private readonly graph: Graph;
  private readonly heap: VertexHeap;
  private readonly distance: Float64Array;

  constructor(graph: Graph) {
    this.graph = graph;
    this.heap = new VertexHeap(graph.laneStreet.length);
    this.distance = new Float64Array(graph.laneStreet.length);
  }

  /** Metres of the least-weight way to each target, Infinity beyond `maxWeight` tenths. */
  distances(source: Seed, targets: readonly Seed[], maxWeight: number, closed: Closed | null): number[] {
    const { heap, distance } = this;
    const result = targets.map((target) =>
      target.lane === source.lane && target.weight >= source.weight
        ? Math.max(0, target.distance - source.distance)
        : Infinity,
    );
    const open = new Set<number>();
    targets.forEach((target, i) => {
      if (result[i] === Infinity && !target.shut) open.add(target.lane);
    });
    if (source.shut || open.size === 0) return result;
    heap.clear();
    this.expand(source.lane, -source.weight, -source.distance);
    while (heap.length > 0 && open.size > 0 && heap.minKey() <= maxWeight) {
      const lane = heap.pop();
      if (open.delete(lane)) {
        targets.forEach((target, i) => {
          if (target.lane === lane && result[i] === Infinity) result[i] = distance[lane]! + target.distance;
        });
      }
      if (!closed?.lane[lane]) this.expand(lane, heap.key[lane]!, distance[lane]!);
    }
    return result;
  }

  private expand(lane: number, key: number, metres: number): void {
    const { graph, heap, distance } = this;
    const weight = key + graph.laneWeight[lane]!;
    for (let turn = graph.turnStart[lane]!; turn < graph.turnStart[lane + 1]!; turn++) {
      const to = graph.turnTarget[turn]!;
      if (heap.push(to, weight + graph.turnWeight[turn]!)) distance[to] = metres + graph.laneDistance[lane]!;
    }
  }
}
