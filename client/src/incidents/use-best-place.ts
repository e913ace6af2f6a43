/** Where a pending incident would go and at what price, asked anew when the incident or the plan changes. */
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue';
import type { BestPlace, RoomApi } from '../live/room-api.ts';

/**
 * @param incidentId null: nothing is asked
 * @param version of the plan the answer rests on
 */
export function useBestPlace(
  api: Pick<RoomApi, 'places'>,
  incidentId: Ref<number | null>,
  version: Ref<number>,
): Ref<BestPlace | null> {
  const best = shallowRef<BestPlace | null>(null);
  let asked = 0;
  watch(
    [incidentId, version],
    async ([id], [before]) => {
      const mine = ++asked;
      if (id !== before) best.value = null;
      if (id === null) return;
      try {
        const places = await api.places(id);
        if (mine === asked) best.value = places.find((place) => place.refused === null) ?? null;
      } catch {
        // Without an answer the card tells what the rules say; the room reports what it cannot read.
        if (mine === asked) best.value = null;
      }
    },
    { immediate: true },
  );
  onScopeDispose(() => (asked = -1));
  return best;
}
