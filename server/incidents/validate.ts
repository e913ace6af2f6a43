import { and, eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { IncidentView } from '../../shared/incident.ts';
import { requireRole } from '../access/require.ts';
import { incidents } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { refusedIncident } from './refuse.ts';
import { incidentView } from './view.ts';

/**
 * An operator believes a report: from now on it counts for planning.
 * @throws DomainError `invalid-transition`, `not-found`
 */
export async function validateIncident(store: Store, actor: Actor, id: number): Promise<IncidentView> {
  requireRole(actor, 'operator');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(incidents)
      .set({ state: 'validated', validatedAt: new Date(store.clock()) })
      .where(and(eq(incidents.id, id), eq(incidents.state, 'pending')))
      .returning();
    if (!row) throw await refusedIncident(tx, id, 'validated');
    emit({
      type: 'incident.validated',
      subject: { kind: 'incident', id },
      zone: row.zone,
      data: { type: row.type, severity: row.severity, windowEnd: row.windowEnd.toISOString() },
    });
    return incidentView(tx, id);
  });
}
