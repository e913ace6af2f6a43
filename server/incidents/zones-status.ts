import { and, asc, eq, sql } from 'drizzle-orm';
import { ZONES, type Zone } from '../../shared/rules.ts';
import { incidents, routes } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';

export interface ZoneStatus {
  zone: Zone;
  validatedSeverity: number;
  threshold: number;
  /** A route of the current version that has not started. */
  plannedRoute: number | null;
}

/** How near each zone is to its next route. */
export async function zonesStatus(store: Store): Promise<ZoneStatus[]> {
  const { db } = store.database;
  const { rules } = await currentRules(db);
  const sums = await db
    .select({ zone: incidents.zone, severity: sql<number>`sum(${incidents.severity})::float8` })
    .from(incidents)
    .where(eq(incidents.state, 'validated'))
    .groupBy(incidents.zone);
  const planned = await db
    .select({ id: routes.id, zone: routes.zone })
    .from(routes)
    .where(and(eq(routes.current, true), eq(routes.state, 'planned')))
    .orderBy(asc(routes.id));
  return ZONES.map((zone) => ({
    zone,
    validatedSeverity: sums.find((row) => row.zone === zone)?.severity ?? 0,
    threshold: rules.thresholdSeverity,
    plannedRoute: planned.find((row) => row.zone === zone)?.id ?? null,
  }));
}
