/** A proposal under review: which of its alternatives is looked at, which moves are wanted, and the draft made of it. */
import { computed, inject, onBeforeUnmount, provide, ref, shallowRef, watch, type InjectionKey } from 'vue';
import {
  DEFAULT_ALTERNATIVE,
  type AlternativeName,
  type AlternativeView,
  type PlanHistoryEntry,
  type ProposalView,
} from '../../../shared/plan.ts';
import { user } from '../app/auth.ts';
import { reasonOf } from '../app/errors.ts';
import type { PartPrice } from '../live/room-api.ts';
import type { Room } from '../live/room.ts';

const PRICE_AFTER_MS = 150;
const TOLD_MS = 12_000;

/** The newest change made since a proposal was computed, steps back apart: who closed it, most likely; else null. */
export function closedBy(
  { baseVersion }: Pick<ProposalView, 'baseVersion'>,
  history: readonly PlanHistoryEntry[],
): PlanHistoryEntry | null {
  return history.reduce<PlanHistoryEntry | null>(
    (newest, entry) =>
      entry.undoes === null && entry.version > (newest?.version ?? baseVersion) ? entry : newest,
    null,
  );
}

/** The open proposal that took a closed one's place, also by several steps; null when there is none. */
export function successorOf(id: number, open: readonly ProposalView[], zone: string | null): number | null {
  const direct = open.find((proposal) => proposal.replaces === id);
  if (direct) return direct.id;
  const sameZone = open.find((proposal) => proposal.zone === zone && proposal.id > id);
  return sameZone?.replaces != null ? sameZone.id : null;
}

function openReview(room: Room, idOf: () => number | null) {
  const name = ref<AlternativeName>(DEFAULT_ALTERNATIVE);
  const alternatives = shallowRef<readonly AlternativeView[]>([]);
  /** Stops whose move is not wanted. */
  const unwanted = shallowRef<ReadonlySet<number>>(new Set());
  const part = shallowRef<PartPrice | null>(null);
  const partRefusal = ref('');
  const pricing = ref(false);
  const draftId = ref<number | null>(null);
  /** The proposal this one replaced while it was looked at. */
  const replaced = ref<number | null>(null);
  /** What the review began with: a draft outlives its proposal. */
  const known = shallowRef<ProposalView | null>(null);

  /** The proposal that was closed by somebody or something else while it was read; told for a while. */
  const closed = shallowRef<ProposalView | null>(null);
  let isDeciding = false;
  let closedMeanwhile: ProposalView | null = null;
  let telling: ReturnType<typeof setTimeout> | null = null;
  function tellClosed(which: ProposalView | null): void {
    if (telling !== null) clearTimeout(telling);
    closed.value = which;
    telling = which ? setTimeout(() => (closed.value = null), TOLD_MS) : null;
  }
  onBeforeUnmount(() => tellClosed(null));

  const zoneOf = (id: number) => (known.value?.id === id ? known.value.zone : null);

  const proposal = computed(() => {
    const id = idOf();
    if (id === null) return null;
    const open = room.proposals.value.find((candidate) => candidate.id === id);
    return open ?? (draftId.value !== null && known.value?.id === id ? known.value : null);
  });
  const draft = computed(() => room.drafts.value.find((candidate) => candidate.id === draftId.value) ?? null);
  const chosen = computed(() => alternatives.value.find((one) => one.name === name.value) ?? null);
  /** What map, board and sentences show: the draft, else the chosen alternative, else the proposal as it came. */
  const shown = computed<ProposalView | null>(() => {
    const base = proposal.value;
    if (base === null) return null;
    if (draft.value !== null) return { ...base, diff: draft.value.diff, routes: draft.value.routes };
    if (chosen.value === null) return base;
    return { ...base, diff: chosen.value.diff, routes: chosen.value.routes, solveMs: chosen.value.solveMs };
  });
  const wanted = computed(() =>
    (shown.value?.diff.moved ?? [])
      .map((move) => move.stopId)
      .filter((stopId) => !unwanted.value.has(stopId)),
  );
  const isPart = computed(
    () => draft.value === null && wanted.value.length < (shown.value?.diff.moved.length ?? 0),
  );

  watch(idOf, (id, before) => {
    name.value = DEFAULT_ALTERNATIVE;
    alternatives.value = [];
    unwanted.value = new Set();
    draftId.value = null;
    const isNext =
      before != null && id !== null && successorOf(before, room.proposals.value, zoneOf(before)) === id;
    replaced.value = isNext ? before : null;
  });
  watch(proposal, (now) => now && (known.value = now), { immediate: true });

  // Computed after the proposal: each new one is fetched when the room hears of it.
  watch(
    () => [idOf(), room.proposals.value.find((candidate) => candidate.id === idOf())?.alternatives?.join()],
    async ([id, names]) => {
      if (typeof id !== 'number' || names === undefined) return;
      try {
        const found = await room.api.alternatives(id);
        if (idOf() === id) alternatives.value = found;
      } catch {
        // The proposal as it came is on the screen; the next event asks again.
      }
    },
    { immediate: true },
  );

  let timer: ReturnType<typeof setTimeout> | null = null;
  let asking: AbortController | null = null;
  function stopPricing(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    asking?.abort();
    asking = null;
    pricing.value = false;
  }
  async function price(id: number, stopIds: number[]): Promise<void> {
    const controller = new AbortController();
    asking = controller;
    try {
      const answer = await room.api.approvePart(
        { id, alternative: name.value, stopIds, dryRun: true },
        controller.signal,
      );
      if (!controller.signal.aborted) part.value = answer;
    } catch (error) {
      if (!controller.signal.aborted) partRefusal.value = reasonOf(error);
    } finally {
      if (asking === controller) pricing.value = false;
    }
  }
  watch(
    () => [idOf(), name.value, wanted.value.join(), isPart.value] as const,
    ([id]) => {
      stopPricing();
      part.value = null;
      partRefusal.value = '';
      if (id === null || !isPart.value || wanted.value.length === 0) return;
      pricing.value = true;
      timer = setTimeout(() => void price(id, [...wanted.value]), PRICE_AFTER_MS);
    },
  );
  onBeforeUnmount(stopPricing);

  const ownDrafts = computed(() =>
    room.drafts.value.filter((candidate) => candidate.author === user.value?.username),
  );
  return {
    proposal,
    shown,
    name,
    alternatives,
    unwanted,
    wanted,
    isPart,
    part,
    partRefusal,
    pricing,
    draft,
    replaced,
    /** The draft I left on this proposal, or on one it took the place of, to go on with. */
    ownDraft: computed(() => {
      const mine = ownDrafts.value.filter((candidate) => candidate.zone === proposal.value?.zone);
      return mine.find((candidate) => candidate.proposalId === idOf()) ?? mine.at(-1) ?? null;
    }),
    ownDrafts,
    /** Others who change the same proposal now. */
    others: computed(() =>
      room.drafts.value.filter(
        (candidate) => candidate.proposalId === idOf() && candidate.author !== user.value?.username,
      ),
    ),
    closed,
    /** The proposal under review is gone and nothing took its place: by whom is told, unless it was by me. */
    wasClosed(id: number): void {
      const gone = known.value?.id === id ? known.value : null;
      if (isDeciding) closedMeanwhile = gone;
      else tellClosed(gone);
    },
    /** Runs my own decision; where it is refused because another came first, that one is told. */
    async decide<Answer>(change: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
      isDeciding = true;
      closedMeanwhile = null;
      try {
        const answer = await change();
        if (answer === undefined && closedMeanwhile !== null) tellClosed(closedMeanwhile);
        return answer;
      } finally {
        isDeciding = false;
      }
    },
    /** Of the proposal last looked at: what a newer one has to share to be its successor. */
    zoneOf,
    choose(next: AlternativeName): void {
      if (draft.value !== null || !alternatives.value.some((one) => one.name === next)) return;
      name.value = next;
      unwanted.value = new Set();
    },
    want(stopIds: readonly number[], on: boolean): void {
      const next = new Set(unwanted.value);
      for (const stopId of stopIds) {
        if (on) next.delete(stopId);
        else next.add(stopId);
      }
      unwanted.value = next;
    },
    goOnWith(id: number | null): void {
      draftId.value = id;
    },
  };
}

export type Review = ReturnType<typeof openReview>;
const REVIEW: InjectionKey<Review> = Symbol('review');

export function provideReview(room: Room, idOf: () => number | null): Review {
  const review = openReview(room, idOf);
  provide(REVIEW, review);
  return review;
}

export function useReview(): Review {
  const review = inject(REVIEW);
  if (!review) throw new Error('A review is opened by the control room.');
  return review;
}
