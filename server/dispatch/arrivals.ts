import type { PlannedRoute } from '../../shared/plan.ts';
import type { RouteRow, Snapshot } from './snapshot.ts';

/** Spread of a leg's and of a service's time against the planned one (coefficient of variation). */
const TRAVEL_SPREAD = 0.25;
const SERVICE_SPREAD = 0.4;
/** Standard normal quantile of 90 %. */
const Z90 = 1.2816;

export interface Arrival {
  etaMs: number;
  /** P10 and P90. */
  earliestMs: number;
  latestMs: number;
  /** Probability, 0–1, that it is reached by an instant. */
  keep(byMs: number): number;
}

/**
 * When each stop of a route is reached, seen from now: what is done by its own record, the rest from where the truck
 * stands in its day, leg by leg. Uncertainty grows as the square root of the summed variances, since legs are taken
 * as independent. Pure.
 */
export function projectArrivals(snapshot: Snapshot, planned: PlannedRoute, route: RouteRow): Arrival[] {
  const { nowMs } = snapshot;
  const assignment = snapshot.assignments.get(route.id);
  let freeMs =
    route.state === 'running'
      ? (route.startedAt?.getTime() ?? nowMs)
      : Math.max(nowMs, assignment?.scheduledStart?.getTime() ?? Date.parse(planned.startAt));
  let varianceS2 = 0;
  return planned.stops.map((plannedStop, index) => {
    const stop = snapshot.stops.get(plannedStop.stopId)!;
    if (stop.state === 'done' || stop.state === 'failed') {
      const at = stop.finishedAt?.getTime() ?? Date.parse(plannedStop.arrival);
      freeMs = Math.max(freeMs, at);
      return certain(at);
    }
    const closed = route.state === 'done' || route.state === 'cancelled';
    if (closed) return certain(Date.parse(plannedStop.arrival));
    const leftMs = stop.state === 'enroute' ? (stop.departedAt?.getTime() ?? freeMs) : freeMs;
    const dueMs = leftMs + (index === 0 ? 0 : plannedStop.legS * 1_000);
    // Not there yet although it should be: it cannot be earlier than now.
    const etaMs = route.state === 'running' ? Math.max(nowMs, dueMs) : dueMs;
    const aheadS = Math.min(plannedStop.legS, Math.max(0, (etaMs - nowMs) / 1_000));
    varianceS2 += (TRAVEL_SPREAD * aheadS) ** 2;
    const sdMs = Math.sqrt(varianceS2) * 1_000;
    freeMs = etaMs + stop.serviceS * 1_000;
    varianceS2 += (SERVICE_SPREAD * stop.serviceS) ** 2;
    return {
      etaMs,
      earliestMs: Math.max(Math.min(nowMs, etaMs), etaMs - Z90 * sdMs),
      latestMs: etaMs + Z90 * sdMs,
      keep: (byMs) => normalCdf((byMs - etaMs) / Math.max(1_000, sdMs)),
    };
  });
}

function certain(atMs: number): Arrival {
  return { etaMs: atMs, earliestMs: atMs, latestMs: atMs, keep: (byMs) => (atMs <= byMs ? 1 : 0) };
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
