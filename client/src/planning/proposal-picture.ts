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
  /** Where it goes among what the receiving truck still has to do; null where it leaves the plan. */
  place: MovePlace | null;
  reason: string;
  seconds: number;
  metres: number;
  incident: RoomIncident | null;
  /** null where no window is at stake. */
  before: number | null;
  after: number | null;
}

/** The truck's next stop, its last, or behind a stop by the number that one has now. */
export type MovePlace =
  | { kind: 'first' }
  | { kind: 'last' }
  | { kind: 'after'; number: number }
  /** Behind another stop it receives. */
  | { kind: 'behind'; number: number };

/** A truck that only changes its order, and what that costs. */
export interface PictureReorder {
  truck: RoomTruck;
  seconds: number;
  metres: number;
}

export interface PictureRow {
  truck: RoomTruck;
  gives: number;
  receives: number;
  /** Whether its stops still to be done come in another order, or fewer or more of them. */
  shifts: boolean;
  seconds: number;
  metres: number;
  /** All its stops as proposed, driven ones too: places are counted among these. */
  stopIds: readonly number[];
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
  /** With the moves, these add up to the price. */
  reordered: PictureReorder[];
  /** Nothing moves and every truck keeps its order. */
  isEmpty: boolean;
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
  {
    wide = false,
    part = null,
  }: {
    /** Also the rows of trucks it does not touch: where somebody could drag a stop to. */
    wide?: boolean;
    /** The priced part of it that is wanted: the promises are then the part's. */
    part?: PromisedChange | null;
  } = {},
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
  const incidentById = new Map(incidents.map((incident) => [incident.view.id, incident]));
  const movedIds = new Set(proposal.diff.moved.map((move) => move.stopId));
  const isAhead = (stopId: number) => {
    const state = current.get(stopId)?.stop.state;
    return state === undefined || state === 'planned';
  };
  const placeIn = (move: Moved): MovePlace | null => {
    const route = proposal.routes.find((candidate) => candidate.routeId === move.toRouteId);
    const work = (route?.stops ?? []).filter(
      (stop) => isAhead(stop.stopId) && (stop.kind === 'incident' || stop.kind === 'container'),
    );
    const at = work.findIndex((stop) => stop.stopId === move.stopId);
    if (at < 0) return null;
    if (at === 0) return { kind: 'first' };
    for (let i = at - 1; i >= 0; i--) {
      const number = current.get(work[i]!.stopId)?.number;
      if (!movedIds.has(work[i]!.stopId) && number != null) return { kind: 'after', number };
    }
    const received = current.get(work[at - 1]!.stopId)?.number;
    if (received != null && at < work.length - 1) return { kind: 'behind', number: received };
    return at === work.length - 1 ? { kind: 'last' } : null;
  };

  const rows = rowsOf(proposal, trucks, routeById, current, movedIds, wide);
  const context = { plan, trucks, incidents };
  const whole = promisesWith(proposal, context);
  const { promises, keptBefore, keptAfter, promised } = part === null ? whole : promisesWith(part, context);

  const receiving = new Set(proposal.diff.moved.map((move) => move.toTruckId ?? 0));
  const touched = new Set([...receiving, ...proposal.diff.moved.map((move) => move.fromTruckId ?? 0)]);
  const ahead = (line: readonly LonLat[], stops: readonly (Point & { state: string })[], truckId: number) =>
    lineAhead(line, stops, truckById.get(truckId)?.position ?? null);

  return {
    proposal,
    show,
    moves: groupMoves(proposal.diff.moved, truckOfRoute, (move) => {
      const incident = move.incidentId === undefined ? null : (incidentById.get(move.incidentId) ?? null);
      const change = incident && whole.promises.find((promise) => promise.incident === incident);
      return {
        number: current.get(move.stopId)?.number ?? move.toIndex ?? null,
        place: placeIn(move),
        incident,
        before: change ? change.before : (incident?.probability ?? null),
        after: incident ? whole.afterOf(incident, move.stopId) : null,
      };
    }),
    reordered: (proposal.diff.reordered ?? []).flatMap((route) => {
      const truck = truckById.get(route.truckId);
      return truck === undefined || (route.seconds === 0 && route.metres === 0)
        ? []
        : [{ truck, seconds: route.seconds, metres: route.metres }];
    }),
    isEmpty: proposal.diff.moved.length === 0 && rows.every((row) => !row.shifts),
    rows,
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

/** What of a change its promises are counted by: arrivals on the routes it changes, and what it leaves out. */
export interface PromisedChange {
  diff: Pick<PlanDiff, 'unassigned'>;
  routes: readonly {
    stops: readonly { stopId: number; incidentId: number | null; eta: string }[];
  }[];
}

export interface PromisesWith {
  promises: PicturePromise[];
  keptBefore: number;
  keptAfter: number;
  promised: number;
  afterOf(incident: RoomIncident, stopId: number | null): number | null;
}

/** How many promises are kept without and with a change, and which it touches. */
export function promisesWith(
  change: PromisedChange,
  { plan, trucks, incidents }: ProposalContext,
): PromisesWith {
  const truckById = new Map(trucks.map((truck) => [truck.id, truck]));
  const known = new Map(plan.routes.flatMap((route) => route.stops.map((stop) => [stop.id, stop])));
  const proposedEta = new Map<number, string>();
  const stopOfIncident = new Map<number, number>();
  for (const route of change.routes) {
    for (const stop of route.stops) {
      proposedEta.set(stop.stopId, stop.eta);
      if (stop.incidentId !== null) stopOfIncident.set(stop.incidentId, stop.stopId);
    }
  }
  // A stop whose truck is out keeps a time on paper; nobody is coming.
  const beforeOf = (incident: RoomIncident): number | null =>
    incident.route !== null && truckById.get(incident.route.truckId)?.mode === 'broken'
      ? Math.min(incident.probability ?? 0, 0.05)
      : incident.probability;
  const left = new Set(change.diff.unassigned.map((one) => one.incidentId));
  const afterOf = (incident: RoomIncident, stopId: number | null): number | null => {
    // Without a truck nobody comes.
    if (left.has(incident.view.id)) return 0;
    const eta = stopId === null ? undefined : proposedEta.get(stopId);
    if (eta === undefined) return beforeOf(incident);
    return keepProbability(arrivalAt(eta, known.get(stopId!) ?? null), incident.view.windowEnd);
  };
  const promises: PicturePromise[] = [];
  let keptBefore = 0;
  let keptAfter = 0;
  let promised = 0;
  for (const incident of incidents) {
    if (incident.view.state === 'pending') continue;
    promised += 1;
    const after = afterOf(incident, stopOfIncident.get(incident.view.id) ?? incident.stop?.id ?? null);
    const before = beforeOf(incident);
    if (isKept(incident, before)) keptBefore += 1;
    if (isKept(incident, after)) keptAfter += 1;
    if (Math.abs((after ?? 0) - (before ?? 0)) >= 0.02) promises.push({ incident, before, after });
  }
  promises.sort((a, b) => (a.before ?? 0) - (b.before ?? 0));
  return { promises, keptBefore, keptAfter, promised, afterOf };
}

/**
 * How many stops nobody serves once a change is made: incidents that find no truck, stops that leave the plan for want of
 * one, and stops of its zone that stay with a truck that is out of service.
 */
export function leftWithoutTruck(
  diff: Pick<PlanDiff, 'moved' | 'unassigned'>,
  zone: ProposalView['zone'],
  { plan, trucks }: Pick<ProposalContext, 'plan' | 'trucks'>,
): number {
  const movedIds = new Set(diff.moved.map((move) => move.stopId));
  const broken = new Set(trucks.filter((truck) => truck.mode === 'broken').map((truck) => truck.id));
  const stay = plan.routes
    .filter((route) => route.zone === zone && broken.has(route.truckId) && UNDER_WAY.has(route.state))
    .flatMap((route) => route.stops)
    .filter(
      (stop) =>
        (stop.kind === 'incident' || stop.kind === 'container') &&
        (stop.state === 'planned' || stop.state === 'enroute') &&
        !movedIds.has(stop.id),
    );
  const dropped = diff.moved.filter((move) => move.reason === 'dropped');
  return diff.unassigned.length + dropped.length + stay.length;
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
    place: MovePlace | null;
    incident: RoomIncident | null;
    before: number | null;
    after: number | null;
  },
): PictureMove[] {
  const groups: PictureMove[] = [];
  for (const move of moved) {
    const { number, place, incident, before, after } = about(move);
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
        place,
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

/** Who could be given a stop by hand: trucks under way in the zone, and those in service that stand idle. */
function mayTake(truck: RoomTruck, zone: ProposalView['zone']): boolean {
  const isLive = truck.route !== null && UNDER_WAY.has(truck.route.state);
  return isLive ? truck.route!.zone === zone : truck.mode !== 'broken' && truck.planning === 'open';
}

/** The same stops and landfills one after the other; the hours they are reached at may differ. */
function sameOrder(
  before: readonly Pick<StopView, 'id' | 'kind'>[],
  after: readonly { stopId: number; kind: StopView['kind'] }[],
): boolean {
  // A trip to the landfill may be laid anew under another number.
  const mark = (id: number, kind: StopView['kind']) =>
    kind === 'disposal' || kind === 'depot' ? kind : String(id);
  return (
    before.length === after.length &&
    before.every((stop, i) => mark(stop.id, stop.kind) === mark(after[i]!.stopId, after[i]!.kind))
  );
}

function rowsOf(
  proposal: ProposalView,
  trucks: readonly RoomTruck[],
  routeById: ReadonlyMap<number, RouteView>,
  current: ReadonlyMap<number, { stop: StopView; number: number | null }>,
  movedIds: ReadonlySet<number>,
  wide: boolean,
): PictureRow[] {
  const { moved } = proposal.diff;
  const rows: PictureRow[] = [];
  const serviceMs = (stopId: number) => Math.max(60, current.get(stopId)?.stop.serviceS ?? 600) * 1_000;
  const ids = new Set([
    ...moved.flatMap((move) => [move.fromTruckId ?? 0, move.toTruckId ?? 0]),
    ...proposal.routes.map((route) => route.truckId),
    ...(wide ? trucks.filter((truck) => mayTake(truck, proposal.zone)).map((truck) => truck.id) : []),
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
      // What a broken truck keeps it does not drive, in whatever order.
      shifts: truck.mode !== 'broken' && after !== undefined && !sameOrder(before?.stops ?? [], after.stops),
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
      stopIds: after?.stops.map((stop) => stop.stopId) ?? before?.stops.map((stop) => stop.id) ?? [],
      after: (after?.stops ?? (before?.stops ?? []).map((stop) => ({ ...stop, stopId: stop.id })))
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
