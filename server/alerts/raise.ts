import { and, desc, eq, ne } from 'drizzle-orm';
import { SYSTEM } from '../../shared/actor.ts';
import {
  levelReaches,
  subjectKey,
  type AlertDetails,
  type AlertKind,
  type AlertLevel,
  type AlertSubject,
} from '../../shared/alerts.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { alerts } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { alertEvent, type AlertRow } from './alert-record.ts';
import { queueNotices } from './outbox.ts';

export interface AlertToRaise {
  kind: AlertKind;
  level: AlertLevel;
  subject: AlertSubject;
  zone?: Zone | null;
  details: AlertDetails;
}

/** `cooling`: it was cleared a moment ago and only counted; worth another try from `untilMs` on. */
export type RaiseOutcome =
  | { outcome: 'raised' | 'escalated' | 'repeated'; alertId: number }
  | { outcome: 'cooling'; alertId: number; untilMs: number };

/** Repeats of an open alert are told at most this often; between them they are only counted. */
const TELL_REPEATS_EVERY_MS = 60_000;

/**
 * Raises an alert, once: while one of its kind and subject is open it is counted there (and grows worse with the
 * level), and one that was cleared a moment ago is not raised again before the cool-down is over, unless it is worse.
 * Safe on many instances at once: the database lets one through.
 */
export async function raiseAlert(
  store: Store,
  given: AlertToRaise,
  coolDownS: number,
): Promise<RaiseOutcome> {
  return commit(store, SYSTEM, (tx, emit) => raiseIn(tx, emit, given, store.clock(), coolDownS));
}

async function raiseIn(
  tx: Tx,
  emit: Emit,
  given: AlertToRaise,
  nowMs: number,
  coolDownS: number,
): Promise<RaiseOutcome> {
  const key = subjectKey(given.subject);
  const open = await openAlert(tx, given.kind, key);
  if (open !== null) return repeat(tx, emit, open, given, nowMs);
  const [last] = await tx
    .select()
    .from(alerts)
    .where(and(eq(alerts.subjectKey, key), eq(alerts.kind, given.kind)))
    .orderBy(desc(alerts.id))
    .limit(1);
  const untilMs = (last?.clearedAt?.getTime() ?? -Infinity) + coolDownS * 1_000;
  if (last && nowMs < untilMs && levelReaches(last.level, given.level)) {
    await tx
      .update(alerts)
      .set({ repeats: last.repeats + 1, lastSeenAt: new Date(nowMs) })
      .where(eq(alerts.id, last.id));
    return { outcome: 'cooling', alertId: last.id, untilMs };
  }
  const isMuted = last?.mutedUntil != null && last.mutedUntil.getTime() > nowMs;
  const [row] = await tx
    .insert(alerts)
    .values({
      kind: given.kind,
      level: given.level,
      subjectKind: given.subject.kind,
      subjectId: given.subject.id,
      subjectName: given.subject.name ?? null,
      subjectKey: key,
      zone: given.zone ?? null,
      details: given.details,
      raisedAt: new Date(nowMs),
      lastSeenAt: new Date(nowMs),
      mutedUntil: isMuted ? last.mutedUntil : null,
    })
    .onConflictDoNothing()
    .returning();
  // Another instance was faster by a moment: then it is there, and that is all that was wanted.
  if (!row) return { outcome: 'repeated', alertId: (await openAlert(tx, given.kind, key))?.id ?? 0 };
  emit({
    ...alertEvent(row, { details: row.details, ...(isMuted ? { muted: true } : {}) }),
    type: 'alert.raised',
  });
  if (!isMuted) await queueNotices(tx, row, 'raised', nowMs);
  return { outcome: 'raised', alertId: row.id };
}

async function repeat(
  tx: Tx,
  emit: Emit,
  open: AlertRow,
  given: AlertToRaise,
  nowMs: number,
): Promise<RaiseOutcome> {
  const isWorse = !levelReaches(open.level, given.level);
  const [row] = await tx
    .update(alerts)
    .set({
      lastSeenAt: new Date(nowMs),
      details: given.details,
      ...(isWorse ? { level: given.level } : { repeats: open.repeats + 1 }),
    })
    .where(eq(alerts.id, open.id))
    .returning();
  if (isWorse) {
    emit(alertEvent(row!, { escalatedFrom: open.level, details: given.details }));
    if (row!.mutedUntil === null || row!.mutedUntil.getTime() <= nowMs)
      await queueNotices(tx, row!, 'escalated', nowMs);
    return { outcome: 'escalated', alertId: row!.id };
  }
  // Once a stretch of time, however often it comes: measured from the last repeat, frequent ones would never be told.
  if (stretchOf(nowMs) !== stretchOf(open.lastSeenAt.getTime()))
    emit(alertEvent(row!, { repeats: row!.repeats, details: given.details }));
  return { outcome: 'repeated', alertId: row!.id };
}

const stretchOf = (ms: number) => Math.floor(ms / TELL_REPEATS_EVERY_MS);

/** The open alert of a kind and subject, locked; null when there is none. */
export async function openAlert(tx: Tx, kind: AlertKind, key: string): Promise<AlertRow | null> {
  const [row] = await tx
    .select()
    .from(alerts)
    .where(and(eq(alerts.kind, kind), eq(alerts.subjectKey, key), ne(alerts.state, 'cleared')))
    .for('update');
  return row ?? null;
}
