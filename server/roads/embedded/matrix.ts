import { VertexHeap } from './heap.ts';
import { measure, type Closed, type Searcher, type Seed } from './search.ts';

/** Cells row by row, NaN where there is no way; durations in tenths, distances in metres. */
export interface Matrix {
  durations: Float64Array;
  distances: Float64Array;
}

/**
 * All pairs of sources and targets over the hierarchy: one downward search per target leaves entries at the vertices
 * it meets, one upward search per source reads them (Knopp et al. 2007).
 */
export function matrixOf(searcher: Searcher, sources: readonly Seed[][], targets: readonly Seed[][]): Matrix {
  const { graph, hierarchy } = searcher;
  const n = graph.laneStreet.length;
  const heap = new VertexHeap(n);
  const duration = new Float64Array(n);
  const distance = new Float64Array(n);
  const entries = collectEntries(searcher, targets, heap, duration, distance);
  const columns = targets.length;
  const weights = new Float64Array(columns);
  const result: Matrix = {
    durations: new Float64Array(sources.length * columns).fill(NaN),
    distances: new Float64Array(sources.length * columns).fill(NaN),
  };
  sources.forEach((seeds, row) => {
    const base = row * columns;
    weights.fill(Infinity);
    heap.clear();
    for (const seed of seeds) {
      if (seed.shut) continue;
      for (const start of searcher.starts(seed)) {
        if (!heap.push(start.lane, start.weight)) continue;
        duration[start.lane] = start.duration;
        distance[start.lane] = start.distance;
      }
    }
    while (heap.length > 0) {
      const v = heap.pop();
      const key = heap.key[v]!;
      for (let i = entries.start[v]!; i < entries.start[v + 1]!; i++) {
        const column = entries.column[i]!;
        const sum = key + entries.weight[i]!;
        if (sum < 0 || sum > weights[column]!) continue;
        const total = duration[v]! + entries.duration[i]!;
        if (sum === weights[column] && total >= result.durations[base + column]!) continue;
        weights[column] = sum;
        result.durations[base + column] = total;
        result.distances[base + column] = distance[v]! + entries.distance[i]!;
      }
      let stalled = false;
      for (let i = hierarchy.downStart[v]!; i < hierarchy.downStart[v + 1]!; i++) {
        const from = hierarchy.downSource[i]!;
        if (heap.reached(from) && heap.key[from]! + hierarchy.downWeight[i]! < key) {
          stalled = true;
          break;
        }
      }
      if (stalled) continue;
      for (let i = hierarchy.upStart[v]!; i < hierarchy.upStart[v + 1]!; i++) {
        const to = hierarchy.upTarget[i]!;
        if (!heap.push(to, key + hierarchy.upWeight[i]!)) continue;
        duration[to] = duration[v]! + hierarchy.upDuration[i]!;
        distance[to] = distance[v]! + hierarchy.upDistance[i]!;
      }
    }
    targets.forEach((ends, column) => {
      if (searcher.needsPlain(seeds, ends)) setCell(searcher, result, base + column, seeds, ends);
    });
  });
  return result;
}

/** The same by one plain search per source, for filters the hierarchy does not know. */
export function filteredMatrix(
  searcher: Searcher,
  sources: readonly Seed[][],
  targets: readonly Seed[][],
  closed: Closed | null,
  excluded?: (lane: number) => boolean,
): Matrix {
  const { graph } = searcher;
  const n = graph.laneStreet.length;
  const columns = targets.length;
  const heap = new VertexHeap(n);
  const duration = new Float64Array(n);
  const distance = new Float64Array(n);
  const weights = new Float64Array(columns);
  const result: Matrix = {
    durations: new Float64Array(sources.length * columns).fill(NaN),
    distances: new Float64Array(sources.length * columns).fill(NaN),
  };
  const arriving = new Map<number, { column: number; seed: Seed }[]>();
  targets.forEach((seeds, column) => {
    for (const seed of seeds) {
      if (seed.shut) continue;
      const here = arriving.get(seed.lane) ?? [];
      here.push({ column, seed });
      arriving.set(seed.lane, here);
    }
  });
  sources.forEach((seeds, row) => {
    const reach = (column: number, weight: number, tenths: number, metres: number): void => {
      if (weight >= weights[column]!) return;
      weights[column] = weight;
      result.durations[row * columns + column] = tenths;
      result.distances[row * columns + column] = metres;
    };
    const leave = (lane: number, weight: number, tenths: number, metres: number): void => {
      for (let turn = graph.turnStart[lane]!; turn < graph.turnStart[lane + 1]!; turn++) {
        const to = graph.turnTarget[turn]!;
        if (excluded?.(to)) continue;
        const key = weight + graph.laneWeight[lane]! + graph.turnWeight[turn]!;
        if (!heap.push(to, key)) continue;
        duration[to] = tenths + graph.laneDuration[lane]! + graph.turnDuration[turn]!;
        distance[to] = metres + graph.laneDistance[lane]!;
      }
    };
    weights.fill(Infinity);
    heap.clear();
    for (const seed of seeds) {
      for (const { column, seed: end } of arriving.get(seed.lane) ?? []) {
        if (end.weight < seed.weight || (seed.shut && end.weight !== seed.weight)) continue;
        reach(column, end.weight - seed.weight, end.duration - seed.duration, end.distance - seed.distance);
      }
      if (!seed.shut) leave(seed.lane, -seed.weight, -seed.duration, -seed.distance);
    }
    while (heap.length > 0) {
      const lane = heap.pop();
      const key = heap.key[lane]!;
      for (const { column, seed: end } of arriving.get(lane) ?? []) {
        reach(column, key + end.weight, duration[lane]! + end.duration, distance[lane]! + end.distance);
      }
      if (!closed?.lane[lane]) leave(lane, key, duration[lane]!, distance[lane]!);
    }
  });
  return result;
}

function setCell(
  searcher: Searcher,
  result: Matrix,
  cell: number,
  sources: readonly Seed[],
  targets: readonly Seed[],
): void {
  const found = searcher.plain(sources, targets, searcher.closed);
  const total = found && measure(searcher.graph, found.lanes, sources, targets);
  result.durations[cell] = total ? total.duration : NaN;
  result.distances[cell] = total ? total.distance : NaN;
}

interface Entries {
  start: Uint32Array;
  column: Uint32Array;
  weight: Float64Array;
  duration: Float64Array;
  distance: Float64Array;
}

function collectEntries(
  searcher: Searcher,
  targets: readonly Seed[][],
  heap: VertexHeap,
  duration: Float64Array,
  distance: Float64Array,
): Entries {
  const { graph, hierarchy } = searcher;
  const n = graph.laneStreet.length;
  const vertices: number[] = [];
  const columns: number[] = [];
  const values: number[] = [];
  targets.forEach((seeds, column) => {
    heap.clear();
    for (const seed of seeds) {
      if (seed.shut || !heap.push(seed.lane, seed.weight)) continue;
      duration[seed.lane] = seed.duration;
      distance[seed.lane] = seed.distance;
    }
    while (heap.length > 0) {
      const v = heap.pop();
      const key = heap.key[v]!;
      let stalled = false;
      for (let i = hierarchy.upStart[v]!; i < hierarchy.upStart[v + 1]!; i++) {
        const to = hierarchy.upTarget[i]!;
        if (heap.reached(to) && heap.key[to]! + hierarchy.upWeight[i]! < key) {
          stalled = true;
          break;
        }
      }
      if (stalled) continue;
      vertices.push(v);
      columns.push(column);
      values.push(key, duration[v]!, distance[v]!);
      for (let i = hierarchy.downStart[v]!; i < hierarchy.downStart[v + 1]!; i++) {
        const from = hierarchy.downSource[i]!;
        if (!heap.push(from, key + hierarchy.downWeight[i]!)) continue;
        duration[from] = duration[v]! + hierarchy.downDuration[i]!;
        distance[from] = distance[v]! + hierarchy.downDistance[i]!;
      }
    }
  });
  const start = new Uint32Array(n + 1);
  for (const v of vertices) start[v + 1]!++;
  for (let v = 0; v < n; v++) start[v + 1]! += start[v]!;
  const next = start.slice();
  const entries: Entries = {
    start,
    column: new Uint32Array(vertices.length),
    weight: new Float64Array(vertices.length),
    duration: new Float64Array(vertices.length),
    distance: new Float64Array(vertices.length),
  };
  vertices.forEach((v, i) => {
    const at = next[v]!++;
    entries.column[at] = columns[i]!;
    entries.weight[at] = values[i * 3]!;
    entries.duration[at] = values[i * 3 + 1]!;
    entries.distance[at] = values[i * 3 + 2]!;
  });
  return entries;
}
