import type { DomainEvent } from '../../shared/events.ts';
import { eventsOf } from '../events/read.ts';
import type { Store } from '../events/store.ts';

/** Everything that happened to an incident, oldest first, with who did it. */
export function incidentStory(store: Store, id: number): Promise<DomainEvent[]> {
  return eventsOf(store.database, 'incident', id);
}
