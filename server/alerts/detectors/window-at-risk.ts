import type { StopView } from '../../../shared/plan.ts';
import type { Detector } from './facts.ts';

/** Above the limit by this much, the promise is safe again. */
const SAFE_MARGIN = 0.1;
/** An incident that no route holds is at risk from this long before its window ends. */
const UNPLANNED_MS = 30 * 60_000;
const URGENT_SEVERITY = 5;

/**
 * A promise in danger: the probability that its stop is reached in time is low, or no route holds it and little time is
 * left. Urgent for the gravest incidents and once the window is past.
 */
export const detectWindowAtRisk: Detector = (facts, isRaised) => {
  const stopOf = new Map<number, { stop: StopView; plate: string }>();
  for (const route of facts.routes) {
    for (const stop of route.stops) {
      const isAhead = stop.state === 'planned' || stop.state === 'enroute';
      if (stop.incidentId !== undefined && isAhead) stopOf.set(stop.incidentId, { stop, plate: route.plate });
    }
  }
  const { keepBelow, keepForS } = facts.rules.alerts;
  return facts.incidents.map((incident) => {
    const subject = { kind: 'incident' as const, id: incident.id };
    const held = stopOf.get(incident.id);
    const leftMs = incident.windowEndMs - facts.nowMs;
    const limit = isRaised('window-at-risk', subject) ? keepBelow + SAFE_MARGIN : keepBelow;
    const keep = held?.stop.keep ?? null;
    return {
      kind: 'window-at-risk' as const,
      subject,
      zone: incident.zone,
      isOn: leftMs <= 0 || (keep === null ? held === undefined && leftMs < UNPLANNED_MS : keep < limit),
      atMs: facts.nowMs,
      level: leftMs <= 0 || incident.severity >= URGENT_SEVERITY ? ('urgent' as const) : ('high' as const),
      raiseAfterS: keepForS,
      clearAfterS: keepForS,
      details: {
        code: incident.code,
        severity: incident.severity,
        windowEnd: new Date(incident.windowEndMs).toISOString(),
        keep: keep === null ? null : Math.round(keep * 100) / 100,
        plate: held?.plate ?? null,
      },
    };
  });
};
