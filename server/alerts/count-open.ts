import { ne, sql } from 'drizzle-orm';
import type { AlertKind } from '../../shared/alerts.ts';
import { alerts } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';

/** Open alerts by kind, for the metrics. */
export async function countOpenAlerts(store: Store): Promise<Map<AlertKind, number>> {
  const rows = await store.database.db
    .select({ kind: alerts.kind, n: sql<number>`count(*)::int` })
    .from(alerts)
    .where(ne(alerts.state, 'cleared'))
    .groupBy(alerts.kind);
  return new Map(rows.map((row) => [row.kind, row.n]));
}
