/** Where the phone is, the way from there to the next stop, and the names of streets that stops have no address of. */
import { onBeforeUnmount, reactive, ref, shallowRef, watch } from 'vue';
import { distanceM, type Point } from '../../../shared/geo.ts';
import type { RouteView, StopView } from '../../../shared/plan.ts';
import { askGuidance, askStreet, type Guidance } from './guidance.ts';

/** Asking the way again is worth it after this much road or time. */
const MOVED_M = 30;
const ASK_EVERY_MS = 20_000;

export interface PhonePosition extends Point {
  heading: number | null;
}

/** Positions while the route runs and the person allows it; null otherwise. */
export function usePosition(wanted: () => boolean) {
  const position = shallowRef<PhonePosition | null>(null);
  let watching: number | null = null;
  const stop = () => {
    if (watching !== null) navigator.geolocation.clearWatch(watching);
    watching = null;
  };
  watch(
    wanted,
    (on) => {
      if (!on || !('geolocation' in navigator)) return stop();
      watching ??= navigator.geolocation.watchPosition(
        ({ coords }) =>
          (position.value = { lat: coords.latitude, lon: coords.longitude, heading: coords.heading }),
        () => undefined,
        { enableHighAccuracy: true, maximumAge: 5_000 },
      );
    },
    { immediate: true },
  );
  onBeforeUnmount(stop);
  return position;
}

/** The last place known on the way: the phone's, else the last stop behind the truck, else the depot. */
function originOf(route: RouteView, stop: StopView, phone: Point | null): Point | null {
  if (phone) return phone;
  const before = route.stops.slice(
    0,
    route.stops.findIndex(({ id }) => id === stop.id),
  );
  return before.at(-1) ?? null;
}

export function useGuidance(
  place: () => { route: RouteView; stop: StopView } | null,
  phone: () => Point | null,
  online: () => boolean,
  nowMs: () => number,
) {
  const guidance = shallowRef<(Guidance & { stopId: number }) | null>(null);
  let asked: { stopId: number; from: Point; atMs: number } | null = null;
  let running: AbortController | null = null;

  async function ask(): Promise<void> {
    const now = place();
    if (!now || !online()) return;
    const from = originOf(now.route, now.stop, phone());
    if (!from) return;
    const isSame =
      asked?.stopId === now.stop.id &&
      (distanceM(asked.from, from) < MOVED_M || nowMs() - asked.atMs < ASK_EVERY_MS);
    if (isSame) return;
    asked = { stopId: now.stop.id, from, atMs: nowMs() };
    running?.abort();
    running = new AbortController();
    const answer = await askGuidance(from, now.stop, running.signal);
    if (answer) guidance.value = { ...answer, stopId: now.stop.id };
  }
  watch([() => place()?.stop.id, phone, online], () => void ask(), { immediate: true });
  onBeforeUnmount(() => running?.abort());
  return guidance;
}

const STREETS = 'streets';

function rememberedStreets(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(STREETS) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

/** Street names by stop id, asked once a stop, for stops that carry no address. */
export function useStreets(stops: () => readonly StopView[], online: () => boolean) {
  const names = reactive<Record<string, string>>(rememberedStreets());
  const busy = ref(false);
  watch(
    [stops, online],
    async () => {
      if (busy.value || !online()) return;
      busy.value = true;
      const nameless = stops().filter(
        ({ id, address, kind }) => !address && !names[id] && kind === 'incident',
      );
      for (const stop of nameless) {
        const street = await askStreet(stop);
        if (street) names[stop.id] = street;
      }
      busy.value = false;
      if (nameless.length === 0) return;
      const kept = Object.fromEntries(stops().flatMap(({ id }) => (names[id] ? [[id, names[id]]] : [])));
      try {
        localStorage.setItem(STREETS, JSON.stringify(kept));
      } catch {
        // Asked again after the next reload.
      }
    },
    { immediate: true },
  );
  return names;
}
