import { distanceM, type Point } from '../../shared/geo.ts';
import type { DayHistory, DaySummary, StandView, TripView } from '../../shared/history.ts';
import type { TrackPoint } from './track-points.ts';

/** When a truck drives, and when a trip is over. */
export interface TripRules {
  /** A step at least this fast is driving, in m/s … */
  movingMps: number;
  /** … unless both fixes say that the truck was slower than this, and the step is the receiver's jitter. */
  jitterMps: number;
  /** A stand shorter than this is a traffic light: part of the driving. */
  pauseS: number;
  /** A stand this long ends a trip. */
  tripEndS: number;
  /** Driving that covers less than this is jitter. */
  tripMinM: number;
  /** A longer silence is unknown, unless the truck reappears within `sameplaceM` of where it vanished. */
  gapS: number;
  samePlaceM: number;
}

export const TRIP_RULES: TripRules = {
  movingMps: 1.5,
  jitterMps: 0.8,
  pauseS: 15,
  tripEndS: 300,
  tripMinM: 50,
  gapS: 300,
  samePlaceM: 100,
};

type Kind = 'moving' | 'standing' | 'unknown';

/** Steps of one kind in a row; `from` and `to` are indexes of the track. */
interface Run {
  kind: Kind;
  from: number;
  to: number;
}

/**
 * Trips, stands and a summary of a truck's track, which is in time order with one point an instant (`oneTrack`).
 * Distance counts while driving only: a standing receiver wanders. `movingS + idleS + parkedS + unknownS` is the time
 * from the first point to the last, and the trips' distances add up to the summary's. Pure.
 */
export function historyOf(track: readonly TrackPoint[], rules: TripRules = TRIP_RULES): DayHistory {
  const runs = runsOf(track, rules);
  const trips: TripView[] = [];
  const stands: StandView[] = [];
  const summary: DaySummary = {
    distanceM: 0,
    movingS: 0,
    idleS: 0,
    parkedS: 0,
    unknownS: 0,
    maxSpeed: null,
    trips: 0,
    fixes: track.length,
  };
  let trip: TripView | null = null;
  runs.forEach((run, index) => {
    const seconds = secondsOf(track, run);
    if (run.kind === 'unknown') {
      summary.unknownS += seconds;
      trip = null;
      return;
    }
    if (run.kind === 'standing') {
      const isInTrip = trip !== null && seconds < rules.tripEndS && runs[index + 1]?.kind === 'moving';
      const { idleS, parkedS } = standOf(track, run, isInTrip);
      summary.idleS += idleS;
      summary.parkedS += parkedS;
      if (trip !== null && isInTrip) trip.idleS += idleS;
      else trip = null;
      stands.push({ ...between(track, run), ...placeAt(track[run.from]!), idleS, parkedS, inTrip: isInTrip });
      return;
    }
    if (trip === null) {
      trip = {
        fromT: track[run.from]!.t,
        toT: 0,
        start: placeAt(track[run.from]!),
        end: placeAt(track[run.to]!),
        distanceM: 0,
        movingS: 0,
        idleS: 0,
        maxSpeed: null,
      };
      trips.push(trip);
    }
    drive(trip, track, run, seconds);
  });
  for (const one of trips) {
    summary.distanceM += one.distanceM;
    summary.movingS += one.movingS;
    summary.maxSpeed = faster(summary.maxSpeed, one.maxSpeed);
  }
  summary.trips = trips.length;
  return { trips, stands, summary };
}

function drive(trip: TripView, track: readonly TrackPoint[], run: Run, seconds: number): void {
  trip.toT = track[run.to]!.t;
  trip.end = placeAt(track[run.to]!);
  trip.movingS += seconds;
  for (let i = run.from + 1; i <= run.to; i++) {
    const [a, b] = [track[i - 1]!, track[i]!];
    const metres = distanceM(a, b);
    trip.distanceM += metres;
    trip.maxSpeed = faster(trip.maxSpeed, b.speed ?? (metres * 1_000) / (b.t - a.t));
  }
}

/** The track cut into runs of steps of one kind, with traffic lights driven through and jitter stood still. */
function runsOf(track: readonly TrackPoint[], rules: TripRules): Run[] {
  const raw: Run[] = [];
  for (let i = 1; i < track.length; i++) add(raw, { kind: kindOf(track, i, rules), from: i - 1, to: i });
  const driven: Run[] = [];
  raw.forEach((run, index) => {
    const isLight =
      run.kind === 'standing' &&
      secondsOf(track, run) < rules.pauseS &&
      raw[index - 1]?.kind === 'moving' &&
      raw[index + 1]?.kind === 'moving';
    add(driven, isLight ? { ...run, kind: 'moving' } : run);
  });
  const settled: Run[] = [];
  for (const run of driven) {
    const isJitter = run.kind === 'moving' && reachM(track, run) < rules.tripMinM;
    add(settled, isJitter ? { ...run, kind: 'standing' } : run);
  }
  return settled;
}

function add(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  if (last?.kind === run.kind) last.to = run.to;
  else runs.push({ ...run });
}

function kindOf(track: readonly TrackPoint[], index: number, rules: TripRules): Kind {
  const [a, b] = [track[index - 1]!, track[index]!];
  const seconds = (b.t - a.t) / 1_000;
  const metres = distanceM(a, b);
  if (seconds > rules.gapS) return metres <= rules.samePlaceM ? 'standing' : 'unknown';
  const isCalm =
    a.speed !== null && b.speed !== null && a.speed < rules.jitterMps && b.speed < rules.jitterMps;
  return metres / seconds >= rules.movingMps && !(isCalm && seconds <= rules.pauseS) ? 'moving' : 'standing';
}

/** How far a run gets from where it began. */
function reachM(track: readonly TrackPoint[], run: Run): number {
  let reach = 0;
  for (let i = run.from + 1; i <= run.to; i++)
    reach = Math.max(reach, distanceM(track[run.from]!, track[i]!));
  return reach;
}

/** Standing with the engine on is idling; where nobody tells of the engine, standing within a trip is. */
function standOf(
  track: readonly TrackPoint[],
  run: Run,
  isInTrip: boolean,
): { idleS: number; parkedS: number } {
  let idleS = 0;
  for (let i = run.from + 1; i <= run.to; i++) {
    const { ignition } = track[i]!;
    if (ignition ?? isInTrip) idleS += (track[i]!.t - track[i - 1]!.t) / 1_000;
  }
  return { idleS, parkedS: secondsOf(track, run) - idleS };
}

function secondsOf(track: readonly TrackPoint[], run: Run): number {
  return (track[run.to]!.t - track[run.from]!.t) / 1_000;
}

function between(track: readonly TrackPoint[], run: Run): { fromT: number; toT: number } {
  return { fromT: track[run.from]!.t, toT: track[run.to]!.t };
}

function placeAt({ lat, lon }: Point): Point {
  return { lat, lon };
}

function faster(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
