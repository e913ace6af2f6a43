import { z } from 'zod';
import type { Actor } from './actor.ts';
import type { Zone } from './rules.ts';

/**
 * Everything that happens, in the order it was committed. Ids are dense: a reader that saw N and reads from N+1
 * misses nothing. Positions are not events; they live in tracks.
 */
export const EVENT_TYPES = [
  'incident.reported',
  'incident.joined',
  'incident.validated',
  'incident.assigned',
  'incident.unassigned',
  'incident.completed',
  'incident.cancelled',
  'incident.reopened',
  'plan.current',
  'proposal.created',
  'proposal.closed',
  'proposal.alternative',
  'draft.opened',
  'draft.changed',
  'draft.closed',
  'route.started',
  'route.finished',
  'stop.departed',
  'stop.completed',
  'stop.failed',
  'stop.released',
  'stop.arrived',
  'stop.left',
  'stop.graded',
  'stop.confirmed',
  'stop.reopened',
  'stop.pinned',
  'stop.unpinned',
  'assignment.created',
  'assignment.started',
  'assignment.finished',
  'assignment.cancelled',
  'truck.created',
  'truck.updated',
  'truck.out',
  'truck.returned',
  'truck.entered',
  'truck.left',
  'truck.locked',
  'truck.excluded',
  'truck.opened',
  'device.registered',
  'device.revoked',
  'device.moved',
  'driver.created',
  'driver.updated',
  'container.created',
  'container.updated',
  'closure.created',
  'closure.ended',
  'rules.changed',
  'user.created',
  'user.updated',
  'alert.raised',
  'alert.updated',
  'channel.created',
  'channel.updated',
  'channel.removed',
  'channel.tried',
  'channel.retried',
] as const;
export const eventType = z.enum(EVENT_TYPES);
export type EventType = z.infer<typeof eventType>;

export const SUBJECT_KINDS = [
  'incident',
  'plan',
  'proposal',
  'draft',
  'route',
  'stop',
  'assignment',
  'truck',
  'device',
  'driver',
  'container',
  'closure',
  'rules',
  'user',
  'alert',
  'channel',
] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** An event before it has a number. `data` holds ids, states and instants; never a person's details. */
export interface NewEvent {
  type: EventType;
  subject: { kind: SubjectKind; id: number };
  zone?: Zone | null;
  data?: Record<string, unknown>;
}

export interface DomainEvent extends NewEvent {
  id: number;
  /** ISO instant of the commit's transaction. */
  at: string;
  actor: Actor;
  data: Record<string, unknown>;
}
