import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { DomainEvent, SubjectKind } from '../../shared/events.ts';
import type { Database, Tx } from '../db/connect.ts';
import { eventHead, events } from '../db/schema/index.ts';

type Row = typeof events.$inferSelect;

function toEvent(row: Row): DomainEvent {
  return {
    id: row.id,
    at: row.at.toISOString(),
    type: row.type,
    subject: { kind: row.subjectKind, id: row.subjectId },
    zone: row.zone,
    actor: row.actor,
    data: row.data,
  };
}

/** Events after an id, in order, at most `limit`. */
export async function eventsSince(database: Database, afterId: number, limit = 500): Promise<DomainEvent[]> {
  const rows = await database.db
    .select()
    .from(events)
    .where(gt(events.id, afterId))
    .orderBy(asc(events.id))
    .limit(limit);
  return rows.map(toEvent);
}

/** The whole story of one thing, oldest first. */
export async function eventsOf(database: Database, kind: SubjectKind, id: number): Promise<DomainEvent[]> {
  const rows = await database.db
    .select()
    .from(events)
    .where(and(eq(events.subjectKind, kind), eq(events.subjectId, id)))
    .orderBy(asc(events.id));
  return rows.map(toEvent);
}

/** The id of the last committed event; 0 when nothing has happened yet. */
export async function headId(database: Database): Promise<number> {
  return headIdIn(database.db);
}

/** The same as a transaction of the caller sees it. */
export async function headIdIn(reader: Pick<Tx, 'select'>): Promise<number> {
  const [row] = await reader.select({ lastId: eventHead.lastId }).from(eventHead);
  return row?.lastId ?? 0;
}

/** The id of the first event still kept; null when the log is empty. */
export async function oldestId(database: Database): Promise<number | null> {
  const [row] = await database.db.select({ id: sql<number | null>`min(${events.id})` }).from(events);
  return row?.id == null ? null : Number(row.id);
}
