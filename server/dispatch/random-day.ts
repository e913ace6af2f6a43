import { distanceM, type Point } from '../../shared/geo.ts';
import type { PlannedRoute } from '../../shared/plan.ts';
import { DEFAULT_RULES, type Rules } from '../../shared/rules.ts';
import { solve as search } from '../planning/index.ts';
import { Random } from '../planning/random.ts';
import type { Roads } from '../roads/roads.ts';
import type { Dispatch } from './dispatch.ts';
import { totalsOf, type DraftPlan } from './draft.ts';
import type { IncidentRow, RouteRow, Snapshot, StopRow, TruckRow } from './snapshot.ts';
import { solve } from './solve.ts';

/** An invented day for property tests: trucks under way, rows at hand, no database. */
export interface RandomDay {
  dispatch: Dispatch;
  snapshot: Snapshot;
  /** Reported since the plan was made, validated, on no route yet. */
  fresh: IncidentRow[];
  truckIds: number[];
}

export interface DaySize {
  trucks: number;
  stops: number;
  fresh: number;
  iterations: number;
  /** Of the search for the plan the day begins with. */
  morningIterations?: number;
}

const NOW_MS = Date.parse('2026-11-24T13:00:00Z');
const KINDS = [
  { type: 'acopio', severity: 1, windowS: 86_400 },
  { type: 'zona_critica', severity: 3, windowS: 8 * 3_600 },
  { type: 'animal_muerto', severity: 5, windowS: 2 * 3_600 },
] as const;

/** Straight lines at 25 km/h with a third more for corners; whole seconds and metres. */
function straightRoads(): Roads {
  const metres = (a: readonly [number, number], b: readonly [number, number]) =>
    Math.round(1.33 * distanceM({ lon: a[0], lat: a[1] }, { lon: b[0], lat: b[1] }));
  const seconds = (m: number) => Math.round(m / (25 / 3.6));
  return {
    async table(points, { sources, destinations } = {}) {
      const from = sources?.map((index) => points[index]!) ?? points;
      const to = destinations?.map((index) => points[index]!) ?? points;
      const distancesM = from.map((a) => to.map((b) => metres(a, b)));
      return { distancesM, durationsS: distancesM.map((row) => row.map(seconds)), degraded: false };
    },
    async route(points) {
      const legs = points.slice(1).map((to, index) => {
        const distance = metres(points[index]!, to);
        return { distanceM: distance, durationS: seconds(distance), geometry: [points[index]!, to] };
      });
      return {
        legs,
        geometry: [...points],
        distanceM: legs.reduce((sum, leg) => sum + leg.distanceM, 0),
        durationS: legs.reduce((sum, leg) => sum + leg.durationS, 0),
        degraded: false,
      };
    },
    nearest: async (point) => ({ lon: point[0], lat: point[1], distanceM: 0, name: '' }),
    match: async () => {
      throw new Error('random days match no traces');
    },
    setClosures: async () => undefined,
    state: () => ({ engine: 'embedded', status: 'ok' }),
    close: async () => undefined,
  } as Roads;
}

/** Trucks that set out in the morning on a plan searched for them; `fresh` incidents came in since. */
export async function randomDay(seed: number, size: DaySize): Promise<RandomDay> {
  const random = new Random(seed);
  const rules: Rules = DEFAULT_RULES;
  const place = (): Point => ({
    lat: -0.9 - random.unit() * 0.07,
    lon: -78.64 + random.unit() * 0.07,
  });
  const trucks = new Map<number, TruckRow>();
  for (let id = 1; id <= size.trucks; id++) trucks.set(id, truckRow(id));
  const incidents = new Map<number, IncidentRow>();
  const incident = (ageS: number): IncidentRow => {
    const id = incidents.size + 1;
    const kind = KINDS[random.below(10) < 6 ? 0 : random.below(10) < 8 ? 1 : 2]!;
    const reported = new Date(NOW_MS - Math.round(ageS * 1_000));
    const row = {
      id,
      code: `R${id}`,
      type: kind.type,
      severity: kind.severity,
      state: 'validated',
      zone: 'oriental',
      ...place(),
      address: null,
      reportedAt: reported,
      windowStart: reported,
      windowEnd: new Date(reported.getTime() + kind.windowS * 1_000),
    } as unknown as IncidentRow;
    incidents.set(id, row);
    return row;
  };
  const morning = Array.from({ length: size.stops }, () => incident(random.unit() * 1_800));
  const empty: Snapshot = {
    nowMs: NOW_MS,
    rules,
    version: 0,
    document: { routes: [], degraded: false },
    routes: new Map(),
    stops: new Map(),
    trucks,
    incidents,
    assignments: new Map(),
  };
  const positions = new Map<number, Point>();
  const dispatch = {
    roads: straightRoads(),
    planner: {
      solve: async (problem, options) =>
        search(problem, {
          seed: options.seed,
          iterations: options.iterations ?? size.iterations,
          now: () => 0,
        }),
    },
    positionOf: (truckId) => positions.get(truckId) ?? null,
    budget: { iterations: size.iterations },
    seed,
  } as Dispatch;
  const { draft } = await solve(dispatch, empty, {
    zone: 'oriental',
    truckIds: [...trucks.keys()],
    addIncidents: morning,
    stabilityS: 0,
    budget: { iterations: size.morningIterations ?? 2 * size.iterations },
  });
  const written = writeRows(draft, 1, 1);
  const routes = new Map<number, RouteRow>();
  for (const route of written.routes) {
    const began = new Date(NOW_MS - 600_000);
    routes.set(route.routeId, {
      id: route.routeId,
      zone: 'oriental',
      truckId: route.truckId,
      state: 'running',
      current: true,
      createdAt: began,
      startedAt: began,
      finishedAt: null,
    });
    positions.set(route.truckId, {
      lat: rules.depot.lat + (random.unit() - 0.5) * 0.02,
      lon: rules.depot.lon + (random.unit() - 0.5) * 0.02,
    });
  }
  for (const row of morning) incidents.set(row.id, { ...row, state: 'assigned' });
  const snapshot: Snapshot = {
    ...empty,
    version: 1,
    document: { routes: written.routes, degraded: false },
    routes,
    stops: written.stops,
  };
  const fresh = Array.from({ length: size.fresh }, () => incident(60));
  return { dispatch, snapshot, fresh, truckIds: [...routes.values()].map((route) => route.truckId) };
}

/** What `materialise` does with the database: ids for new routes and stops. */
export function writeRows(
  draft: DraftPlan,
  firstRouteId: number,
  firstStopId: number,
): { routes: PlannedRoute[]; stops: Map<number, StopRow> } {
  let routeId = firstRouteId;
  let stopId = firstStopId;
  const stops = new Map<number, StopRow>();
  const routes = draft.routes.map((route): PlannedRoute => {
    const id = route.routeId ?? routeId++;
    const tail = route.tail.map((stop, index) => {
      const ownId = stop.stopId ?? stopId++;
      const { plan, stopId: _none, ...about } = stop;
      stops.set(ownId, {
        ...about,
        id: ownId,
        state: 'planned',
        routeId: id,
        position: index,
        departedAt: null,
        finishedAt: null,
        failReason: null,
        clientId: null,
        pin: null,
      } as StopRow);
      return { stopId: ownId, ...plan };
    });
    const all = [...route.kept, ...tail];
    return {
      routeId: id,
      truckId: route.truckId,
      zone: route.zone,
      startAt: route.startAt,
      ...totalsOf(all, route.startAt),
      stops: all,
    };
  });
  return { routes, stops };
}

function truckRow(id: number): TruckRow {
  return {
    id,
    plate: `XBA-${1_000 + id}`,
    type: 'posterior',
    state: 'available',
    zone: 'oriental',
    capacity: DEFAULT_RULES.capacityByTruckType.posterior,
    loadAboard: 0,
    planning: 'open',
    shiftS: null,
    overtimeMaxS: null,
    outSince: null,
  } as unknown as TruckRow;
}
