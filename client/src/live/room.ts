/** The room's memory: what the server said last, kept fresh by two streams, joined once a second for the screen. */
import { computed, inject, onBeforeUnmount, provide, ref, shallowRef, type InjectionKey } from 'vue';
import type { AlertView } from '../../../shared/alerts.ts';
import type { ClosureView } from '../../../shared/closure.ts';
import type { TruckView } from '../../../shared/fleet.ts';
import type { IncidentView } from '../../../shared/incident.ts';
import type { DraftView, PlanHistoryEntry, PlanView, ProposalView } from '../../../shared/plan.ts';
import { DEFAULT_RULES, type Rules } from '../../../shared/rules.ts';
import type { LiveTruck } from '../../../shared/telemetry.ts';
import { DATASETS, freshness, outdatedBy, type Dataset } from './fold.ts';
import type { RoomApi, ZoneStatus } from './room-api.ts';
import { roomIncidents, roomNumbers, roomTrucks } from './room-view.ts';

const REFRESH_AFTER_MS = 120;
const RETRY_AFTER_MS = 3_000;
const TICK_MS = 1_000;
/** Nothing moved for this long: ask whether the server is there. */
const PROBE_AFTER_MS = 3_500;

export type Room = ReturnType<typeof openRoom>;
const ROOM: InjectionKey<Room> = Symbol('room');

function openRoom(api: RoomApi) {
  const nowMs = ref(Date.now());
  const plan = shallowRef<PlanView | null>(null);
  const incidents = shallowRef<readonly IncidentView[] | null>(null);
  const trucks = shallowRef<readonly TruckView[] | null>(null);
  const proposals = shallowRef<readonly ProposalView[]>([]);
  const drafts = shallowRef<readonly DraftView[]>([]);
  const history = shallowRef<readonly PlanHistoryEntry[]>([]);
  const zones = shallowRef<readonly ZoneStatus[]>([]);
  const closures = shallowRef<readonly ClosureView[]>([]);
  const alerts = shallowRef<readonly AlertView[]>([]);
  const rules = shallowRef<Rules>(DEFAULT_RULES);
  const positions = shallowRef<ReadonlyMap<number, LiveTruck>>(new Map());
  const lastHeardMs = ref(Date.now());
  const failed = ref<Dataset | null>(null);

  const read: Record<Dataset, () => Promise<void>> = {
    plan: async () => void (plan.value = await api.plan()),
    incidents: async () => void (incidents.value = await api.incidents()),
    trucks: async () => void (trucks.value = await api.trucks()),
    proposals: async () => void (proposals.value = await api.proposals()),
    drafts: async () => void (drafts.value = await api.drafts()),
    history: async () => void (history.value = await api.history()),
    closures: async () => void (closures.value = await api.closures()),
    alerts: async () => void (alerts.value = await api.alerts()),
    zones: async () => void (zones.value = await api.zones()),
    rules: async () => void (rules.value = await api.rules()),
  };

  const outdated = new Set<Dataset>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let reading = false;
  let closed = false;

  function refresh(datasets: Iterable<Dataset>, afterMs = REFRESH_AFTER_MS): void {
    for (const dataset of datasets) outdated.add(dataset);
    if (outdated.size > 0 && timer === null && !reading && !closed)
      timer = setTimeout(() => void flush(), afterMs);
  }

  /** One reading at a time: what grows old meanwhile is read in the next turn, and the last data stays on failure. */
  async function flush(): Promise<void> {
    timer = null;
    reading = true;
    const batch = [...outdated];
    outdated.clear();
    const results = await Promise.allSettled(batch.map((dataset) => read[dataset]()));
    reading = false;
    const broken = batch.filter((_, index) => results[index]?.status === 'rejected');
    failed.value = broken[0] ?? null;
    refresh(broken, RETRY_AFTER_MS);
    refresh([]);
  }

  const heard = () => void (lastHeardMs.value = Date.now());
  const standing = { events: false, trucks: false };
  let probing = false;
  async function probe(): Promise<void> {
    if (probing || !standing.events || !standing.trucks) return;
    probing = true;
    try {
      await api.probe();
      if (standing.events && standing.trucks) heard();
    } catch {
      // Silence is the answer: the age on screen keeps growing.
    } finally {
      probing = false;
    }
  }

  const stopEvents = api.watchEvents({
    onStarted() {
      standing.events = true;
      heard();
      refresh(DATASETS, 0);
    },
    onLost: () => void (standing.events = false),
    onData(event) {
      heard();
      refresh(outdatedBy([event.type]));
    },
  });
  const stopTrucks = api.watchTrucks({
    onStarted() {
      standing.trucks = true;
      heard();
    },
    onLost: () => void (standing.trucks = false),
    onData(moved) {
      heard();
      const next = new Map(positions.value);
      for (const truck of moved) {
        const before = next.get(truck.truckId);
        if (before === undefined || truck.t >= before.t) next.set(truck.truckId, truck);
      }
      positions.value = next;
    },
  });
  const ticking = setInterval(() => {
    nowMs.value = Date.now();
    if (nowMs.value - lastHeardMs.value > PROBE_AFTER_MS) void probe();
  }, TICK_MS);
  refresh(DATASETS, 0);

  const places = computed(() => ({ depot: rules.value.depot, landfill: rules.value.landfill }));
  const roomTruckList = computed(() =>
    roomTrucks(trucks.value ?? [], plan.value, positions.value, places.value, nowMs.value),
  );
  const roomIncidentList = computed(() => roomIncidents(incidents.value ?? [], plan.value, nowMs.value));

  return {
    api,
    nowMs,
    plan,
    proposals,
    drafts,
    history,
    zones,
    closures,
    alerts,
    rules,
    places,
    positions,
    failed,
    loaded: computed(() => plan.value !== null && incidents.value !== null && trucks.value !== null),
    lastHeardMs,
    freshness: computed(() => freshness(lastHeardMs.value, nowMs.value)),
    trucks: roomTruckList,
    incidents: roomIncidentList,
    numbers: computed(() => roomNumbers(roomTruckList.value, roomIncidentList.value, plan.value)),
    refresh: (...datasets: Dataset[]) => refresh(datasets, 0),
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      clearInterval(ticking);
      stopEvents();
      stopTrucks();
    },
  };
}

/** Opens the room for a page and everything below it; closes with the page. */
export function provideRoom(api: RoomApi): Room {
  const room = openRoom(api);
  provide(ROOM, room);
  onBeforeUnmount(() => room.close());
  return room;
}

export function useRoom(): Room {
  const room = inject(ROOM);
  if (!room) throw new Error('The room is opened by the page that shows it.');
  return room;
}
