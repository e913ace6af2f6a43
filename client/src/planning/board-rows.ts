/** A route as blocks on a time line. Instants only; board-scale.ts turns them into pixels. */
import type { RouteView, StopKind, StopView } from '../../../shared/plan.ts';
import { stopLook, stopNumbers, nextStop } from '../live/room-view.ts';
import type { StopLook } from '../signs/shapes.ts';

export interface BoardBlock {
  stopId: number;
  kind: Exclude<StopKind, 'depot'>;
  look: StopLook;
  number: number | null;
  startMs: number;
  endMs: number;
  /** Arrival range P10–P90, for what is still to come. */
  earliestMs: number | null;
  latestMs: number | null;
  /** May be moved to another truck. */
  movable: boolean;
  stop: StopView;
}

export interface BoardLine {
  /** When the route left, or will leave, the depot. */
  startMs: number;
  /** Driven until here; dashed after it. */
  pastUntilMs: number;
  endMs: number;
  blocks: BoardBlock[];
}

const MIN_BLOCK_MS = 60_000;

/** Blocks in order of time. A finished stop stands where it happened, the others where they are expected. */
export function boardLine(route: RouteView, nowMs: number): BoardLine {
  const numbers = stopNumbers(route.stops);
  const next = nextStop(route);
  const blocks: BoardBlock[] = [];
  for (const stop of route.stops) {
    if (stop.kind === 'depot') continue;
    const closed = stop.state === 'done' || stop.state === 'failed';
    const serviceMs = Math.max(MIN_BLOCK_MS, stop.serviceS * 1_000);
    const endMs = closed && stop.finishedAt ? Date.parse(stop.finishedAt) : Date.parse(stop.eta) + serviceMs;
    blocks.push({
      stopId: stop.id,
      kind: stop.kind,
      look: stopLook(stop, stop.id === next?.id && route.state === 'running'),
      number: numbers.get(stop.id) ?? null,
      startMs: endMs - serviceMs,
      endMs,
      earliestMs: closed ? null : Date.parse(stop.etaEarliest),
      latestMs: closed ? null : Date.parse(stop.etaLatest),
      movable: stop.state === 'planned' && stop.kind !== 'disposal' && stop.pin !== 'place',
      stop,
    });
  }
  const startMs = Date.parse(route.startedAt ?? route.startAt);
  const last = route.stops[route.stops.length - 1];
  const endMs = Math.max(startMs, last ? Date.parse(last.eta) : startMs, blocks.at(-1)?.endMs ?? 0);
  return { startMs, pastUntilMs: Math.min(Math.max(nowMs, startMs), endMs), endMs, blocks };
}

/** The whole extent of a day's routes, with a margin; an empty day is the eight hours around now. */
export function shiftExtent(routes: readonly RouteView[], nowMs: number): { fromMs: number; toMs: number } {
  const marginMs = 10 * 60_000;
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const route of routes) {
    if (route.state === 'cancelled') continue;
    const line = boardLine(route, nowMs);
    fromMs = Math.min(fromMs, line.startMs);
    toMs = Math.max(toMs, line.endMs);
  }
  if (fromMs > toMs) return { fromMs: nowMs - 2 * 3_600_000, toMs: nowMs + 6 * 3_600_000 };
  return { fromMs: Math.min(fromMs, nowMs) - marginMs, toMs: Math.max(toMs, nowMs) + marginMs };
}

/**
 * Where a stop dropped at an instant would stand: the index among all stops of the route, never before what is
 * done or under way, never after the last depot.
 */
export function dropIndex(route: RouteView, atMs: number, movingStopId: number): number {
  const stops = route.stops.filter((stop) => stop.id !== movingStopId);
  let firstFree = 0;
  stops.forEach((stop, index) => {
    if (stop.state !== 'planned') firstFree = index + 1;
  });
  if (firstFree === 0 && stops[0]?.kind === 'depot') firstFree = 1;
  let end = stops.length;
  if (stops[end - 1]?.kind === 'depot' && end - 1 >= firstFree) end -= 1;
  for (let index = firstFree; index < end; index++) {
    if (Date.parse(stops[index]!.eta) > atMs) return index;
  }
  return Math.max(firstFree, end);
}

/** The first and last index a stop may take on a route: bounds for moving it by keyboard. */
export function dropBounds(route: RouteView, movingStopId: number): { first: number; last: number } {
  return { first: dropIndex(route, -Infinity, movingStopId), last: dropIndex(route, Infinity, movingStopId) };
}
