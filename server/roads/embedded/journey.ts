import type { Graph } from './graph.ts';
import { layOut, type Leg } from './leg.ts';
import { bestSeed, seedsOf, type Closed, type Found, type Searcher, type Seed } from './search.ts';
import type { Snapped } from './snap.ts';

/** How paths are found for one request: over the hierarchy, or plainly around what the request itself rules out. */
export interface Finder {
  searcher: Searcher;
  closed: Closed | null;
  excluded?: (lane: number) => boolean;
}

export function findPath(finder: Finder, sources: readonly Seed[], targets: readonly Seed[]): Found | null {
  return finder.excluded || finder.closed !== finder.searcher.closed
    ? finder.searcher.plain(sources, targets, finder.closed, finder.excluded)
    : finder.searcher.between(sources, targets);
}

interface State {
  weight: number;
  seed: Seed;
  place: Snapped;
  legs: Leg[];
}

/**
 * The least-weight journey over a sequence of places (each with its candidates). With `straight` a stop is left in the
 * direction one arrived in: no U-turn at it. Null when some leg has no way.
 */
export function journey(finder: Finder, stops: readonly Snapped[][], straight: boolean): Leg[] | null {
  const { graph } = finder.searcher;
  let states: State[] | null = null;
  for (let i = 0; i + 1 < stops.length; i++) {
    const targets = stops[i + 1]!;
    const ends = seedsOf(graph, targets, 'target', finder.closed);
    const isLast = i + 2 === stops.length;
    const starts: (State | null)[] = states && straight ? states : [null];
    const reached: State[] = [];
    const goals = isLast || !straight ? [ends] : ends.map((end) => [end]);
    for (const start of starts) {
      const before = start ?? cheapest(states);
      const sources = start
        ? leavingSeeds(finder, start, stops[i]!)
        : seedsOf(graph, stops[i]!, 'source', finder.closed);
      for (const goal of goals) {
        const found = findPath(finder, sources, goal);
        if (!found) continue;
        const end = bestSeed(goal, found.lanes.at(-1)!);
        const place = placeOf(graph, targets, end.lane);
        const from = placeOf(graph, stops[i]!, found.lanes[0]!);
        keep(reached, {
          weight: (before?.weight ?? 0) + found.weight,
          seed: end,
          place,
          legs: [...(before?.legs ?? []), layOut(graph, found.lanes, from, place)],
        });
      }
    }
    if (reached.length === 0) return null;
    states = reached;
  }
  return cheapest(states)?.legs ?? null;
}

/** Seeds for going on in the direction of arrival: the same lane, seen as a source. */
function leavingSeeds(finder: Finder, state: State, places: readonly Snapped[]): Seed[] {
  const { graph } = finder.searcher;
  const seeds = seedsOf(graph, places, 'source', finder.closed);
  return seeds.filter((seed) => seed.lane === state.seed.lane);
}

function placeOf(graph: Graph, places: readonly Snapped[], lane: number): Snapped {
  const street = graph.laneStreet[lane]!;
  return places.find((place) => place.street === street) ?? places[0]!;
}

function cheapest(states: State[] | null): State | null {
  if (!states) return null;
  return states.reduce((best, state) => (state.weight < best.weight ? state : best));
}

/** Of several ways to arrive on the same lane only the cheapest matters. */
function keep(states: State[], state: State): void {
  const known = states.findIndex((other) => other.seed.lane === state.seed.lane);
  if (known < 0) states.push(state);
  else if (state.weight < states[known]!.weight) states[known] = state;
}
