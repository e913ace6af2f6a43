import { until } from '@vueuse/core';
import { computed } from 'vue';
import { useAct } from '../app/use-act.ts';
import { useRoom } from '../live/room.ts';
import { redoTarget, undoTarget } from './undo-target.ts';

/** How long a step waits for the history to tell of the version that is shown. */
const PATIENCE_MS = 5_000;

/** A step back and a step forward in the plan; each makes a new version. */
export function useUndo() {
  const room = useRoom();
  const { busy, refusal, act } = useAct();
  const back = computed(() => undoTarget(room.history.value));
  const forward = computed(() => redoTarget(room.history.value));

  const knowsNewest = computed(() =>
    room.history.value.some((entry) => entry.version === room.plan.value?.version),
  );

  async function takeBack(target: { readonly value: number | null }): Promise<void> {
    // Right after a change the history may be older than the plan: the step would take back the change before.
    if (room.plan.value !== null) await until(knowsNewest).toBe(true, { timeout: PATIENCE_MS });
    const version = target.value;
    if (version === null) return;
    if ((await act(() => room.api.undo(version))) !== undefined)
      room.refresh('plan', 'history', 'incidents', 'proposals');
  }
  return {
    busy,
    refusal,
    canUndo: computed(() => back.value !== null),
    canRedo: computed(() => forward.value !== null),
    undo: () => takeBack(back),
    redo: () => takeBack(forward),
  };
}
