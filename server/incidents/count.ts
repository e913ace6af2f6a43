import { sql } from 'drizzle-orm';
import type { IncidentState, IncidentType } from '../../shared/incident.ts';
import type { Zone } from '../../shared/rules.ts';
import { incidents } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';

/** How many incidents there are of each state, type and zone that occur together. */
export function countIncidents(
  store: Store,
): Promise<{ state: IncidentState; type: IncidentType; zone: Zone; count: number }[]> {
  return store.database.db
    .select({
      state: incidents.state,
      type: incidents.type,
      zone: incidents.zone,
      count: sql<number>`count(*)::int`,
    })
    .from(incidents)
    .groupBy(incidents.state, incidents.type, incidents.zone);
}
