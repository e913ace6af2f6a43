/** Moving a stop by hand: where it would go, what it would cost, why it may not. Mouse and keyboard share this. */
import { computed, inject, onBeforeUnmount, provide, ref, shallowRef, type InjectionKey } from 'vue';
import type { PlanDiff, RouteView, StopView } from '../../../shared/plan.ts';
import { reasonOf } from '../app/errors.ts';
import type { Room } from '../live/room.ts';
import { stopNumbers, type RoomTruck } from '../live/room-view.ts';
import { dropBounds } from './board-rows.ts';

const QUOTE_AFTER_MS = 60;
const TOLD_MS = 8_000;

export interface Moving {
  stop: StopView;
  from: RouteView;
  number: number | null;
  by: 'pointer' | 'keys';
}

export interface Target {
  routeId: number;
  /** Place among the target route's other stops, from 0. */
  index: number;
}

export type Quote =
  { kind: 'asking' } | { kind: 'price'; diff: PlanDiff } | { kind: 'refused'; reason: string };

export interface MoveDone {
  number: number | null;
  toPlate: string;
  version: number | null;
}

function openStopMove(room: Room) {
  const moving = shallowRef<Moving | null>(null);
  const target = shallowRef<Target | null>(null);
  const quote = shallowRef<Quote | null>(null);
  const done = shallowRef<MoveDone | null>(null);
  const refusal = ref('');
  const known = new Map<string, Quote>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let asking: AbortController | null = null;

  const routeById = (id: number) => room.plan.value?.routes.find((route) => route.id === id) ?? null;
  const keyOf = (at: Target) => `${at.routeId}/${at.index}`;

  function stopAsking(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    asking?.abort();
    asking = null;
  }

  function end(): void {
    stopAsking();
    moving.value = target.value = quote.value = null;
    known.clear();
  }

  async function ask(at: Target): Promise<void> {
    const current = moving.value;
    if (!current) return;
    const controller = new AbortController();
    asking = controller;
    let answer: Quote;
    try {
      const { diff } = await room.api.moveStop(
        { stopId: current.stop.id, toRouteId: at.routeId, index: at.index, dryRun: true },
        controller.signal,
      );
      answer = { kind: 'price', diff };
    } catch (error) {
      if (controller.signal.aborted) return;
      answer = { kind: 'refused', reason: reasonOf(error) };
    }
    if (controller.signal.aborted || moving.value !== current) return;
    known.set(keyOf(at), answer);
    if (target.value && keyOf(target.value) === keyOf(at)) quote.value = answer;
  }

  function aim(at: Target | null): void {
    if (at && target.value && keyOf(at) === keyOf(target.value)) return;
    stopAsking();
    target.value = at;
    if (!at) {
      quote.value = null;
      return;
    }
    const remembered = known.get(keyOf(at));
    quote.value = remembered ?? { kind: 'asking' };
    if (!remembered) timer = setTimeout(() => void ask(at), QUOTE_AFTER_MS);
  }

  /** What a row says before the server is asked: rules that hold whatever the place. */
  function forbidden(
    route: RouteView,
    truck: Pick<RoomTruck, 'type' | 'planning'> | undefined,
  ): string | null {
    if (!moving.value) return null;
    const { stop, from } = moving.value;
    if (stop.pin === 'place' || (stop.pin === 'truck' && route.id !== from.id)) return 'stop-pinned';
    if (truck?.planning === 'locked') return 'truck-locked';
    if (truck?.planning === 'excluded' && route.id !== from.id) return 'truck-excluded';
    if (route.state !== 'running' && route.state !== 'planned') return 'invalid-transition';
    if (stop.kind === 'container' && truck?.type === 'posterior') return 'skill-missing';
    return null;
  }

  let telling: ReturnType<typeof setTimeout> | null = null;
  function tell(what: MoveDone | null): void {
    if (telling !== null) clearTimeout(telling);
    done.value = what;
    telling = what ? setTimeout(() => (done.value = null), TOLD_MS) : null;
  }

  onBeforeUnmount(() => {
    tell(null);
    end();
  });

  return {
    moving,
    target,
    quote,
    done,
    refusal,
    active: computed(() => moving.value !== null),
    forbidden,
    start(stop: StopView, from: RouteView, by: Moving['by']) {
      end();
      refusal.value = '';
      tell(null);
      moving.value = { stop, from, number: stopNumbers(from.stops).get(stop.id) ?? null, by };
      if (by === 'keys') {
        const index = from.stops
          .filter((other) => other.id !== stop.id)
          .findIndex((other) => other.eta > stop.eta);
        const { first, last } = dropBounds(from, stop.id);
        aim({ routeId: from.id, index: index < 0 ? last : Math.max(first, index) });
      }
    },
    aim,
    /** One step by keyboard: among the places of a row, or to the next row given in order. */
    nudge(direction: 'left' | 'right' | 'up' | 'down', routeIds: readonly number[]) {
      const current = moving.value;
      const at = target.value;
      if (!current || !at) return;
      if (direction === 'left' || direction === 'right') {
        const route = routeById(at.routeId);
        if (!route) return;
        const { first, last } = dropBounds(route, current.stop.id);
        aim({
          routeId: at.routeId,
          index: Math.min(last, Math.max(first, at.index + (direction === 'left' ? -1 : 1))),
        });
        return;
      }
      const row = routeIds.indexOf(at.routeId);
      const routeId =
        routeIds[Math.min(routeIds.length - 1, Math.max(0, row + (direction === 'up' ? -1 : 1)))];
      const route = routeId === undefined ? null : routeById(routeId);
      if (!route || routeId === at.routeId) return;
      const others = route.stops.filter((other) => other.id !== current.stop.id);
      const index = others.findIndex((other) => other.eta > current.stop.eta);
      const { first, last } = dropBounds(route, current.stop.id);
      aim({ routeId: route.id, index: Math.min(last, Math.max(first, index < 0 ? last : index)) });
    },
    cancel: end,
    /** Makes the change at once, as a new version. */
    async drop(): Promise<void> {
      const current = moving.value;
      const at = target.value;
      const answer = quote.value;
      if (!current || !at || answer?.kind === 'refused') return end();
      const to = routeById(at.routeId);
      const baseVersion = room.plan.value?.version;
      end();
      try {
        const { version } = await room.api.moveStop({
          stopId: current.stop.id,
          toRouteId: at.routeId,
          index: at.index,
          ...(baseVersion ? { baseVersion } : {}),
        });
        tell({ number: current.number, toPlate: to?.plate ?? '', version: version ?? null });
        room.refresh('plan', 'history', 'incidents', 'proposals');
      } catch (error) {
        refusal.value = reasonOf(error);
      }
    },
  };
}

export type StopMove = ReturnType<typeof openStopMove>;
const MOVE: InjectionKey<StopMove> = Symbol('stop-move');

export function provideStopMove(room: Room): StopMove {
  const move = openStopMove(room);
  provide(MOVE, move);
  return move;
}

export function useStopMove(): StopMove {
  const move = inject(MOVE);
  if (!move) throw new Error('Moving stops is opened by the control room.');
  return move;
}
