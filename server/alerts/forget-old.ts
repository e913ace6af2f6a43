import { and, eq, inArray, lt, ne, notExists } from 'drizzle-orm';
import { alertDeliveries, alerts } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';

const DAY_MS = 86_400_000;
/** What was sent is asked for while somebody still wonders whether it came. */
const DELIVERIES_DAYS = 90;
/** A year and its anniversary; the event log keeps that there was one. */
const ALERTS_DAYS = 400;
const AT_ONCE = 5_000;

/** Forgets messages sent or given up long ago, and alerts cleared long ago, a bounded number at a time. */
export async function forgetOldAlerts({ database: { db }, clock }: Store): Promise<void> {
  const before = (days: number) => new Date(clock() - days * DAY_MS);
  await db.delete(alertDeliveries).where(
    inArray(
      alertDeliveries.id,
      db
        .select({ id: alertDeliveries.id })
        .from(alertDeliveries)
        .where(
          and(ne(alertDeliveries.state, 'pending'), lt(alertDeliveries.createdAt, before(DELIVERIES_DAYS))),
        )
        .limit(AT_ONCE),
    ),
  );
  await db.delete(alerts).where(
    inArray(
      alerts.id,
      db
        .select({ id: alerts.id })
        .from(alerts)
        .where(
          and(
            eq(alerts.state, 'cleared'),
            lt(alerts.clearedAt, before(ALERTS_DAYS)),
            notExists(
              db
                .select({ id: alertDeliveries.id })
                .from(alertDeliveries)
                .where(eq(alertDeliveries.alertId, alerts.id)),
            ),
          ),
        )
        .limit(AT_ONCE),
    ),
  );
}
