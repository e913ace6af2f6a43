/** What a driver does, as it is kept on the phone until the server has it; and the route as it looks meanwhile. Pure. */
import type { PlanView, RouteView, StopView } from '../../../shared/plan.ts';

export type Work =
  | { kind: 'start'; assignmentId: number }
  | { kind: 'depart'; stopId: number }
  | { kind: 'complete'; stopId: number }
  | { kind: 'fail'; stopId: number; reason: string }
  | { kind: 'reopen'; stopId: number }
  | { kind: 'finish'; assignmentId: number };

export interface Action {
  /** The phone's own id: sending it again changes nothing. */
  clientId: string;
  /** Place in the queue; keys of the store sort by it. */
  order: number;
  atMs: number;
  /** Not sent before: until then it can be undone. */
  sendAfterMs: number;
  /** What the driver calls the stop; null for the route as a whole. */
  stopNumber: number | null;
  work: Work;
}

/** Undo instead of a confirmation. */
export const UNDO_MS = 8_000;
const CAN_BE_UNDONE: ReadonlySet<Work['kind']> = new Set(['complete', 'fail', 'finish']);

export const holdMs = (work: Work): number => (CAN_BE_UNDONE.has(work.kind) ? UNDO_MS : 0);

/** The newest action that may still be taken back, or null. */
export function undoable(actions: readonly Action[], nowMs: number): Action | null {
  const held = actions.filter((action) => CAN_BE_UNDONE.has(action.work.kind) && action.sendAfterMs > nowMs);
  return held.at(-1) ?? null;
}

/** Taking an action back takes back what was done after it. */
export function takenBackWith(actions: readonly Action[], clientId: string): Action[] {
  const at = actions.findIndex((action) => action.clientId === clientId);
  return at < 0 ? [] : actions.slice(at);
}

const isClosed = (stop: StopView) => stop.state === 'done' || stop.state === 'failed';

/** Nobody said so: whoever was there may say otherwise. */
export const isClosedByVisit = (stop: StopView): boolean =>
  stop.state === 'done' && stop.closedBy === 'visit';

function withStop(route: RouteView, stopId: number, change: (stop: StopView) => StopView): RouteView {
  return {
    ...route,
    stops: route.stops.map((stop) => (stop.id === stopId && !isClosed(stop) ? change(stop) : stop)),
  };
}

/** The route after one piece of work; work on stops of other routes, or already closed ones, changes nothing. */
export function applyWork(route: RouteView, { work, atMs }: Pick<Action, 'work' | 'atMs'>): RouteView {
  const at = new Date(atMs).toISOString();
  switch (work.kind) {
    case 'start': {
      if (route.assignmentId !== work.assignmentId || route.state !== 'planned') return route;
      const first = route.stops[0];
      const left = first?.kind === 'depot' ? first.id : -1;
      return {
        ...withStop(route, left, (stop) => ({ ...stop, state: 'done', finishedAt: at })),
        state: 'running',
        startedAt: at,
      };
    }
    case 'depart':
      return withStop(route, work.stopId, (stop) => ({ ...stop, state: 'enroute', departedAt: at }));
    case 'complete': {
      const stop = route.stops.find((candidate) => candidate.id === work.stopId);
      if (!stop || isClosed(stop)) return route;
      const gained = stop.kind === 'incident' || stop.kind === 'container' ? Math.max(0, stop.load) : 0;
      return {
        ...withStop(route, work.stopId, (open) => ({ ...open, state: 'done', finishedAt: at })),
        loadAboard: stop.kind === 'disposal' ? 0 : route.loadAboard + gained,
      };
    }
    case 'fail':
      return withStop(route, work.stopId, (stop) => ({
        ...stop,
        state: 'failed',
        finishedAt: at,
        failReason: work.reason,
      }));
    case 'reopen':
      return {
        ...route,
        stops: route.stops.map((stop) =>
          stop.id === work.stopId && isClosedByVisit(stop)
            ? { ...stop, state: 'planned', finishedAt: null, closedBy: null, evidence: null }
            : stop,
        ),
      };
    case 'finish':
      if (route.assignmentId !== work.assignmentId || route.state !== 'running') return route;
      return { ...route, state: 'done', finishedAt: at };
  }
}

/** The plan as the driver sees it: what the server told, and on top of it what waits on the phone, in order. */
export function foldWork(plan: PlanView, actions: readonly Pick<Action, 'work' | 'atMs'>[]): PlanView {
  if (actions.length === 0) return plan;
  return {
    ...plan,
    routes: plan.routes.map((route) =>
      actions.reduce((current, action) => applyWork(current, action), route),
    ),
  };
}

/** The route a driver works on: the running one, else the next planned, else the last one finished. */
export function routeOfDay(routes: readonly RouteView[]): RouteView | null {
  const by = (state: RouteView['state']) => routes.filter((route) => route.state === state);
  const planned = by('planned').sort((a, b) => a.startAt.localeCompare(b.startAt));
  const done = by('done').sort((a, b) => (a.finishedAt ?? '').localeCompare(b.finishedAt ?? ''));
  return by('running')[0] ?? planned[0] ?? done.at(-1) ?? null;
}

/** What there is to do now; the depot at the end when all else is done; null when the route is over. */
export function currentStop(route: RouteView): StopView | null {
  return (
    route.stops.find((stop) => stop.state === 'enroute') ??
    route.stops.find((stop) => stop.state === 'planned') ??
    null
  );
}

export interface Progress {
  done: number;
  failed: number;
  total: number;
}

/** Collection stops only: depots and landfills are not counted. */
export function progressOf(route: RouteView): Progress {
  const stops = route.stops.filter((stop) => stop.kind === 'incident' || stop.kind === 'container');
  return {
    done: stops.filter((stop) => stop.state === 'done').length,
    failed: stops.filter((stop) => stop.state === 'failed').length,
    total: stops.length,
  };
}

/** When the truck is back, as the plan expects it; null for a route without stops. */
export const returnAt = (route: RouteView): string | null => route.stops.at(-1)?.eta ?? null;
