import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { IncidentView } from '../../shared/incident.ts';
import { requireRole } from '../access/require.ts';
import { stops } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { finishStop } from '../fleet/finish-stop.ts';
import { lockPlanHead } from '../fleet/lock-plan-head.ts';
import { closeCompleted } from './close-completed.ts';
import { incidentView } from './view.ts';

/**
 * A supervisor knows that it was done (a truck passed, a neighbour called): the incident is completed and its open stop
 * is done with it.
 * @throws DomainError `invalid-transition` unless it is assigned; `not-found`
 */
export async function completeIncident(
  store: Store,
  actor: Actor,
  { id, outcome }: { id: number; outcome?: string | undefined },
): Promise<IncidentView> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    await closeCompleted(tx, emit, store.clock(), id, outcome ?? null);
    const [open] = await tx
      .select()
      .from(stops)
      .where(and(eq(stops.incidentId, id), inArray(stops.state, ['planned', 'enroute'])));
    if (open) await finishStop(tx, emit, store.clock(), open, {});
    return incidentView(tx, id);
  });
}
