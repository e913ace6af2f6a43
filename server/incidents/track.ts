import { eq } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { EventType } from '../../shared/events.ts';
import type { IncidentState, IncidentType } from '../../shared/incident.ts';
import { incidents } from '../db/schema/index.ts';
import { expectedArrival, type ExpectedArrival } from '../dispatch/expected-arrival.ts';
import { eventsOf } from '../events/read.ts';
import type { Store } from '../events/store.ts';
import { readIncidentCode } from './code.ts';

const STATE_BY_EVENT: Partial<Record<EventType, IncidentState>> = {
  'incident.reported': 'pending',
  'incident.validated': 'validated',
  'incident.assigned': 'assigned',
  'incident.unassigned': 'validated',
  'incident.completed': 'completed',
  'incident.reopened': 'assigned',
  'incident.cancelled': 'cancelled',
};

export interface TrackedIncident {
  code: string;
  type: IncidentType;
  state: IncidentState;
  windowEnd: string;
  history: { state: IncidentState; at: string }[];
  /** While a truck is on its round with it. */
  arrival: ExpectedArrival | null;
}

/** What anybody who holds the code may know: states and instants, no person, no text of others. */
export async function trackIncident(store: Store, typed: string): Promise<TrackedIncident> {
  const code = readIncidentCode(typed);
  const [row] = await store.database.db.select().from(incidents).where(eq(incidents.code, code));
  if (!row) throw new DomainError('not-found', 'No incident has this code.');
  const events = await eventsOf(store.database, 'incident', row.id);
  const history: TrackedIncident['history'] = [];
  for (const { type, at } of events) {
    const state = STATE_BY_EVENT[type];
    if (state && state !== history[history.length - 1]?.state) history.push({ state, at });
  }
  return {
    code: row.code,
    type: row.type,
    state: row.state,
    windowEnd: row.windowEnd.toISOString(),
    history,
    arrival: row.state === 'assigned' ? await expectedArrival(store, row.id) : null,
  };
}
