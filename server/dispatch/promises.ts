import type { Point } from '../../shared/geo.ts';
import type { PlanLift } from '../../shared/plan.ts';
import type { IncidentType } from '../../shared/incident.ts';
import { ZONES, type Zone } from '../../shared/rules.ts';
import {
  bestPlaces,
  pricedPlan,
  whyLeft,
  type InsertionPrice,
  type PlannerProblem,
  type PricedPlan,
} from '../planning/index.ts';
import { normalCdf, paceOf, projectArrivals } from './arrivals.ts';
import { liftsOf } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { framePlanning, liveRouteOf, sequencesOfFrame, type Frame } from './frame.ts';
import { readPicture } from './picture.ts';
import { placeTable } from './place-tables.ts';
import type { IncidentRow, Snapshot, TruckRow } from './snapshot.ts';

/** An open promise and how likely it is kept, as things are now. */
export interface PromiseView {
  incidentId: number;
  code: string;
  type: IncidentType;
  severity: number;
  zone: Zone;
  address: string | null;
  windowEnd: string;
  /** Probability, 0–1, that a truck is there before the window ends. Without a truck it is none. */
  keep: number;
  /** The stop that is to keep it; null while no route holds the incident. */
  planned: {
    stopId: number;
    routeId: number;
    truckId: number;
    plate: string;
    eta: string;
    etaEarliest: string;
    etaLatest: string;
  } | null;
  /** Without a stop: where it would go now, or what stops it and what would lift that. */
  waiting:
    | { routeId: number; truckId: number; plate: string; keep: number; workS: number; metres: number }
    | { reason: string; lifts: (PlanLift & { plate: string })[] }
    | null;
}

/** More than a day brings; of those that wait beyond it only the window is told. */
const MOST_WAITING = 40;
/** How well the start of a stop that is only imagined is known, against the time until then. */
const IMAGINED_SPREAD = 0.12;

/**
 * Every open promise — validated incidents, whether a route holds them or not — the one most in danger first: by
 * probability, then by severity, then by the end of the window. Nothing is stored.
 */
export async function openPromises(
  dispatch: Dispatch,
  input: { zone?: Zone | undefined } = {},
): Promise<PromiseView[]> {
  const snapshot = await readPicture(dispatch.store);
  const planned = plannedPromises(snapshot);
  const open = [...snapshot.incidents.values()].filter(
    (incident) =>
      (incident.state === 'validated' || incident.state === 'assigned') &&
      (input.zone === undefined || incident.zone === input.zone),
  );
  const views: PromiseView[] = [];
  for (const zone of ZONES) {
    const waiting = open
      .filter((incident) => incident.zone === zone && !planned.has(incident.id))
      .sort((a, b) => b.severity - a.severity || a.windowEnd.getTime() - b.windowEnd.getTime());
    const told = await waitingIn(dispatch, snapshot, zone, waiting.slice(0, MOST_WAITING));
    for (const incident of waiting) {
      views.push({ ...facts(incident), keep: 0, planned: null, waiting: told.get(incident.id) ?? null });
    }
  }
  for (const incident of open) {
    const held = planned.get(incident.id);
    if (held !== undefined) views.push({ ...facts(incident), ...held, waiting: null });
  }
  return views.sort(
    (a, b) => a.keep - b.keep || b.severity - a.severity || Date.parse(a.windowEnd) - Date.parse(b.windowEnd),
  );
}

function facts(incident: IncidentRow) {
  const { id, code, type, severity, zone, address, windowEnd } = incident;
  return { incidentId: id, code, type, severity, zone, address, windowEnd: windowEnd.toISOString() };
}

/** Incident → the stop that is to keep its promise, and how likely. Pure. */
export function plannedPromises(
  snapshot: Snapshot,
): Map<number, { keep: number; planned: NonNullable<PromiseView['planned']> }> {
  const promises = new Map<number, { keep: number; planned: NonNullable<PromiseView['planned']> }>();
  for (const planned of snapshot.document.routes) {
    const route = snapshot.routes.get(planned.routeId);
    if (route === undefined || (route.state !== 'planned' && route.state !== 'running')) continue;
    const truck = snapshot.trucks.get(planned.truckId)!;
    const arrivals = projectArrivals(snapshot, planned, route);
    planned.stops.forEach(({ stopId }, index) => {
      const stop = snapshot.stops.get(stopId)!;
      const arrival = arrivals[index]!;
      const isOpen = stop.state === 'planned' || stop.state === 'enroute';
      if (!isOpen || stop.incidentId === null || stop.windowEnd === null) return;
      promises.set(stop.incidentId, {
        // A truck that is out of service keeps no promise.
        keep: truck.state === 'available' ? arrival.keep(stop.windowEnd.getTime()) : 0,
        planned: {
          stopId,
          routeId: route.id,
          truckId: truck.id,
          plate: truck.plate,
          eta: new Date(arrival.etaMs).toISOString(),
          etaEarliest: new Date(arrival.earliestMs).toISOString(),
          etaLatest: new Date(arrival.latestMs).toISOString(),
        },
      });
    });
  }
  return promises;
}

/** Where each of these would go on the rounds as they are, or why nowhere. */
async function waitingIn(
  dispatch: Dispatch,
  snapshot: Snapshot,
  zone: Zone,
  incidents: readonly IncidentRow[],
): Promise<Map<number, NonNullable<PromiseView['waiting']>>> {
  const told = new Map<number, NonNullable<PromiseView['waiting']>>();
  if (incidents.length === 0) return told;
  const trucks = [...snapshot.trucks.values()];
  const inZone = trucks.filter((truck) => liveRouteOf(snapshot, truck.id)?.zone === zone);
  const now = await priced(dispatch, snapshot, inZone, incidents, false);
  // Without the supervisor's marks, with those that stand idle and with the other zone's: only what is lacking is asked.
  let all: Priced | null = null;
  for (const incident of incidents) {
    const jobId = now.jobOf.get(incident.id)!;
    const best = bestPlaces(now.plan, jobId).find((price) => price.refused === undefined);
    if (best !== undefined) {
      told.set(incident.id, placeOf(snapshot, incident, best));
      continue;
    }
    const { reason, lifts } = whyLeft(now.plan, jobId);
    all ??= await priced(dispatch, snapshot, trucks, incidents, true);
    const otherTruck = truckLift(snapshot, zone, all, incident);
    const plate = (truckId: number) => snapshot.trucks.get(truckId)?.plate ?? '';
    const ways = [
      ...(liftsOf(lifts, jobId, now.problem).lifts ?? []),
      ...(otherTruck === null ? [] : [otherTruck]),
    ];
    told.set(incident.id, {
      reason: now.frame.vehicles.length === 0 ? 'no-route' : reason,
      lifts: ways
        .map((lift) => ({ ...lift, plate: plate(lift.truckId) }))
        .sort((a, b) => a.workS + a.seconds - (b.workS + b.seconds)),
    });
  }
  return told;
}

interface Priced {
  frame: Frame;
  problem: PlannerProblem;
  plan: PricedPlan;
  /** The job each incident is. */
  jobOf: ReadonlyMap<number, number>;
}

async function priced(
  dispatch: Dispatch,
  snapshot: Snapshot,
  trucks: readonly TruckRow[],
  incidents: readonly IncidentRow[],
  ignoreMarks: boolean,
): Promise<Priced> {
  const frame = framePlanning({
    snapshot,
    truckIds: trucks.map((truck) => truck.id),
    addIncidents: incidents,
    addContainers: [],
    outTruckIds: [],
    positionOf: (truckId): Point | null => dispatch.positionOf(truckId),
    ignoreMarks,
  });
  const problem = frame.toProblem(await placeTable(dispatch.roads, frame), 0);
  const jobOf = new Map(
    [...frame.jobs].flatMap(([jobId, source]) =>
      source.kind === 'incident' ? [[source.incident.id, jobId] as const] : [],
    ),
  );
  return { frame, problem, plan: pricedPlan(problem, sequencesOfFrame(frame)), jobOf };
}

function placeOf(
  snapshot: Snapshot,
  incident: IncidentRow,
  best: InsertionPrice,
): NonNullable<PromiseView['waiting']> {
  const truck = snapshot.trucks.get(best.vehicleId)!;
  const pace = paceOf(snapshot);
  const startS = (best.startS ?? 0) * pace.travelMean;
  const leftS = (incident.windowEnd.getTime() - snapshot.nowMs) / 1_000;
  return {
    routeId: liveRouteOf(snapshot, truck.id)!.id,
    truckId: truck.id,
    plate: truck.plate,
    keep: normalCdf((leftS - startS) / Math.max(60, IMAGINED_SPREAD * startS)),
    workS: Math.round(best.seconds + snapshot.rules.incidentServiceS),
    metres: Math.round(best.metres),
  };
}

/** The cheapest truck that is not in play and could: why it is not, and at what price. */
function truckLift(snapshot: Snapshot, zone: Zone, all: Priced, incident: IncidentRow): PlanLift | null {
  for (const price of bestPlaces(all.plan, all.jobOf.get(incident.id)!)) {
    if (price.refused !== undefined) break;
    const truck = snapshot.trucks.get(price.vehicleId)!;
    const kept = keptOut(snapshot, truck, zone);
    if (kept === null) continue;
    return {
      rule: 'truck',
      truckId: truck.id,
      seconds: 0,
      kept,
      workS: Math.round(price.seconds + snapshot.rules.incidentServiceS),
      metres: Math.round(price.metres),
    };
  }
  return null;
}

function keptOut(snapshot: Snapshot, truck: TruckRow, zone: Zone): PlanLift['kept'] | null {
  if (truck.planning === 'locked' || truck.planning === 'excluded') return truck.planning;
  const route = liveRouteOf(snapshot, truck.id);
  if (route === null) return truck.zone === null || truck.zone === zone ? 'idle' : 'other-zone';
  return route.zone === zone ? null : 'other-zone';
}
