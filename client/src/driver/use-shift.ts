/** A driver's day on the phone: the last plan known, what was done since, and what the server has of it. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef } from 'vue';
import type { PlanView, RouteView } from '../../../shared/plan.ts';
import { trpc } from '../app/api.ts';
import { reasonOf } from '../app/errors.ts';
import { openLocalStore, type LocalStore } from '../offline/indexed-db.ts';
import { knownRoute, planChange, type KnownRoute } from './plan-change.ts';
import { createQueue, type QueueStore } from './queue.ts';
import { foldWork, holdMs, routeOfDay, undoable, type Action, type Work } from './work.ts';

const POLL_MS = 15_000;
const TICK_MS = 1_000;
const STORE = 'epagal-driver';

export interface Refusal {
  action: Action;
  reason: string;
}

interface SavedPlan {
  plan: PlanView;
  atMs: number;
}

function send({ work, clientId }: Action): Promise<unknown> {
  switch (work.kind) {
    case 'start':
      return trpc.assignments.start.mutate({ id: work.assignmentId });
    case 'depart':
      return trpc.stops.depart.mutate({ stopId: work.stopId });
    case 'complete':
      return trpc.stops.complete.mutate({ stopId: work.stopId, clientId });
    case 'fail':
      return trpc.stops.fail.mutate({ stopId: work.stopId, reason: work.reason, clientId });
    case 'reopen':
      return trpc.stops.reopen.mutate({ stopId: work.stopId });
    case 'finish':
      return trpc.assignments.finish.mutate({ id: work.assignmentId });
  }
}

/**
 * `userId` keeps phones that are handed on apart. `routeId` (of somebody who only looks) names the route; absent, it is
 * the driver's own of the day.
 */
export function useShift(userId: number, routeId: () => number | null) {
  const saved = shallowRef<SavedPlan | null>(null);
  const actions = shallowRef<readonly Action[]>([]);
  const refusals = shallowRef<readonly Refusal[]>([]);
  const known = shallowRef<KnownRoute | null>(null);
  const nowMs = ref(Date.now());
  const online = ref(true);
  const signedOut = ref(false);
  const loaded = ref(false);
  const problem = ref<string | null>(null);

  let store: LocalStore;
  const storeReady = openLocalStore(STORE, ['memory', 'queue']).then((opened) => (store = opened));
  const queueKey = ({ order }: Action) => `${userId}:${String(order).padStart(16, '0')}`;
  const queueStore: QueueStore = {
    all: async () =>
      (await store.all<Action & { userId: number }>('queue')).filter((a) => a.userId === userId),
    put: (action) => store.put('queue', queueKey(action), { ...action, userId }),
    remove: (action) => store.remove('queue', queueKey(action)),
  };

  /** Answers to questions asked before this instant are older than what is shown. */
  let shownSinceMs = 0;

  const queue = createQueue({
    store: queueStore,
    send: async (action) => void (await send(action)),
    reasonOf,
    nowMs: () => Date.now(),
    later: (run, ms) => void setTimeout(run, ms),
    changed: (next) => (actions.value = next),
    sent(action) {
      shownSinceMs = performance.now();
      if (saved.value) void keep({ ...saved.value, plan: foldWork(saved.value.plan, [action]) });
      void refresh();
    },
    refused(action, reason) {
      refusals.value = [...refusals.value, { action, reason }];
      void refresh();
    },
    reached: (ok) => (online.value = ok),
    signedOut: () => (signedOut.value = true),
  });

  const routes = computed<RouteView[]>(() =>
    saved.value ? foldWork(saved.value.plan, actions.value).routes : [],
  );
  const route = computed<RouteView | null>(() => {
    const asked = routeId();
    return asked === null
      ? routeOfDay(routes.value)
      : (routes.value.find((candidate) => candidate.id === asked) ?? null);
  });
  const change = computed(() =>
    known.value && route.value && saved.value
      ? planChange(known.value, route.value, saved.value.plan.version)
      : null,
  );
  const held = computed(() => undoable(actions.value, nowMs.value));

  async function keep(next: SavedPlan): Promise<void> {
    saved.value = next;
    await rememberRoute();
    await store.put('memory', `plan:${userId}`, next);
  }

  /** While nothing changed, what is known follows the plan, so that a change is told against the latest. */
  async function rememberRoute(acknowledged = false): Promise<void> {
    const current = route.value;
    if (!current || !saved.value) return;
    const isNew = known.value?.routeId !== current.id;
    if (!acknowledged && !isNew && change.value !== null) return;
    known.value = knownRoute(current, saved.value.plan.version);
    await store.put('memory', `known:${userId}`, known.value);
  }

  let asking = false;
  async function refresh(): Promise<void> {
    if (asking) return;
    asking = true;
    const askedAt = performance.now();
    try {
      const plan = await trpc.plans.current.query();
      online.value = true;
      signedOut.value = false;
      problem.value = null;
      if (askedAt >= shownSinceMs) await keep({ plan, atMs: Date.now() });
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === 'not-signed-in') signedOut.value = true;
      else if (reason === 'offline') online.value = false;
      problem.value = reason;
    } finally {
      asking = false;
      loaded.value = true;
    }
    if (askedAt < shownSinceMs) return refresh();
    if (online.value && !signedOut.value) void queue.flush();
  }

  async function add(work: Work, stopNumber: number | null): Promise<void> {
    const atMs = Date.now();
    const last = actions.value.at(-1)?.order ?? 0;
    await queue.add({
      clientId: crypto.randomUUID(),
      order: Math.max(atMs, last + 1),
      atMs,
      sendAfterMs: atMs + holdMs(work),
      stopNumber,
      work,
    });
  }

  const dismiss = (refusal: Refusal) =>
    (refusals.value = refusals.value.filter((other) => other !== refusal));
  const wake = () => document.visibilityState === 'visible' && void refresh();
  const lost = () => (online.value = false);
  let poll: ReturnType<typeof setInterval>;
  let tick: ReturnType<typeof setInterval>;

  onMounted(async () => {
    await storeReady;
    saved.value = (await store.get<SavedPlan>('memory', `plan:${userId}`)) ?? null;
    known.value = (await store.get<KnownRoute>('memory', `known:${userId}`)) ?? null;
    await queue.load();
    if (saved.value) loaded.value = true;
    void refresh();
    poll = setInterval(wake, POLL_MS);
    tick = setInterval(() => (nowMs.value = Date.now()), TICK_MS);
    document.addEventListener('visibilitychange', wake);
    addEventListener('focus', wake);
    addEventListener('online', wake);
    addEventListener('offline', lost);
  });
  onBeforeUnmount(() => {
    clearInterval(poll);
    clearInterval(tick);
    document.removeEventListener('visibilitychange', wake);
    removeEventListener('focus', wake);
    removeEventListener('online', wake);
    removeEventListener('offline', lost);
  });

  return {
    routes,
    route,
    change,
    held,
    actions,
    refusals,
    nowMs,
    online,
    signedOut,
    loaded,
    problem,
    savedAtMs: computed(() => saved.value?.atMs ?? null),
    add,
    undo: (clientId: string) => queue.undo(clientId),
    acknowledge: () => rememberRoute(true),
    dismiss,
    refresh,
  };
}

export type Shift = ReturnType<typeof useShift>;
