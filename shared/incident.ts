import { z } from 'zod';
import { pointInRing, type Point } from './geo.ts';
import { DomainError } from './errors.ts';
import { zone, type Rules, type Zone } from './rules.ts';

export const INCIDENT_TYPES = ['acopio', 'zona_critica', 'animal_muerto'] as const;
export const incidentType = z.enum(INCIDENT_TYPES);
export type IncidentType = z.infer<typeof incidentType>;

export const INCIDENT_STATES = ['pending', 'validated', 'assigned', 'completed', 'cancelled'] as const;
export const incidentState = z.enum(INCIDENT_STATES);
export type IncidentState = z.infer<typeof incidentState>;

export const OPEN_INCIDENT_STATES: readonly IncidentState[] = ['pending', 'validated', 'assigned'];

/**
 * What may follow what. `assigned → validated` is the plan's doing (a version without the incident becomes
 * current), never a person's; everything absent here is refused.
 */
const TRANSITIONS: Readonly<Record<IncidentState, readonly IncidentState[]>> = {
  pending: ['validated', 'cancelled'],
  validated: ['assigned', 'cancelled'],
  assigned: ['completed', 'cancelled', 'validated'],
  completed: [],
  cancelled: [],
};

export function canTransitionIncident(from: IncidentState, to: IncidentState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** @throws DomainError `invalid-transition` */
export function assertIncidentTransition(from: IncidentState, to: IncidentState): void {
  if (!canTransitionIncident(from, to)) {
    throw new DomainError('invalid-transition', `An incident cannot go from ${from} to ${to}.`, { from, to });
  }
}

const MAX_TEXT = 2_000;

export const reportInput = z.object({
  type: incidentType,
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
  description: z.string().trim().max(MAX_TEXT).optional(),
  photoId: z.string().uuid().optional(),
});
export type ReportInput = z.infer<typeof reportInput>;

export const incidentView = z.object({
  id: z.number().int(),
  code: z.string(),
  type: incidentType,
  severity: z.number(),
  zone,
  state: incidentState,
  lat: z.number(),
  lon: z.number(),
  /** Streets it lies at, as people say it. */
  address: z.string().nullable(),
  description: z.string().nullable(),
  photoIds: z.array(z.string()),
  reportedAt: z.string(),
  windowStart: z.string(),
  windowEnd: z.string(),
  validatedAt: z.string().nullable(),
  closedAt: z.string().nullable(),
  cancelReason: z.string().nullable(),
  outcome: z.string().nullable(),
  reports: z.number().int(),
  routeId: z.number().int().nullable(),
  stopId: z.number().int().nullable(),
});
export type IncidentView = z.infer<typeof incidentView>;

/** Severity and attention window of a type, counted from the instant of the report. */
export function promiseOf(type: IncidentType, reportedAtMs: number, rules: Rules) {
  return {
    severity: rules.severityByType[type],
    windowStart: new Date(reportedAtMs),
    windowEnd: new Date(reportedAtMs + rules.windowSByType[type] * 1_000),
  };
}

/** The zone of a point. @throws DomainError `outside-service-area` */
export function zoneOf(point: Point, rules: Rules): Zone {
  if (!Number.isFinite(point.lat) || !Number.isFinite(point.lon) || !pointInRing(point, rules.serviceArea)) {
    throw new DomainError('outside-service-area', 'The place lies outside the service area.', {
      lat: point.lat,
      lon: point.lon,
    });
  }
  const found = rules.zones.find((candidate) => pointInRing(point, candidate.ring));
  return (found ?? rules.zones[rules.zones.length - 1]!).zone;
}
