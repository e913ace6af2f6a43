import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contract, type SearchGraph } from './contraction.ts';
import { matrixOf } from './matrix.ts';
import { Engine } from './engine.ts';
import { buildGraph, deserializeGraph, serializeGraph } from './import.ts';
import { asciiMap } from './ascii-map-for-tests.ts';
import type { Graph } from './graph.ts';
import { CAR } from './profile.ts';
import { Searcher, type Seed } from './search.ts';

interface RandomArc {
  from: number;
  to: number;
  turn: number;
}

const SIZE = 24;
const arcs = fc.array(
  fc.record({
    from: fc.nat(SIZE - 1),
    to: fc.nat(SIZE - 1),
    turn: fc.nat(40),
  }),
  { minLength: 10, maxLength: 90 },
);
const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: SIZE, maxLength: SIZE });

/** A search graph with arbitrary arcs; its streets lie nowhere. */
function randomGraph(list: readonly RandomArc[], lane: readonly number[]): SearchGraph {
  const sorted = list.filter(({ from, to }) => from !== to).sort((a, b) => a.from - b.from);
  const turnStart = new Uint32Array(SIZE + 1);
  for (const { from } of sorted) turnStart[from + 1]!++;
  for (let i = 0; i < SIZE; i++) turnStart[i + 1]! += turnStart[i]!;
  return {
    turnStart,
    turnTarget: Uint32Array.from(sorted, ({ to }) => to),
    turnWeight: Int32Array.from(sorted, ({ turn }) => turn),
    turnDuration: Int32Array.from(sorted, ({ turn }) => turn),
    laneWeight: Int32Array.from(lane),
    laneDuration: Int32Array.from(lane),
    laneDistance: Float64Array.from(lane, (weight) => weight * 3),
  };
}

function searcherOf(graph: SearchGraph, closedLanes: readonly number[] = [], order?: Uint32Array): Searcher {
  const closed = new Uint8Array(SIZE);
  for (const lane of closedLanes) closed[lane] = 1;
  const hierarchy = contract(graph, closedLanes.length > 0 ? { closed, order } : { order });
  const whole = { ...graph, laneStreet: new Uint32Array(SIZE) } as unknown as Graph;
  return new Searcher(
    whole,
    hierarchy,
    closedLanes.length > 0 ? { lane: closed, piece: new Uint8Array(0) } : null,
  );
}

const seed = (lane: number, weight = 0): Seed => ({
  lane,
  weight,
  duration: weight,
  distance: weight * 3,
  shut: false,
});

describe('the contraction hierarchy', () => {
  it('finds the same weights as a plain search, and paths that add up to them', () => {
    fc.assert(
      fc.property(arcs, weights, (list, lane) => {
        const graph = randomGraph(list, lane);
        const searcher = searcherOf(graph);
        for (let from = 0; from < SIZE; from += 3) {
          for (let to = 0; to < SIZE; to += 2) {
            const fast = searcher.between([seed(from, 1)], [seed(to, 1)]);
            const slow = searcher.plain([seed(from, 1)], [seed(to, 1)], null);
            expect(fast?.weight).toBe(slow?.weight);
            if (fast) expect(pathWeight(graph, fast.lanes)).toBe(fast.weight);
          }
        }
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  it('gives the same table as single searches, loops back to the start included', () => {
    fc.assert(
      fc.property(arcs, weights, fc.nat(9), (list, lane, at) => {
        const searcher = searcherOf(randomGraph(list, lane));
        const sources = [...Array(SIZE).keys()].map((i) => [seed(i, Math.min(at, lane[i]! - 1))]);
        const targets = [...Array(SIZE).keys()].map((i) => [seed(i, 0)]);
        const table = matrixOf(searcher, sources, targets);
        sources.forEach((from, i) => {
          targets.forEach((to, j) => {
            const found = searcher.plain(from, to, null);
            // Weights and durations are the same numbers here, so the cell is the least weight.
            expect(table.durations[i * SIZE + j]).toBe(found ? found.weight : NaN);
          });
        });
      }),
      { seed: 5, numRuns: 20 },
    );
  });

  it('contracted anew in its old order keeps to closures', () => {
    fc.assert(
      fc.property(
        arcs,
        weights,
        fc.uniqueArray(fc.nat(SIZE - 1), { minLength: 1, maxLength: 6 }),
        (list, lane, shut) => {
          const graph = randomGraph(list, lane);
          const order = contract(graph).order;
          const searcher = searcherOf(graph, shut, order);
          for (let from = 0; from < SIZE; from++) {
            if (shut.includes(from)) continue;
            for (let to = 0; to < SIZE; to += 3) {
              const fast = searcher.between([seed(from)], [seed(to)]);
              const slow = searcher.plain([seed(from)], [seed(to)], searcher.closed);
              expect(fast?.weight).toBe(slow?.weight);
              expect(fast?.lanes.slice(0, -1).some((l) => shut.includes(l)) ?? false).toBe(false);
            }
          }
        },
      ),
      { seed: 9, numRuns: 20 },
    );
  });
});

function pathWeight(graph: SearchGraph, lanes: readonly number[]): number {
  let total = 0;
  for (let i = 0; i + 1 < lanes.length; i++) {
    let least = Infinity;
    for (let turn = graph.turnStart[lanes[i]!]!; turn < graph.turnStart[lanes[i]! + 1]!; turn++) {
      if (graph.turnTarget[turn] === lanes[i + 1]) least = Math.min(least, graph.turnWeight[turn]!);
    }
    total += graph.laneWeight[lanes[i]!]! + least;
  }
  return total;
}

describe('a stored graph', () => {
  const city = asciiMap('a-b-c\n|   |\nd-e-f\n', [{ nodes: 'abc' }, { nodes: 'adefc', oneway: 'yes' }]);

  it('answers as before after it was written and read', () => {
    const graph = buildGraph(city.osm, CAR);
    const again = deserializeGraph(serializeGraph(graph));
    expect(again).toEqual(graph);
    const url = `/table/v1/driving/${[...'abcdef'].map((letter) => city.at(letter).join(',')).join(';')}`;
    expect(new Engine([again]).answer(url)).toEqual(new Engine([graph]).answer(url));
  });

  it('refuses bytes that are no graph of this version', () => {
    expect(() => deserializeGraph(new Uint8Array(64))).toThrow(/import the map again/);
  });
});
