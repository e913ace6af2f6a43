import { and, desc, eq, lt, ne } from 'drizzle-orm';
import type { AlertView } from '../../shared/alerts.ts';
import { alerts } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { toAlertViews } from './alert-record.ts';

/** Alerts, the newest first: those still open, or those that are over. `before` is the id the last page ended with. */
export async function listAlerts(
  store: Store,
  {
    cleared = false,
    before,
    limit = 200,
  }: { cleared?: boolean | undefined; before?: number | undefined; limit?: number | undefined },
): Promise<{ items: AlertView[]; nextBefore: number | null }> {
  const { db } = store.database;
  const rows = await db
    .select()
    .from(alerts)
    .where(
      and(
        cleared ? eq(alerts.state, 'cleared') : ne(alerts.state, 'cleared'),
        before === undefined ? undefined : lt(alerts.id, before),
      ),
    )
    .orderBy(desc(alerts.id))
    .limit(limit + 1);
  const page = rows.slice(0, limit);
  return {
    items: await toAlertViews(db, page),
    nextBefore: rows.length > limit ? page.at(-1)!.id : null,
  };
}
