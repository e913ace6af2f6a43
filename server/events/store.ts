import { sql } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { NewEvent } from '../../shared/events.ts';
import type { Clock } from '../../shared/time.ts';
import type { Database, Tx } from '../db/connect.ts';
import { inSpan, rememberTraceOf } from '../ops/spans.ts';
import type { EventBus } from './bus.ts';

/** A plan may write hundreds; a span names the first of them. */
const SHOWN_EVENTS = 20;

/** What a verb needs to change the world. */
export interface Store {
  database: Database;
  clock: Clock;
  bus: EventBus;
}

/** Queues an event of the running transaction. */
export type Emit = (event: NewEvent) => void;

/**
 * One transaction: the verb's rows, then its events as the last statement, then — after the commit — the wake.
 * The clock's instant stamps the events, so that a simulated day has simulated times. Never call the router or the
 * planner in here: the row that numbers events is locked until the end.
 */
export async function commit<T>(
  store: Store,
  actor: Actor,
  work: (tx: Tx, emit: Emit) => Promise<T>,
): Promise<T> {
  return inSpan('commit', { 'epagal.actor': actor.kind }, async (span) => {
    let headId = 0;
    const result = await store.database.db.transaction(async (tx) => {
      const queued: NewEvent[] = [];
      const value = await work(tx, (event) => queued.push(event));
      if (queued.length > 0) {
        headId = await append(tx, actor, queued, new Date(store.clock()));
        span.setAttribute('epagal.events', queued.map(({ type }) => type).slice(0, SHOWN_EVENTS));
      }
      return value;
    });
    if (headId > 0) {
      rememberTraceOf(headId);
      store.bus.wake(headId);
    }
    return result;
  });
}

/**
 * Takes n numbers from the locked head row and writes n events, in one statement: whoever holds the lock commits
 * first, so ids are dense and in commit order (a sequence would let a reader skip a late commit for ever).
 */
async function append(tx: Tx, actor: Actor, queued: readonly NewEvent[], at: Date): Promise<number> {
  const rows = queued.map((event, index) => ({
    n: index + 1,
    type: event.type,
    kind: event.subject.kind,
    subject: event.subject.id,
    zone: event.zone ?? null,
    data: event.data ?? {},
  }));
  const result = await tx.execute<{ id: number }>(sql`
    with head as (
      update event_head set last_id = last_id + ${queued.length}::int where id = 1 returning last_id
    )
    insert into events (id, at, type, subject_kind, subject_id, zone, actor, data)
    select head.last_id - ${queued.length}::int + e.n, ${at.toISOString()}::timestamptz, e.type, e.kind, e.subject,
           e.zone, ${JSON.stringify(actor)}::jsonb, e.data
      from head, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
           as e(n int, type text, kind text, subject bigint, zone text, data jsonb)
    returning id`);
  return Math.max(...result.map((row) => Number(row.id)));
}
