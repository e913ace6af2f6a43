/** Moving a stop inside a draft: where it would go, what that costs against the draft. Mouse and keyboard share this. */
import { onBeforeUnmount, ref, shallowRef } from 'vue';
import type { PlanDiff, PlanProblem } from '../../../shared/plan.ts';
import { detailOf, reasonOf } from '../app/errors.ts';
import type { Room } from '../live/room.ts';
import type { PictureBlock, PictureRow } from './proposal-picture.ts';
import type { Review } from './review.ts';

const QUOTE_AFTER_MS = 60;

export interface DraftTarget {
  /** The truck that takes it, also one that stands idle and would begin a route. */
  truckId: number;
  /** Among the route's other stops, driven ones too, from 0: as the verb counts. */
  index: number;
  /** The block it would come before; null at the end. */
  before: number | null;
}

export type DraftQuote =
  { kind: 'asking' } | { kind: 'price'; diff: PlanDiff } | { kind: 'refused'; reason: string };

/** Blocks of a row a stop could be dropped before: what is still to do, without the stop itself. */
export function openBlocks(row: PictureRow, stopId: number): PictureBlock[] {
  return row.after.filter((block) => block.stopId !== stopId);
}

/** The place before a block, or behind the last one; null on a truck that is out of service. */
export function placeBefore(row: PictureRow, stopId: number, before: number | null): DraftTarget | null {
  if (row.truck.mode === 'broken') return null;
  const others = row.stopIds.filter((id) => id !== stopId);
  const last = openBlocks(row, stopId).at(-1);
  const index =
    before === null ? (last ? others.indexOf(last.stopId) + 1 : others.length) : others.indexOf(before);
  return { truckId: row.truck.id, index: Math.max(0, index), before };
}

export function useDraftMove(room: Room, review: Review) {
  const moving = shallowRef<{ stopId: number; number: number | null } | null>(null);
  const target = shallowRef<DraftTarget | null>(null);
  const quote = shallowRef<DraftQuote | null>(null);
  const refusal = ref('');
  const problems = shallowRef<readonly PlanProblem[]>([]);
  const busy = ref(false);
  let timer: ReturnType<typeof setTimeout> | null = null;
  let asking: AbortController | null = null;

  function stopAsking(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    asking?.abort();
    asking = null;
  }
  function end(): void {
    stopAsking();
    moving.value = target.value = quote.value = null;
  }
  onBeforeUnmount(end);

  async function ask(at: DraftTarget): Promise<void> {
    const current = moving.value;
    const draft = review.draft.value;
    if (!current || !draft) return;
    const controller = new AbortController();
    asking = controller;
    try {
      const { diff } = await room.api.moveInDraft(
        { draftId: draft.id, stopId: current.stopId, toTruckId: at.truckId, index: at.index, dryRun: true },
        controller.signal,
      );
      if (!controller.signal.aborted) quote.value = { kind: 'price', diff };
    } catch (error) {
      if (!controller.signal.aborted) quote.value = { kind: 'refused', reason: reasonOf(error) };
    }
  }

  return {
    moving,
    target,
    quote,
    refusal,
    problems,
    busy,
    start(block: PictureBlock): void {
      end();
      refusal.value = '';
      moving.value = { stopId: block.stopId, number: block.number };
    },
    aim(at: DraftTarget | null): void {
      if (at && target.value && at.truckId === target.value.truckId && at.index === target.value.index)
        return;
      stopAsking();
      target.value = at;
      quote.value = at ? { kind: 'asking' } : null;
      if (at) timer = setTimeout(() => void ask(at), QUOTE_AFTER_MS);
    },
    cancel: end,
    async drop(): Promise<void> {
      const current = moving.value;
      const at = target.value;
      const draft = review.draft.value;
      const isRefused = quote.value?.kind === 'refused';
      end();
      if (!current || !at || !draft || isRefused || busy.value) return;
      busy.value = true;
      try {
        const moved = await room.api.moveInDraft({
          draftId: draft.id,
          stopId: current.stopId,
          toTruckId: at.truckId,
          index: at.index,
          revision: draft.revision,
        });
        problems.value = moved.problems ?? [];
        room.refresh('drafts');
      } catch (error) {
        refusal.value = reasonOf(error);
        if (detailOf(error).revision !== undefined) room.refresh('drafts');
      } finally {
        busy.value = false;
      }
    },
  };
}
