/** Driven lines: the chosen truck's since its route began, and three minutes of trail behind every other. */
import { onBeforeUnmount, shallowRef, watch } from 'vue';
import type { LonLat } from '../../../shared/geo.ts';
import type { Room } from '../live/room.ts';

const TRAIL_MS = 3 * 60_000;
/** A gap longer than this breaks the line: nobody knows what lies between. */
const GAP_MS = 120_000;
const LOOK_BACK_MS = 12 * 3_600_000;

interface TrailPoint {
  t: number;
  at: LonLat;
}

export function useTracks(room: Room, chosenTruckId: () => number | null) {
  const lines = shallowRef<readonly (readonly LonLat[])[]>([]);
  const trails = shallowRef<readonly (readonly LonLat[])[]>([]);
  const recent = new Map<number, TrailPoint[]>();
  let driven: TrailPoint[] = [];
  let closed = false;
  let asked = 0;

  function show(): void {
    const pieces: LonLat[][] = [];
    let before: TrailPoint | null = null;
    for (const point of driven) {
      if (before === null || point.t - before.t > GAP_MS) pieces.push([]);
      pieces[pieces.length - 1]!.push(point.at);
      before = point;
    }
    lines.value = pieces.filter((piece) => piece.length > 1);
  }

  async function load(truckId: number): Promise<void> {
    const turn = ++asked;
    const route = room.trucks.value.find((truck) => truck.id === truckId)?.route ?? null;
    driven = [];
    lines.value = [];
    if (!route?.startedAt) return;
    const now = Date.now();
    const from = new Date(Math.max(Date.parse(route.startedAt), now - LOOK_BACK_MS)).toISOString();
    try {
      const { fixes } = await room.api.track(truckId, from, new Date(now).toISOString());
      if (closed || turn !== asked) return;
      driven = fixes
        .filter((fix) => fix.flag === undefined)
        .map((fix): TrailPoint => ({ t: fix.t, at: [fix.lon, fix.lat] }));
      show();
    } catch {
      // Without the track the planned line up to the truck is drawn instead.
    }
  }

  const routeOf = (id: number | null) =>
    room.trucks.value.find((truck) => truck.id === id)?.route?.id ?? null;
  const stopLoading = watch(
    () => [chosenTruckId(), routeOf(chosenTruckId())] as const,
    ([truckId], before) => {
      if (truckId === before?.[0] && before?.[1] === routeOf(truckId)) return;
      asked += 1;
      driven = [];
      lines.value = [];
      if (truckId !== null) void load(truckId);
    },
    { immediate: true },
  );

  const stopTrailing = watch(room.positions, (positions) => {
    const chosen = chosenTruckId();
    const oldest = Date.now() - TRAIL_MS;
    const next: LonLat[][] = [];
    for (const [id, truck] of positions) {
      const trail = recent.get(id) ?? [];
      if (trail.length === 0 || trail[trail.length - 1]!.t < truck.t) {
        trail.push({ t: truck.t, at: [truck.lon, truck.lat] });
        if (id === chosen && driven.length > 0) driven.push(trail[trail.length - 1]!);
      }
      while (trail.length > 0 && trail[0]!.t < oldest) trail.shift();
      recent.set(id, trail);
      if (id !== chosen && trail.length > 1) next.push(trail.map((point) => point.at));
    }
    trails.value = next;
    if (chosen !== null && driven.length > 0) show();
  });

  onBeforeUnmount(() => {
    closed = true;
    stopLoading();
    stopTrailing();
  });
  return { lines, trails };
}
