import type { LonLat, Point } from '../../shared/geo.ts';
import type { ReportInput } from '../../shared/incident.ts';
import type { RouteView } from '../../shared/plan.ts';

/**
 * What the simulated people can do, however they reach the system: in process with a clock of their own (the hour
 * before the demo starts, a headless run), or over the network like anybody else.
 */
export interface City {
  /** Routes of the current plan. */
  routes(): Promise<RouteView[]>;
  /** Trucks out of service. */
  outTrucks(): Promise<ReadonlySet<number>>;
  /** The way along the streets. */
  way(from: Point, to: Point): Promise<{ line: LonLat[]; durationS: number }>;
  startAssignment(route: RouteView): Promise<void>;
  finishAssignment(route: RouteView): Promise<void>;
  /** A supervisor gives a planned route without a driver to a free one; false when nobody is free. */
  assignDriver(route: RouteView): Promise<boolean>;
  depart(route: RouteView, stopId: number): Promise<void>;
  complete(route: RouteView, stopId: number, clientId: string): Promise<void>;
  fail(route: RouteView, stopId: number, reason: string, clientId: string): Promise<void>;
  /** A citizen's report; returns the incident it became or joined. */
  report(input: ReportInput): Promise<number>;
  validate(incidentId: number): Promise<void>;
}

/** Where a truck's device hands over its fixes; what happens to them there is the network's business. */
export type OnFix = (truckId: number, fix: SimFix) => void;

export interface SimFix {
  t: number;
  lat: number;
  lon: number;
  speed: number;
  heading: number;
  accuracy: number;
  battery: number;
  ignition: boolean;
}
