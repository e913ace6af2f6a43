import type { PlannedRoute } from '../../shared/plan.ts';
import { paceFrom, paceSamples, type Pace } from './pace.ts';
import type { RouteRow, Snapshot } from './snapshot.ts';

/** Standard normal quantile of 90 %. */
const Z90 = 1.2816;
/** Nobody knows an instant to come better than this. */
const LEAST_SD_S = 5;

export interface Arrival {
  etaMs: number;
  /** P10 and P90. */
  earliestMs: number;
  latestMs: number;
  /** When its service is expected to be over. */
  doneMs: number;
  /** Probability, 0–1, that it is reached by an instant. */
  keep(byMs: number): number;
}

/** An instant to come: seconds from now, as a normal distribution. */
interface Instant {
  meanS: number;
  varianceS2: number;
}

/**
 * When each stop of a route is reached, seen from now: what is done by its own record, the rest from where the truck
 * stands in its day, leg by leg at the day's pace. Legs and services are taken as independent, so that their variances
 * add; of a stop a truck left for and has not finished, it is known that its end lies ahead. Pure.
 */
export function projectArrivals(
  snapshot: Snapshot,
  planned: PlannedRoute,
  route: RouteRow,
  pace: Pace = paceOf(snapshot),
): Arrival[] {
  const { nowMs } = snapshot;
  const isRunning = route.state === 'running';
  const isClosed = route.state === 'done' || route.state === 'cancelled';
  const scheduledMs = snapshot.assignments.get(route.id)?.scheduledStart?.getTime();
  const fromMs = isRunning
    ? (route.startedAt?.getTime() ?? nowMs)
    : Math.max(nowMs, scheduledMs ?? Date.parse(planned.startAt));
  let free: Instant = { meanS: (fromMs - nowMs) / 1_000, varianceS2: 0 };
  return planned.stops.map((plannedStop) => {
    const stop = snapshot.stops.get(plannedStop.stopId)!;
    if (stop.state === 'done' || stop.state === 'failed') {
      const atMs = stop.finishedAt?.getTime() ?? Date.parse(plannedStop.arrival);
      free = { meanS: Math.max(free.meanS, (atMs - nowMs) / 1_000), varianceS2: 0 };
      return certain(atMs);
    }
    if (isClosed) return certain(Date.parse(plannedStop.arrival));
    const isUnderWay = stop.state === 'enroute';
    const left: Instant = isUnderWay
      ? { meanS: ((stop.departedAt?.getTime() ?? nowMs) - nowMs) / 1_000, varianceS2: 0 }
      : isRunning
        ? { ...free, meanS: Math.max(free.meanS, 0) }
        : free;
    const { legS } = plannedStop;
    // Where its track shows that it stands there already, nothing is left to guess of its arrival.
    const stoodMs = isUnderWay ? stop.arrivedAt?.getTime() : undefined;
    const isThere = stoodMs !== undefined && stoodMs <= nowMs;
    const arrival: Instant = {
      meanS: left.meanS + (plannedStop.pauseS ?? 0) + pace.travelMean * legS,
      varianceS2: left.varianceS2 + (pace.travelSd * legS) ** 2,
    };
    // A place that opens later is not served before.
    const opensS = (Date.parse(plannedStop.arrival) - nowMs) / 1_000;
    if (isThere) Object.assign(arrival, { meanS: (stoodMs - nowMs) / 1_000, varianceS2: 0 });
    else if (plannedStop.waitS !== undefined) arrival.meanS = Math.max(arrival.meanS, opensS);
    const served: Instant = {
      meanS: arrival.meanS + pace.serviceMean * stop.serviceS + pace.perStopS,
      varianceS2: arrival.varianceS2 + (pace.serviceSd * stop.serviceS) ** 2,
    };
    free = isUnderWay ? stillAhead(served) : served;
    const doneMs = nowMs + 1_000 * free.meanS;
    return { ...(isThere ? certain(stoodMs) : expected(nowMs, arrival, isRunning)), doneMs };
  });
}

/** The pace of the day a picture shows. */
export function paceOf(snapshot: Snapshot): Pace {
  let pace = paces.get(snapshot.document);
  if (pace === undefined || pace.stops !== snapshot.stops) {
    pace = { stops: snapshot.stops, pace: paceFrom(paceSamples(snapshot)) };
    paces.set(snapshot.document, pace);
  }
  return pace.pace;
}

const paces = new WeakMap<Snapshot['document'], { stops: Snapshot['stops']; pace: Pace }>();

function expected(nowMs: number, arrival: Instant, isRunning: boolean): Omit<Arrival, 'doneMs'> {
  const sdS = Math.max(LEAST_SD_S, Math.sqrt(arrival.varianceS2));
  // Not there yet although it should be: it is not shown as earlier than now.
  const shown = (seconds: number) => nowMs + 1_000 * (isRunning ? Math.max(0, seconds) : seconds);
  return {
    etaMs: shown(arrival.meanS),
    earliestMs: shown(arrival.meanS - Z90 * sdS),
    latestMs: shown(arrival.meanS + Z90 * sdS),
    keep: (byMs) => normalCdf(((byMs - nowMs) / 1_000 - arrival.meanS) / sdS),
  };
}

/** Who is far behind is held up by something: expect as much again as this share of the delay. */
const HELD_UP_SHARE = 0.25;

/**
 * What is left of a distribution once it is known that the instant has not come: the normal truncated at now. The
 * further behind, the less the usual spread explains it, and the longer it may still take.
 */
function stillAhead({ meanS, varianceS2 }: Instant): Instant {
  const sdS = Math.max(LEAST_SD_S, Math.sqrt(varianceS2));
  const alpha = -meanS / sdS;
  if (alpha < -6) return { meanS, varianceS2 };
  if (alpha > 2) {
    const heldS = HELD_UP_SHARE * -meanS;
    return { meanS: heldS, varianceS2: heldS ** 2 };
  }
  const lambda = Math.exp((-alpha * alpha) / 2) / Math.sqrt(2 * Math.PI) / (1 - normalCdf(alpha));
  return {
    meanS: meanS + sdS * lambda,
    varianceS2: sdS ** 2 * Math.max(0.01, 1 + alpha * lambda - lambda * lambda),
  };
}

function certain(atMs: number): Arrival {
  return {
    etaMs: atMs,
    earliestMs: atMs,
    latestMs: atMs,
    doneMs: atMs,
    keep: (byMs) => (atMs <= byMs ? 1 : 0),
  };
}

/** Standard normal distribution function; Abramowitz & Stegun 26.2.17, absolute error below 7.5e-8. */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const tail =
    density *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}
