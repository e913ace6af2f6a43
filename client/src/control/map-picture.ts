/** What the map shows now: one computed state a layer, from the room, the selection and the proposal under review. */
import { computed, ref, shallowRef, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import type { ClosureView } from '../../../shared/closure.ts';
import { distanceM, type LonLat } from '../../../shared/geo.ts';
import {
  clock,
  distance,
  points,
  signedKm,
  signedSpan,
  speedKmh,
  timeLeft,
  type Locale,
} from '../format/format.ts';
import type { Room } from '../live/room.ts';
import { nextStop, stopLook, stopNumbers, type RoomTruck } from '../live/room-view.ts';
import type { IncidentMark } from '../map/layers/incidents.ts';
import type { PlaceMark } from '../map/layers/places.ts';
import type { RoutesState } from '../map/layers/routes.ts';
import type { StopMark } from '../map/layers/stops.ts';
import type { TruckMark } from '../map/layers/trucks.ts';
import type { MapObstacle, MapTag } from '../map/MapTags.vue';
import type { ProposalPicture } from '../planning/proposal-picture.ts';
import { splitRoute } from '../planning/route-lines.ts';
import type { Selection } from './selection.ts';
import { useTracks } from './tracks.ts';

const DEPOT_ID = 1;
const LANDFILL_ID = 2;
const CLOSURE_FROM = 1_000;

/** The middle of a ring's corners: where its sign stands. */
function middleOf(ring: readonly LonLat[]): { lon: number; lat: number } {
  const sum = ring.reduce((so, [lon, lat]) => ({ lon: so.lon + lon, lat: so.lat + lat }), { lon: 0, lat: 0 });
  return { lon: sum.lon / ring.length, lat: sum.lat / ring.length };
}

export function useMapPicture(
  room: Room,
  selection: Selection,
  proposalOf: () => ProposalPicture | null,
  wallOf: () => boolean,
) {
  const { t, locale } = useI18n();
  const lang = () => locale.value as Locale;
  const truckPlace = shallowRef<(id: number) => { lon: number; lat: number } | null>(() => null);
  /** A closure somebody pointed at: the room asks whether to open it. */
  const openedClosure = shallowRef<ClosureView | null>(null);
  const tracks = useTracks(room, () => selection.chosen.truck);

  const truckById = computed(() => new Map(room.trucks.value.map((truck) => [truck.id, truck])));
  const chosenTruck = computed(() => truckById.value.get(selection.chosen.truck ?? 0) ?? null);

  const marks = computed<TruckMark[]>(() => room.trucks.value.filter(isOnMap).map(markOf));
  /** Parked trucks stand on each other at the depot: its label counts them, and the chosen one alone is drawn. */
  function isOnMap(truck: RoomTruck): boolean {
    return truck.position !== null && (truck.mode !== 'depot' || truck.id === selection.chosen.truck);
  }
  function markOf(truck: RoomTruck): TruckMark {
    const { lon, lat, t: fixMs, heading } = truck.position!;
    return {
      id: truck.id,
      lon,
      lat,
      fixMs,
      headingDeg: heading,
      loadShare: truck.capacity > 0 ? Math.min(1, truck.load / truck.capacity) : 0,
      mode: truck.mode,
      label: truck.label,
    };
  }

  const trucks = computed(() => {
    const proposal = proposalOf();
    return {
      marks: marks.value,
      selectedId: selection.chosen.truck,
      hoveredId: selection.hovered.truck,
      stale: room.freshness.value === 'cut',
      focusIds: proposal ? new Set(proposal.rows.map((row) => row.truck.id)) : null,
    };
  });

  /** An incident drawn as a stop of the route in view is not drawn a second time. */
  const shownAsStop = computed(() => {
    const proposal = proposalOf();
    if (proposal)
      return new Set(proposal.moves.flatMap((move) => (move.incident ? [move.incident.view.id] : [])));
    return new Set((chosenTruck.value?.route?.stops ?? []).flatMap((stop) => stop.incidentId ?? []));
  });

  const incidents = computed(() => {
    const proposal = proposalOf();
    const involved = proposal
      ? new Set([
          ...proposal.promises.map((promise) => promise.incident.view.id),
          ...proposal.moves.flatMap((move) => (move.incident ? [move.incident.view.id] : [])),
        ])
      : null;
    const shown: IncidentMark[] = room.incidents.value
      .filter(({ view }) => (involved === null || involved.has(view.id)) && !shownAsStop.value.has(view.id))
      .map(({ view, tone }) => ({
        id: view.id,
        lon: view.lon,
        lat: view.lat,
        type: view.type,
        life: view.state === 'pending' ? 'pending' : 'active',
        tone,
      }));
    return { marks: shown, selectedId: selection.chosen.incident, hoveredId: selection.hovered.incident };
  });

  const stops = computed(() => {
    const proposal = proposalOf();
    const shown: StopMark[] = [];
    if (proposal) {
      for (const { stopId, lat, lon, number } of proposal.movedStops) {
        const look = proposal.show === 'before' ? 'ghost' : 'moved';
        shown.push({ id: stopId, lat, lon, look, ...(number === null ? {} : { number }) });
      }
    } else if (chosenTruck.value?.route) {
      const { route } = chosenTruck.value;
      const numbers = stopNumbers(route.stops);
      const next = nextStop(route);
      let trip = 0;
      for (const stop of route.stops) {
        // A trip ends at the landfill: what comes after it is shown small, its numbers begin again.
        if (stop.kind === 'disposal' && stop.state !== 'done') trip += 1;
        if (stop.kind === 'depot' || stop.kind === 'disposal') continue;
        const look = stopLook(stop, stop.id === next?.id && route.state === 'running');
        const number = numbers.get(stop.id);
        shown.push({
          id: stop.id,
          lat: stop.lat,
          lon: stop.lon,
          look: trip > 0 && look === 'planned' ? 'later' : look,
          ...(number === undefined ? {} : { number }),
        });
      }
    }
    return { marks: shown, selectedId: selection.chosen.stop, hoveredId: selection.hovered.stop };
  });

  /** Cut only when the plan, the truck or its fix changes: the line work is not for every tick. */
  const routes = ref<RoutesState>({ trails: [], selected: null, proposal: null });
  watch(
    () => [
      room.plan.value,
      chosenTruck.value?.position,
      tracks.lines.value,
      tracks.trails.value,
      proposalOf(),
    ],
    () => {
      const proposal = proposalOf();
      const truck = chosenTruck.value;
      let selected: RoutesState['selected'] = null;
      if (!proposal && truck?.route) {
        const split = splitRoute(truck.route, truck.position);
        const driven: readonly (readonly LonLat[])[] =
          tracks.lines.value.length > 0 ? tracks.lines.value : [split.behind];
        selected = {
          driven: truck.route.state === 'running' ? driven : [],
          ahead: split.ahead,
          dotted: split.toLandfill,
        };
      }
      routes.value = {
        trails: tracks.trails.value,
        selected,
        proposal: proposal
          ? { before: proposal.beforeLines, after: proposal.afterLines, show: proposal.show }
          : null,
      };
    },
    { immediate: true },
  );

  const parkedCount = computed(
    () => room.trucks.value.filter((truck) => truck.position && truck.mode === 'depot').length,
  );
  const places = computed<PlaceMark[]>(() => {
    const { depot, landfill } = room.places.value;
    const parked = parkedCount.value;
    return [
      {
        id: DEPOT_ID,
        kind: 'depot',
        ...depot,
        label: parked > 0 ? t('control.map.depotWith', { count: parked }) : t('control.map.depot'),
      },
      { id: LANDFILL_ID, kind: 'landfill', ...landfill, label: t('control.map.landfill') },
      ...room.closures.value.map((closure): PlaceMark => ({
        id: CLOSURE_FROM + closure.id,
        kind: 'closure',
        ...middleOf(closure.ring),
      })),
    ];
  });

  const tags = computed<MapTag[]>(() => {
    const proposal = proposalOf();
    const nowMs = room.nowMs.value;
    const list: MapTag[] = [];
    const gap = wallOf() ? 38 : 28;
    const at = (id: number) => () => truckPlace.value(id);
    for (const truck of room.trucks.value) {
      if (!truck.position) continue;
      const pick = () => selection.select({ truck: truck.id, stop: null });
      const base = { id: `truck-${truck.id}`, gap, at: at(truck.id), onPick: pick };
      if (truck.mode === 'broken') {
        list.push({
          ...base,
          tone: 'crit',
          weight: 9,
          title: t('control.tag.broken', { plate: truck.plate }),
          detail: t('control.tag.aboard', {
            load: points(truck.load, lang()),
            capacity: points(truck.capacity, lang()),
          }),
        });
      } else if (truck.mode === 'nosignal') {
        list.push({
          ...base,
          tone: 'risk',
          weight: 8,
          title: t('control.tag.silent', { label: truck.label }),
          detail: t('control.tag.since', { time: clock(truck.position.t) }),
        });
      } else if (!proposal && truck.id === selection.chosen.truck) {
        const next = truck.route && nextStop(truck.route);
        const speed = speedKmh(truck.position.speed ?? 0);
        list.push({
          ...base,
          tone: 'accent',
          weight: 10,
          title: truck.plate,
          detail: next ? t('control.tag.arrives', { speed, time: clock(next.eta) }) : speed,
        });
      }
    }
    if (proposal && proposal.show !== 'before') {
      for (const row of proposal.rows) {
        if (row.receives === 0 || !row.truck.position) continue;
        list.push({
          id: `receives-${row.truck.id}`,
          gap,
          at: at(row.truck.id),
          tone: 'prop',
          weight: 7,
          title: t('control.tag.receives', { label: row.truck.label, count: row.receives }),
          detail: `${signedSpan(row.seconds)} · ${signedKm(row.metres, lang())}`,
        });
      }
    }
    for (const closure of room.closures.value) {
      list.push({
        id: `closure-${closure.id}`,
        tone: 'crit',
        weight: 4,
        gap: 18,
        title: t('control.closure.tag'),
        detail: closure.reason,
        at: () => middleOf(closure.ring),
        onPick: () => (openedClosure.value = closure),
      });
    }
    for (const incident of room.incidents.value) {
      if (incident.tone !== 'risk' && incident.tone !== 'crit') continue;
      const { view } = incident;
      const left = timeLeft(Date.parse(view.windowEnd), nowMs);
      list.push({
        id: `incident-${view.id}`,
        tone: incident.tone,
        weight: incident.tone === 'crit' ? 6 : 5,
        gap: wallOf() ? 26 : 18,
        pill: !wallOf(),
        title: wallOf() ? t(`incidents.type.${view.type}`) : left,
        ...(wallOf() ? { detail: t('control.tag.expires', { left }) } : {}),
        at: () => ({ lon: view.lon, lat: view.lat }),
        onPick: () => selection.select({ incident: view.id }),
      });
    }
    return list;
  });

  /** How far the landfill is, and who is there: shown at the edge while it is out of sight. */
  const landfill = computed(() => {
    const inside = room.trucks.value.filter((truck) => truck.mode === 'landfill');
    const from = chosenTruck.value?.position ?? room.places.value.depot;
    const who = inside.map((truck) => truck.label).join(', ');
    return {
      away: distance(distanceM(from, room.places.value.landfill), lang()),
      who: who === '' ? t('control.map.nobodyInside') : t('control.map.inside', { who }),
    };
  });

  return {
    trucks,
    incidents,
    stops,
    routes,
    places,
    tags,
    landfill,
    openedClosure,
    truckPlace,
    chosenTruck,
    /** Discs with the label under them, signs and stops: no tag should lie on these. */
    obstacles: (): MapObstacle[] => [
      ...marks.value.flatMap((mark) => {
        const at = truckPlace.value(mark.id) ?? mark;
        const below = mark.mode === 'broken' || mark.id === selection.chosen.truck ? 34 : 26;
        return [
          { ...at, halfWidth: 17, halfHeight: 17, dy: 0 },
          { ...at, halfWidth: 18, halfHeight: 8, dy: below },
        ];
      }),
      ...[...incidents.value.marks, ...stops.value.marks].map(({ lon, lat }) => ({
        lon,
        lat,
        halfWidth: 12,
        halfHeight: 12,
        dy: 0,
      })),
    ],
    /** Selecting a stop also selects its truck, and its incident when it has one. */
    selectStop(stopId: number) {
      for (const truck of room.trucks.value) {
        const stop = truck.route?.stops.find((candidate) => candidate.id === stopId);
        if (!stop) continue;
        selection.select({
          truck: truck.id,
          stop: stopId,
          ...(stop.incidentId === undefined ? {} : { incident: stop.incidentId }),
        });
        return;
      }
    },
  };
}
