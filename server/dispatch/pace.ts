import type { Snapshot } from './snapshot.ts';

/** What a planned second of travel and of service really takes, as factors, and what every stop takes beside them. */
export interface Pace {
  travelMean: number;
  travelSd: number;
  serviceMean: number;
  serviceSd: number;
  /** Seconds a stop costs beyond way and service: parking, a word on the radio. */
  perStopS: number;
}

/** What crews are taken to do until today's own stops say otherwise. */
export const USUAL_PACE: Pace = {
  travelMean: 1.02,
  travelSd: 0.12,
  serviceMean: 1.05,
  serviceSd: 0.21,
  perStopS: 0,
};

/** How far a day's own means are expected to lie from the usual ones: factors, and seconds a stop. */
const DAYS_DIFFER = [0.1, 0.1, 8] as const;
/** The usual spread weighs as much as this many stops. */
const USUAL_WEIGHT = 40;
const FEWEST_STOPS = 12;
/** A stop that took five times as long was something else: a meal, a phone forgotten. */
const OUTLIER = 5;

export interface PaceSample {
  /** As planned, in seconds. */
  legS: number;
  serviceS: number;
  /** From leaving for the stop until it was done. */
  tookS: number;
}

/** What the plan's stops that are done tell: from leaving for one until it was finished, against what was planned. */
export function paceSamples(snapshot: Snapshot): PaceSample[] {
  return snapshot.document.routes.flatMap((route) =>
    route.stops.flatMap((planned) => {
      const stop = snapshot.stops.get(planned.stopId);
      if (stop?.state !== 'done' || stop.departedAt === null || stop.finishedAt === null) return [];
      const tookS = (stop.finishedAt.getTime() - stop.departedAt.getTime()) / 1_000 - (planned.pauseS ?? 0);
      const expectedS = planned.legS + stop.serviceS;
      if (expectedS <= 0 || tookS <= 0 || tookS > OUTLIER * expectedS || planned.waitS !== undefined)
        return [];
      return [{ legS: planned.legS, serviceS: stop.serviceS, tookS }];
    }),
  );
}

/**
 * The day's own pace: Bayesian linear regression of what stops took on their planned way and service and a constant,
 * each stop weighing by its usual spread, with the usual pace as prior; then the spread by how far the stops lie from
 * that. Pure.
 */
export function paceFrom(samples: readonly PaceSample[], usual: Pace = USUAL_PACE): Pace {
  if (samples.length < FEWEST_STOPS) return usual;
  const prior = [usual.travelMean, usual.serviceMean, usual.perStopS];
  const precision = DAYS_DIFFER.map((sd, row) =>
    DAYS_DIFFER.map((_, column) => (row === column ? sd ** -2 : 0)),
  );
  const moment = DAYS_DIFFER.map((sd, row) => prior[row]! * sd ** -2);
  const varianceOf = ({ legS, serviceS }: PaceSample) =>
    (usual.travelSd * legS) ** 2 + (usual.serviceSd * serviceS) ** 2 + LEAST_SD_S ** 2;
  for (const sample of samples) {
    const x = [sample.legS, sample.serviceS, 1];
    const weight = 1 / varianceOf(sample);
    for (const row of x.keys()) {
      moment[row]! += weight * x[row]! * sample.tookS;
      for (const column of x.keys()) precision[row]![column]! += weight * x[row]! * x[column]!;
    }
  }
  const [travelMean, serviceMean, perStopS] = solved3(precision, moment);
  const squares = samples.reduce((sum, sample) => {
    const rest = sample.tookS - travelMean * sample.legS - serviceMean * sample.serviceS - perStopS;
    return sum + rest ** 2 / varianceOf(sample);
  }, 0);
  const spread = Math.sqrt(within((USUAL_WEIGHT + squares) / (USUAL_WEIGHT + samples.length), 0.25, 9));
  return {
    travelMean: within(travelMean, 0.6, 2),
    travelSd: spread * usual.travelSd,
    serviceMean: within(serviceMean, 0.4, 3),
    serviceSd: spread * usual.serviceSd,
    perStopS: within(perStopS, -15, 120),
  };
}

const LEAST_SD_S = 3;

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** Solves three linear equations; the matrix is symmetric and positive definite. */
function solved3(matrix: readonly number[][], right: readonly number[]): [number, number, number] {
  const a = matrix.map((row, index) => [...row, right[index]!]);
  for (let column = 0; column < 3; column++) {
    for (let row = column + 1; row < 3; row++) {
      const factor = a[row]![column]! / a[column]![column]!;
      for (let at = column; at < 4; at++) a[row]![at]! -= factor * a[column]![at]!;
    }
  }
  const z = a[2]![3]! / a[2]![2]!;
  const y = (a[1]![3]! - a[1]![2]! * z) / a[1]![1]!;
  return [(a[0]![3]! - a[0]![1]! * y - a[0]![2]! * z) / a[0]![0]!, y, z];
}
