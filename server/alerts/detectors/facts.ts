import type { AlertDetails, AlertLevel, AlertSubject } from '../../../shared/alerts.ts';
import type { WatchedKind } from '../../../shared/alert-rules.ts';
import type { Point, Ring } from '../../../shared/geo.ts';
import type { RouteView } from '../../../shared/plan.ts';
import type { Rules, Zone } from '../../../shared/rules.ts';
import type { LiveTruck } from '../../../shared/telemetry.ts';

/** A truck as the fleet knows it; load and capacity in severity points. */
export interface TruckFact {
  id: number;
  plate: string;
  zone: Zone | null;
  state: 'available' | 'out' | 'retired';
  capacity: number;
  loadAboard: number;
}

/** A truck's newest position, with what its device says of the engine. */
export type PositionFact = LiveTruck & { ignition: boolean | null };

/** A device in use. Instants in ms since the epoch, charge 0–1, skew in seconds ahead of the server. */
export interface DeviceFact {
  id: number;
  truckId: number;
  name: string;
  /** Of its newest plausible fix; null when it never sent one. */
  lastFixMs: number | null;
  battery: number | null;
  skewS: number | null;
}

export interface IncidentFact {
  id: number;
  code: string;
  zone: Zone;
  severity: number;
  windowEndMs: number;
}

/** Everything the detectors look at, as of one instant. */
export interface RoomFacts {
  nowMs: number;
  /** Since when devices can be heard: what was missed while nobody listened is no silence of theirs. */
  listeningSinceMs: number;
  rules: Rules;
  trucks: readonly TruckFact[];
  positions: ReadonlyMap<number, PositionFact>;
  devices: readonly DeviceFact[];
  /** Planned and running routes of the current plan. */
  routes: readonly RouteView[];
  /** Legs were estimated without a router: the planned line is no street then. */
  degraded: boolean;
  /** Validated and assigned ones. */
  incidents: readonly IncidentFact[];
  closures: readonly { id: number; ring: Ring }[];
}

/**
 * What one detector says of one subject now. `isOn` null = there is nothing to judge by (no fresh position): whatever
 * was true stays true. `atMs` is the instant the evidence is from, so that dwelling is measured in the device's time.
 */
export interface Reading {
  kind: WatchedKind;
  subject: AlertSubject;
  zone: Zone | null;
  isOn: boolean | null;
  atMs: number;
  level: AlertLevel;
  /** How long it must hold before it counts, and how long the opposite before it is over. */
  raiseAfterS: number;
  clearAfterS: number;
  details: AlertDetails;
}

/** Asks whether a kind is raised for a subject: what is on stays on until a little past its threshold. */
export type IsRaised = (kind: WatchedKind, subject: AlertSubject) => boolean;

export type Detector = (facts: RoomFacts, isRaised: IsRaised) => Reading[];

/** The routes on which a truck drives now, by truck. */
export function runningByTruck(facts: RoomFacts): Map<number, RouteView> {
  return new Map(
    facts.routes.filter((route) => route.state === 'running').map((route) => [route.truckId, route]),
  );
}

/** A position one may judge by: neither stale nor offline. */
export function isFresh(position: PositionFact | undefined): position is PositionFact {
  return position !== undefined && (position.state === 'moving' || position.state === 'stopped');
}

/** Where a truck may stand as long as it likes. */
export function restPlaces({ rules }: RoomFacts): Point[] {
  return [rules.depot, rules.landfill];
}
