import { computed } from 'vue';
import { useAct } from '../app/use-act.ts';
import { useRoom } from '../live/room.ts';
import { redoTarget, undoTarget } from './undo-target.ts';

/** A step back and a step forward in the plan; each makes a new version. */
export function useUndo() {
  const room = useRoom();
  const { busy, refusal, act } = useAct();
  const back = computed(() => undoTarget(room.history.value));
  const forward = computed(() => redoTarget(room.history.value));

  async function takeBack(version: number | null): Promise<void> {
    if (version === null) return;
    if ((await act(() => room.api.undo(version))) !== undefined)
      room.refresh('plan', 'history', 'incidents', 'proposals');
  }
  return {
    busy,
    refusal,
    canUndo: computed(() => back.value !== null),
    canRedo: computed(() => forward.value !== null),
    undo: () => takeBack(back.value),
    redo: () => takeBack(forward.value),
  };
}
