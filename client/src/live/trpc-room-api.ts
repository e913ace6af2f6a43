/** The room's questions, asked over tRPC. */
import { trpc } from '../app/api.ts';
import { reasonOf } from '../app/errors.ts';
import type { IncidentView } from '../../../shared/incident.ts';
import type { RoomApi, Watch } from './room-api.ts';

const PAGE = 500;
const OPEN_STATES = ['pending', 'validated', 'assigned'] as const;

async function openIncidents(): Promise<IncidentView[]> {
  const all: IncidentView[] = [];
  let cursor: string | undefined;
  do {
    const page = await trpc.incidents.list.query({
      state: [...OPEN_STATES],
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** What the two feeds have in common: when they stand, and when they are being reopened. */
function standing(watch: Watch<never>) {
  return {
    onStarted: () => watch.onStarted(),
    onConnectionStateChange(state: { state: string }) {
      if (state.state === 'connecting') watch.onLost();
    },
  };
}

const REOPEN_AFTER_MS = 1_000;

export const trpcRoomApi: RoomApi = {
  plan: () => trpc.plans.current.query(),
  proposals: () => trpc.plans.proposals.query(),
  history: () => trpc.plans.history.query(),
  incidents: openIncidents,
  trucks: () => trpc.fleet.trucks.query(),
  zones: () => trpc.zones.status.query(),
  rules: async () => (await trpc.rules.get.query()).rules,
  closures: () => trpc.closures.list.query(),
  alerts: async () => (await trpc.alerts.list.query({ limit: 500 })).items,
  places: (incidentId) => trpc.plans.places.query({ incidentId }),
  placesOfStop: (stopId) => trpc.plans.places.query({ stopId }),
  track: (truckId, from, to) => trpc.tracks.get.query({ truckId, from, to }),
  validate: (id) => trpc.incidents.validate.mutate({ id }),
  cancel: (id, reason) => trpc.incidents.cancel.mutate({ id, reason }),
  alternatives: (id) => trpc.plans.alternatives.query({ id }),
  approve: (id, alternative) => trpc.plans.approve.mutate({ id, alternative }),
  approvePart: (request, signal) => trpc.plans.approvePart.mutate(request, signal ? { signal } : {}),
  drafts: () => trpc.plans.drafts.query(),
  editProposal: (proposalId, alternative) => trpc.plans.editProposal.mutate({ proposalId, alternative }),
  moveInDraft: (request, signal) => trpc.plans.moveInDraft.mutate(request, signal ? { signal } : {}),
  approveDraft: (id, revision) => trpc.plans.approveDraft.mutate({ id, revision }),
  discardDraft: (id) => trpc.plans.discardDraft.mutate({ id }),
  setAutoApprove: (limit) => trpc.plans.setAutoApprove.mutate({ limit }),
  reject: (id, reason) => trpc.plans.reject.mutate({ id, reason }),
  moveStop: (request, signal) => trpc.plans.moveStop.mutate(request, signal ? { signal } : {}),
  breakdown: (truckId, dryRun) => trpc.plans.breakdown.mutate({ truckId, dryRun }),
  undo: (version) => trpc.plans.undo.mutate({ version }),
  generate: (zone) => trpc.plans.generate.mutate({ zone }),
  closeArea: (closure) => trpc.closures.create.mutate(closure),
  openArea: (id) => trpc.closures.end.mutate({ id }),
  truckReturned: (truckId) => trpc.fleet.truckReturned.mutate({ truckId }),
  promises: () => trpc.plans.promises.query(),
  pinStop: (stopId, pin) => trpc.stops.pin.mutate({ stopId, pin }),
  planTruck: (truckId, planning) => trpc.fleet.planTruck.mutate({ truckId, planning }),
  watchEvents(watch) {
    return keepOpen((closed) =>
      trpc.live.events.subscribe(
        {},
        {
          ...standing(watch),
          onData: (event) => watch.onData(event.data),
          onError: closed,
          onComplete: closed,
        },
      ),
    );
  },
  watchTrucks(watch) {
    return keepOpen((closed) =>
      trpc.live.trucks.subscribe(undefined, {
        ...standing(watch),
        onData: ({ trucks }) => watch.onData(trucks),
        onError: closed,
        onComplete: closed,
      }),
    );
  },
  async probe() {
    const response = await fetch('/client-config', { cache: 'no-store', credentials: 'same-origin' });
    if (!response.ok) throw new Error(String(response.status));
  },
};

/**
 * tRPC reopens a cut stream by itself; one that the server ended or refused (events no longer kept, a restart) is
 * opened anew here, from now on: the room reads everything again when it stands.
 */
function keepOpen(open: (closed: (error?: unknown) => void) => { unsubscribe(): void }): () => void {
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let current = start();

  function start(): { unsubscribe(): void } {
    let over = false;
    return open((error) => {
      if (ended || over) return;
      over = true;
      if (error !== undefined && ['not-signed-in', 'wrong-role'].includes(reasonOf(error))) {
        location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
        return;
      }
      timer = setTimeout(() => (current = start()), REOPEN_AFTER_MS);
    });
  }
  return () => {
    ended = true;
    if (timer !== null) clearTimeout(timer);
    current.unsubscribe();
  };
}
