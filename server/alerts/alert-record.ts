import { eq, inArray, sql } from 'drizzle-orm';
import type { AlertSubject, AlertState, AlertView } from '../../shared/alerts.ts';
import { DomainError } from '../../shared/errors.ts';
import type { NewEvent } from '../../shared/events.ts';
import type { Db, Tx } from '../db/connect.ts';
import { alertDeliveries, alerts, users } from '../db/schema/index.ts';

export type AlertRow = typeof alerts.$inferSelect;

/** The subject as the outside names it. */
export function subjectOf(row: AlertRow): AlertSubject {
  return {
    kind: row.subjectKind,
    id: row.subjectId,
    ...(row.subjectName === null ? {} : { name: row.subjectName }),
  };
}

/** What every event about an alert tells, so that a screen or another program need not ask again. */
export function alertEvent(row: AlertRow, data: Record<string, unknown> = {}): NewEvent {
  return {
    type: 'alert.updated',
    subject: { kind: 'alert', id: row.id },
    zone: row.zone,
    data: { kind: row.kind, level: row.level, state: row.state, about: subjectOf(row), ...data },
  };
}

/** Views with the names of people and the deliveries counted: two statements whatever the number of rows. */
export async function toAlertViews(reader: Db | Tx, rows: readonly AlertRow[]): Promise<AlertView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const counted = await reader
    .select({ alertId: alertDeliveries.alertId, state: alertDeliveries.state, n: sql<number>`count(*)::int` })
    .from(alertDeliveries)
    .where(inArray(alertDeliveries.alertId, ids))
    .groupBy(alertDeliveries.alertId, alertDeliveries.state);
  const userIds = [...new Set(rows.flatMap((row) => (row.assignedTo === null ? [] : [row.assignedTo])))];
  const named = userIds.length
    ? await reader
        .select({ id: users.id, username: users.username })
        .from(users)
        .where(inArray(users.id, userIds))
    : [];
  const nameOf = new Map(named.map((user) => [user.id, user.username]));
  return rows.map((row) => {
    const deliveries = { pending: 0, sent: 0, failed: 0, suppressed: 0 };
    for (const { alertId, state, n } of counted) if (alertId === row.id) deliveries[state] = n;
    return {
      id: row.id,
      kind: row.kind,
      level: row.level,
      state: row.state,
      subject: subjectOf(row),
      zone: row.zone,
      details: row.details,
      raisedAt: row.raisedAt.toISOString(),
      repeats: row.repeats,
      lastSeenAt: row.lastSeenAt.toISOString(),
      acknowledgedAt: row.acknowledgedAt?.toISOString() ?? null,
      acknowledgedBy: row.acknowledgedBy,
      assignedTo:
        row.assignedTo === null
          ? null
          : { id: row.assignedTo, username: nameOf.get(row.assignedTo) ?? String(row.assignedTo) },
      note: row.note,
      mutedUntil: row.mutedUntil?.toISOString() ?? null,
      clearedAt: row.clearedAt?.toISOString() ?? null,
      clearedBy: row.clearedBy,
      deliveries,
    };
  });
}

export async function toAlertView(reader: Db | Tx, row: AlertRow): Promise<AlertView> {
  return (await toAlertViews(reader, [row]))[0]!;
}

/** Why a conditional change of an alert found no row. */
export async function refusedAlert(tx: Tx, id: number, to: AlertState): Promise<DomainError> {
  const [row] = await tx.select({ state: alerts.state }).from(alerts).where(eq(alerts.id, id));
  if (!row) return new DomainError('not-found', 'No such alert.', { id });
  return new DomainError('invalid-transition', `An alert cannot go from ${row.state} to ${to}.`, {
    id,
    from: row.state,
    to,
  });
}
