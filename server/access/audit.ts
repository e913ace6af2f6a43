import type { DomainEvent, SubjectKind } from '../../shared/events.ts';
import type { Database } from '../db/connect.ts';
import { eventsOf, eventsSince } from '../events/read.ts';

/** The log as an admin reads it: one subject's whole story, or everything after an id; oldest first. */
export async function listEvents(
  database: Database,
  {
    subject,
    after = 0,
    limit = 200,
  }: { subject?: { kind: SubjectKind; id: number }; after?: number; limit?: number },
): Promise<DomainEvent[]> {
  if (!subject) return eventsSince(database, after, limit);
  const story = await eventsOf(database, subject.kind, subject.id);
  return story.filter((event) => event.id > after).slice(0, limit);
}
