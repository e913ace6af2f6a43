/** One selection for the whole room: map, board, queue and address bar show the same truck, stop and incident. */
import { inject, onBeforeUnmount, provide, reactive, watch, type InjectionKey } from 'vue';
import { useRoute, useRouter } from 'vue-router';

export type Thing = 'truck' | 'stop' | 'incident';
export interface Chosen {
  truck: number | null;
  stop: number | null;
  incident: number | null;
}

const HOVER_AFTER_MS = 120;
const THINGS: readonly Thing[] = ['truck', 'stop', 'incident'];

function idOf(value: unknown): number | null {
  const id = Number(value);
  return Number.isInteger(id) && id > 0 ? id : null;
}

function openSelection() {
  const route = useRoute();
  const router = useRouter();
  const chosen = reactive<Chosen>({
    truck: idOf(route.query.truck),
    stop: idOf(route.query.stop),
    incident: idOf(route.query.incident),
  });
  const hovered = reactive<Chosen>({ truck: null, stop: null, incident: null });
  let timer: ReturnType<typeof setTimeout> | null = null;

  watch(chosen, () => {
    const query = { ...route.query };
    for (const thing of THINGS) {
      if (chosen[thing] === null) delete query[thing];
      else query[thing] = String(chosen[thing]);
    }
    void router.replace({ query });
  });

  function hover(thing: Thing, id: number | null): void {
    if (timer !== null) clearTimeout(timer);
    if (id === null) {
      hovered.truck = hovered.stop = hovered.incident = null;
      return;
    }
    timer = setTimeout(() => {
      hovered.truck = hovered.stop = hovered.incident = null;
      hovered[thing] = id;
    }, HOVER_AFTER_MS);
  }
  onBeforeUnmount(() => {
    if (timer !== null) clearTimeout(timer);
  });

  return {
    chosen,
    hovered,
    hover,
    select(things: Partial<Chosen>) {
      Object.assign(chosen, things);
    },
    clear() {
      chosen.truck = chosen.stop = chosen.incident = null;
    },
  };
}

export type Selection = ReturnType<typeof openSelection>;
const SELECTION: InjectionKey<Selection> = Symbol('selection');

export function provideSelection(): Selection {
  const selection = openSelection();
  provide(SELECTION, selection);
  return selection;
}

export function useSelection(): Selection {
  const selection = inject(SELECTION);
  if (!selection) throw new Error('The selection is opened by the control room.');
  return selection;
}
