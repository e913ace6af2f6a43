/** A proposal as the room shows it: who receives what, the sentence of each move, the promises that change. Pure. */
import { lineLengthM, type LonLat, type Point } from '../../../shared/geo.ts';
import type { PlanDiff, PlanView, ProposalView, RouteView, StopView } from '../../../shared/plan.ts';
import { keepProbability, promiseLevel } from '../live/promise.ts';
import type { RoomIncident, RoomTruck } from '../live/room-view.ts';
import { stopNumbers } from '../live/room-view.ts';
import { lineAhead } from './route-lines.ts';

export type ProposalShow = 'before' | 'both' | 'after';
type Moved = PlanDiff['moved'][number];

export interface PictureMove {
  /** Stops that go the same way for the same reason, told in one sentence. */
  moves: Moved[];
  numbers: number[];
  fromTruck: RoomTruck | null;
  toTruck: RoomTruck | null;
  reason: string;
  seconds: number;
  metres: number;
  incident: RoomIncident | null;
  /** null where no window is at stake. */
  before: number | null;
  after: number | null;
}

export interface PictureRow {
  truck: RoomTruck;
  gives: number;
  receives: number;
  seconds: number;
  metres: number;
  before: PictureBlock[];
  after: PictureBlock[];
}

export interface PictureBlock {
  stopId: number;
  kind: StopView['kind'];
  number: number | null;
  startMs: number;
  endMs: number;
  moved: boolean;
  late: boolean;
}

export interface PicturePromise {
  incident: RoomIncident;
  before: number | null;
  after: number | null;
}

export interface ProposalPicture {
  proposal: ProposalView;
  show: ProposalShow;
  moves: PictureMove[];
  rows: PictureRow[];
  untouched: number;
  promises: PicturePromise[];
  keptBefore: number;
  keptAfter: number;
  promised: number;
  beforeLines: readonly (readonly LonLat[])[];
  afterLines: readonly { truckId: number; line: readonly LonLat[] }[];
  movedStops: readonly { stopId: number; lat: number; lon: number; number: number | null }[];
}

export interface ProposalContext {
  plan: PlanView;
  trucks: readonly RoomTruck[];
  incidents: readonly RoomIncident[];
}

const SPREAD_WHEN_UNKNOWN_MS = 6 * 60_000;
const UNDER_WAY = new Set(['running', 'planned']);

/** The same arrival range, moved to another expected instant; a made-up range where the plan has none yet. */
function arrivalAt(eta: string, known: StopView | null) {
  if (known === null) {
    const at = Date.parse(eta);
    return {
      eta,
      etaEarliest: new Date(at - SPREAD_WHEN_UNKNOWN_MS).toISOString(),
      etaLatest: new Date(at + SPREAD_WHEN_UNKNOWN_MS).toISOString(),
    };
  }
  const shift = Date.parse(eta) - Date.parse(known.eta);
  const moved = (iso: string) => new Date(Date.parse(iso) + shift).toISOString();
  return { eta, etaEarliest: moved(known.etaEarliest), etaLatest: moved(known.etaLatest) };
}

export function proposalPicture(
  proposal: ProposalView,
  { plan, trucks, incidents }: ProposalContext,
  show: ProposalShow,
): ProposalPicture {
  const truckById = new Map(trucks.map((truck) => [truck.id, truck]));
  const routeById = new Map(plan.routes.map((route) => [route.id, route]));
  const truckOfRoute = (routeId: number | null, truckId: number | null | undefined): RoomTruck | null =>
    truckById.get(truckId ?? (routeId === null ? 0 : (routeById.get(routeId)?.truckId ?? 0))) ?? null;
  const current = new Map<number, { stop: StopView; route: RouteView; number: number | null }>();
  for (const route of plan.routes) {
    const numbers = stopNumbers(route.stops);
    for (const stop of route.stops)
      current.set(stop.id, { stop, route, number: numbers.get(stop.id) ?? null });
  }
  const proposedEta = new Map<number, string>();
  for (const route of proposal.routes) for (const stop of route.stops) proposedEta.set(stop.stopId, stop.eta);
  const incidentById = new Map(incidents.map((incident) => [incident.view.id, incident]));
  const movedIds = new Set(proposal.diff.moved.map((move) => move.stopId));

  const afterOf = (incident: RoomIncident, stopId: number | null): number | null => {
    const eta = stopId === null ? undefined : proposedEta.get(stopId);
    if (eta === undefined) return incident.probability;
    return keepProbability(arrivalAt(eta, current.get(stopId!)?.stop ?? null), incident.view.windowEnd);
  };
  const stopOfIncident = new Map<number, number>();
  for (const route of proposal.routes) {
    for (const stop of route.stops)
      if (stop.incidentId !== null) stopOfIncident.set(stop.incidentId, stop.stopId);
  }

  const promises: PicturePromise[] = [];
  let keptBefore = 0;
  let keptAfter = 0;
  let promised = 0;
  for (const incident of incidents) {
    if (incident.view.state === 'pending') continue;
    promised += 1;
    const after = afterOf(incident, stopOfIncident.get(incident.view.id) ?? incident.stop?.id ?? null);
    // A stop whose truck is out keeps a time on paper; nobody is coming.
    const stranded = incident.route !== null && truckById.get(incident.route.truckId)?.mode === 'broken';
    const before = stranded ? Math.min(incident.probability ?? 0, 0.05) : incident.probability;
    if (isKept(incident, before)) keptBefore += 1;
    if (isKept(incident, after)) keptAfter += 1;
    if (Math.abs((after ?? 0) - (before ?? 0)) >= 0.02) promises.push({ incident, before, after });
  }
  promises.sort((a, b) => (a.before ?? 0) - (b.before ?? 0));

  const receiving = new Set(proposal.diff.moved.map((move) => move.toTruckId ?? 0));
  const touched = new Set([...receiving, ...proposal.diff.moved.map((move) => move.fromTruckId ?? 0)]);
  const ahead = (line: readonly LonLat[], stops: readonly (Point & { state: string })[], truckId: number) =>
    lineAhead(line, stops, truckById.get(truckId)?.position ?? null);

  return {
    proposal,
    show,
    moves: groupMoves(proposal.diff.moved, truckOfRoute, (move) => {
      const incident = move.incidentId === undefined ? null : (incidentById.get(move.incidentId) ?? null);
      const change = incident && promises.find((promise) => promise.incident === incident);
      return {
        number: current.get(move.stopId)?.number ?? move.toIndex ?? null,
        incident,
        before: change ? change.before : (incident?.probability ?? null),
        after: incident ? afterOf(incident, move.stopId) : null,
      };
    }),
    rows: rowsOf(proposal, trucks, routeById, current, movedIds),
    untouched: plan.routes.filter(
      (route) =>
        UNDER_WAY.has(route.state) && !proposal.routes.some((changed) => changed.routeId === route.id),
    ).length,
    promises,
    keptBefore,
    keptAfter,
    promised,
    beforeLines: proposal.routes.flatMap((route) => {
      const before = routeById.get(route.routeId);
      return before && touched.has(route.truckId)
        ? [ahead(before.geometry.coordinates, before.stops, route.truckId)]
        : [];
    }),
    afterLines: proposal.routes
      .filter((route) => receiving.has(route.truckId))
      .map((route) => ({
        truckId: route.truckId,
        line: ahead(
          route.geometry.coordinates,
          route.stops.map((stop) => ({
            lat: stop.lat,
            lon: stop.lon,
            state: current.get(stop.stopId)?.stop.state ?? 'planned',
          })),
          route.truckId,
        ),
      })),
    movedStops: proposal.routes.flatMap((route) =>
      route.stops
        .filter((stop) => movedIds.has(stop.stopId))
        .map((stop) => ({
          stopId: stop.stopId,
          lat: stop.lat,
          lon: stop.lon,
          number: current.get(stop.stopId)?.number ?? null,
        })),
    ),
  };
}

/** As the Now bar counts: kept from 90 % on; where no truck is on its way yet, while the window leaves time. */
function isKept(incident: RoomIncident, probability: number | null): boolean {
  if (probability !== null) return promiseLevel(probability) === 'ok';
  return incident.tone !== 'risk' && incident.tone !== 'crit';
}

function groupMoves(
  moved: readonly Moved[],
  truckOf: (routeId: number | null, truckId: number | null | undefined) => RoomTruck | null,
  about: (move: Moved) => {
    number: number | null;
    incident: RoomIncident | null;
    before: number | null;
    after: number | null;
  },
): PictureMove[] {
  const groups: PictureMove[] = [];
  for (const move of moved) {
    const { number, incident, before, after } = about(move);
    const fromTruck = truckOf(move.fromRouteId, move.fromTruckId);
    const toTruck = truckOf(move.toRouteId, move.toTruckId);
    const last = groups[groups.length - 1];
    const together =
      last !== undefined &&
      last.incident === null &&
      incident === null &&
      last.reason === move.reason &&
      last.fromTruck?.id === fromTruck?.id &&
      last.toTruck?.id === toTruck?.id;
    if (together) {
      last.moves.push(move);
      if (number !== null) last.numbers.push(number);
      last.seconds += move.seconds ?? 0;
      last.metres += move.metres ?? 0;
    } else {
      groups.push({
        moves: [move],
        numbers: number === null ? [] : [number],
        fromTruck,
        toTruck,
        reason: move.reason,
        seconds: move.seconds ?? 0,
        metres: move.metres ?? 0,
        incident,
        before,
        after,
      });
    }
  }
  return groups;
}

function rowsOf(
  proposal: ProposalView,
  trucks: readonly RoomTruck[],
  routeById: ReadonlyMap<number, RouteView>,
  current: ReadonlyMap<number, { stop: StopView; number: number | null }>,
  movedIds: ReadonlySet<number>,
): PictureRow[] {
  const { moved } = proposal.diff;
  const rows: PictureRow[] = [];
  const serviceMs = (stopId: number) => Math.max(60, current.get(stopId)?.stop.serviceS ?? 600) * 1_000;
  const ids = new Set([
    ...moved.flatMap((move) => [move.fromTruckId ?? 0, move.toTruckId ?? 0]),
    ...proposal.routes.map((route) => route.truckId),
  ]);
  for (const truck of trucks) {
    if (!ids.has(truck.id)) continue;
    const after = proposal.routes.find((route) => route.truckId === truck.id);
    const before = (after && routeById.get(after.routeId)) ?? truck.route;
    const gives = moved.filter((move) => move.fromTruckId === truck.id && move.toTruckId !== truck.id).length;
    const receives = moved.filter((move) => move.toTruckId === truck.id && move.fromTruckId !== truck.id);
    const windowEnd = (stopId: number) => current.get(stopId)?.stop.windowEnd;
    rows.push({
      truck,
      gives,
      receives: receives.length,
      seconds: receives.reduce((sum, move) => sum + (move.seconds ?? 0), 0),
      metres:
        after && before
          ? lineLengthM(after.geometry.coordinates) - lineLengthM(before.geometry.coordinates)
          : receives.reduce((sum, move) => sum + (move.metres ?? 0), 0),
      before: (before?.stops ?? [])
        .filter((stop) => stop.kind !== 'depot' && stop.state !== 'done' && stop.state !== 'failed')
        .map((stop) => ({
          stopId: stop.id,
          kind: stop.kind,
          number: current.get(stop.id)?.number ?? null,
          startMs: Date.parse(stop.eta),
          endMs: Date.parse(stop.eta) + serviceMs(stop.id),
          moved: movedIds.has(stop.id),
          late: false,
        })),
      after: (after?.stops ?? [])
        .filter((stop) => {
          const state = current.get(stop.stopId)?.stop.state;
          return stop.kind !== 'depot' && state !== 'done' && state !== 'failed';
        })
        .map((stop) => {
          const end = windowEnd(stop.stopId);
          return {
            stopId: stop.stopId,
            kind: stop.kind,
            number: current.get(stop.stopId)?.number ?? null,
            startMs: Date.parse(stop.eta),
            endMs: Date.parse(stop.eta) + serviceMs(stop.stopId),
            moved: movedIds.has(stop.stopId),
            late: end !== undefined && Date.parse(stop.eta) > Date.parse(end),
          };
        }),
    });
  }
  return rows.sort((a, b) => b.gives - a.gives || b.receives - a.receives);
}
