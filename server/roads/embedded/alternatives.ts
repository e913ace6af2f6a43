import { findPath, type Finder } from './journey.ts';
import { layOut, type Leg } from './leg.ts';
import { seedsOf } from './search.ts';
import type { Snapped } from './snap.ts';

/** An alternative may weigh this much more than the best way, and share this much of it. */
const MOST_EXTRA_WEIGHT = 1.25;
const MOST_SHARED = 0.75;
/** Parts of the best way, as shares of its lanes, that are closed in turn to find another. */
const BLOCKED_PARTS = [
  [0.25, 0.75],
  [0.1, 0.5],
  [0.5, 0.9],
] as const;

/** Up to `count` other ways between two places that a driver could reasonably take instead of the best. */
export function alternativesTo(
  best: Leg,
  finder: Finder,
  sources: readonly Snapped[],
  targets: readonly Snapped[],
  count: number,
): Leg[] {
  const { graph } = finder.searcher;
  const from = seedsOf(graph, sources, 'source', finder.closed);
  const to = seedsOf(graph, targets, 'target', finder.closed);
  const found: Leg[] = [];
  for (const [start, end] of BLOCKED_PARTS) {
    if (found.length >= count || best.lanes.length < 4) break;
    const n = best.lanes.length;
    const blocked = new Set(best.lanes.slice(Math.floor(start * n), Math.ceil(end * n)));
    const excluded = (lane: number): boolean => blocked.has(lane) || (finder.excluded?.(lane) ?? false);
    const path = findPath({ ...finder, excluded }, from, to);
    if (!path || path.weight > best.weight * MOST_EXTRA_WEIGHT) continue;
    const isNew = [best, ...found].every((other) => shared(path.lanes, other.lanes) <= MOST_SHARED);
    if (!isNew) continue;
    const onLane = (places: readonly Snapped[], lane: number): Snapped =>
      places.find((place) => place.street === graph.laneStreet[lane]) ?? places[0]!;
    found.push(
      layOut(graph, path.lanes, onLane(sources, path.lanes[0]!), onLane(targets, path.lanes.at(-1)!)),
    );
  }
  return found.sort((a, b) => a.weight - b.weight);
}

/** Share of the lanes of one way that the other also uses. */
function shared(lanes: readonly number[], other: readonly number[]): number {
  const used = new Set(other);
  return lanes.filter((lane) => used.has(lane)).length / lanes.length;
}
