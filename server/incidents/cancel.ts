import { and, eq, inArray } from 'drizzle-orm';
import { roleCovers, type Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { OPEN_INCIDENT_STATES, type IncidentState, type IncidentView } from '../../shared/incident.ts';
import { requireRole } from '../access/require.ts';
import { incidents } from '../db/schema/index.ts';
import { dispatchRemoveIncident } from '../dispatch/remove-incident.ts';
import { commit, type Store } from '../events/store.ts';
import { lockPlanHead } from '../fleet/lock-plan-head.ts';
import { refusedIncident } from './refuse.ts';
import { incidentView } from './view.ts';

/**
 * Closes an incident that needs no truck. An operator may refuse what is pending; a supervisor may cancel any open one,
 * and one that is in the plan leaves it.
 * @throws DomainError `invalid-transition`, `wrong-role`, `not-found`
 */
export async function cancelIncident(
  store: Store,
  actor: Actor,
  { id, reason }: { id: number; reason: string },
): Promise<IncidentView> {
  requireRole(actor, 'operator');
  return commit(store, actor, async (tx, emit) => {
    // Everything that touches the plan takes its lock first, so that nothing waits in a circle.
    await lockPlanHead(tx);
    const [before] = await tx.select().from(incidents).where(eq(incidents.id, id)).for('update');
    if (!before || !OPEN_INCIDENT_STATES.includes(before.state))
      throw await refusedIncident(tx, id, 'cancelled');
    requireMayCancel(actor, before.state);
    const [row] = await tx
      .update(incidents)
      .set({ state: 'cancelled', closedAt: new Date(store.clock()), cancelReason: reason })
      .where(and(eq(incidents.id, id), inArray(incidents.state, [...OPEN_INCIDENT_STATES])))
      .returning();
    if (!row) throw await refusedIncident(tx, id, 'cancelled');
    emit({
      type: 'incident.cancelled',
      subject: { kind: 'incident', id },
      zone: row.zone,
      data: { from: before.state, reason, severity: row.severity },
    });
    if (before.state !== 'pending') await dispatchRemoveIncident(store, tx, emit, actor, id);
    return incidentView(tx, id);
  });
}

function requireMayCancel(actor: Actor, state: IncidentState): void {
  if (state === 'pending' || actor.kind !== 'user' || roleCovers(actor.role, 'supervisor')) return;
  throw new DomainError('wrong-role', 'Only a supervisor cancels what was validated.', {
    needs: ['supervisor'],
  });
}
