import type { Snapshot } from './snapshot.ts';

/** What a planned second of travel and of service really takes: mean and standard deviation, as factors. */
export interface Pace {
  travelMean: number;
  travelSd: number;
  serviceMean: number;
  serviceSd: number;
}

/** What crews are taken to do until today's own stops say otherwise. */
export const USUAL_PACE: Pace = { travelMean: 1.02, travelSd: 0.12, serviceMean: 1.05, serviceSd: 0.21 };

/** The usual pace weighs as much as this many stops. */
const USUAL_WEIGHT = 80;
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
 * The day's own pace: means by least squares of what was taken on what was planned, spreads by least squares of the
 * squared rest on the squared parts, both drawn towards the usual pace while there are few stops. Pure.
 */
export function paceFrom(samples: readonly PaceSample[], usual: Pace = USUAL_PACE): Pace {
  if (samples.length < FEWEST_STOPS) return usual;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const priorLegS = mean(samples.map((sample) => sample.legS));
  const priorServiceS = mean(samples.map((sample) => sample.serviceS));
  const [travelMean, serviceMean] = ridge(
    samples.map(({ legS, serviceS, tookS }) => ({ a: legS, b: serviceS, y: tookS })),
    [usual.travelMean, usual.serviceMean],
    [priorLegS ** 2, priorServiceS ** 2],
  );
  const [travelVar, serviceVar] = ridge(
    samples.map(({ legS, serviceS, tookS }) => ({
      a: legS ** 2,
      b: serviceS ** 2,
      y: (tookS - travelMean * legS - serviceMean * serviceS) ** 2,
    })),
    [usual.travelSd ** 2, usual.serviceSd ** 2],
    [priorLegS ** 4, priorServiceS ** 4],
  );
  const within = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));
  return {
    travelMean: within(travelMean, 0.6, 2),
    travelSd: Math.sqrt(within(travelVar, 0.05 ** 2, 0.6 ** 2)),
    serviceMean: within(serviceMean, 0.4, 3),
    serviceSd: Math.sqrt(within(serviceVar, 0.08 ** 2, 1)),
  };
}

/** Least squares of y on a and b with a pull towards `usual`, as strong as `USUAL_WEIGHT` samples of the given size. */
function ridge(
  rows: readonly { a: number; b: number; y: number }[],
  usual: readonly [number, number],
  size: readonly [number, number],
): [number, number] {
  let [aa, ab, bb, ay, by] = [
    USUAL_WEIGHT * size[0],
    0,
    USUAL_WEIGHT * size[1],
    USUAL_WEIGHT * size[0] * usual[0],
    USUAL_WEIGHT * size[1] * usual[1],
  ];
  for (const { a, b, y } of rows) {
    aa += a * a;
    ab += a * b;
    bb += b * b;
    ay += a * y;
    by += b * y;
  }
  const det = aa * bb - ab * ab;
  if (!(det > 1e-9 * aa * bb)) return [usual[0], usual[1]];
  return [(ay * bb - by * ab) / det, (by * aa - ay * ab) / det];
}
