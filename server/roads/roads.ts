/** Travel over the road network, whoever computes it: a real osrm-routed or the embedded router. */

/** Longitude and latitude in degrees WGS84, in this order as in GeoJSON. */
export type LonLat = readonly [number, number];
export type VehicleProfile = 'driving' | 'truck';

export interface TravelTable {
  /** Seconds by source and destination; Infinity where there is no way. */
  durationsS: number[][];
  /** Metres of the quickest way; Infinity where there is none. */
  distancesM: number[][];
  /** True when some cell is an estimate because the router did not answer. */
  degraded: boolean;
}

/** One instruction and the way until the next. */
export interface RouteStep {
  distanceM: number;
  durationS: number;
  /** Street driven on during the step; empty when unnamed. */
  name: string;
  /** OSRM's manoeuvre words: `turn`, `depart`, `arrive`, `roundabout` … and `left`, `slight right` … */
  type: string;
  modifier?: string;
  /** Exit of a roundabout, counted from 1. */
  exit?: number;
  /** Where the manoeuvre happens. */
  location: LonLat;
  bearingAfter: number;
  geometry: LonLat[];
}

export interface TravelLeg {
  durationS: number;
  distanceM: number;
  geometry: LonLat[];
  /** Present when asked for and the router answers. */
  steps?: RouteStep[];
}

/** A way through the points in order; durations and distances are Infinity where there is none. */
export interface TravelRoute {
  durationS: number;
  distanceM: number;
  geometry: LonLat[];
  legs: TravelLeg[];
  degraded: boolean;
}

export interface NearestStreet {
  lon: number;
  lat: number;
  distanceM: number;
  name: string;
}

export interface TracePoint {
  lon: number;
  lat: number;
  /** Milliseconds since the epoch, ascending. */
  tMs: number;
  accuracyM?: number;
}

/** A trace laid onto the streets. */
export interface MatchedTrace {
  /** Connected pieces; a trace is split where it cannot have been driven. */
  pieces: { geometry: LonLat[]; durationS: number; distanceM: number; confidence: number }[];
  /** For each fix where it was on the street, or null when it was dropped. */
  points: ({ lon: number; lat: number; name: string; piece: number } | null)[];
  degraded: boolean;
}

/** Streets nobody may drive: all inside a polygon (first ring; closed or not), or those along a line of nodes. */
export type Closure =
  { kind: 'polygon'; ring: readonly LonLat[] } | { kind: 'segment'; from: LonLat; to: LonLat };

export interface RoadsState {
  engine: 'osrm' | 'embedded';
  status: 'ok' | 'degraded';
  note?: string;
}

export interface Roads {
  table(
    points: readonly LonLat[],
    opts?: { profile?: VehicleProfile; sources?: readonly number[]; destinations?: readonly number[] },
  ): Promise<TravelTable>;
  route(
    points: readonly LonLat[],
    opts?: { profile?: VehicleProfile; steps?: boolean },
  ): Promise<TravelRoute>;
  nearest(point: LonLat): Promise<NearestStreet | null>;
  match(trace: readonly TracePoint[]): Promise<MatchedTrace>;
  /** Replaces all closures; routes and tables asked for after it resolves respect them. */
  setClosures(closures: readonly Closure[]): Promise<void>;
  state(): RoadsState;
  close(): Promise<void>;
}
