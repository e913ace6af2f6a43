import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { Tx } from '../db/connect.ts';
import { stops } from '../db/schema/index.ts';
import type { Emit, Store } from '../events/store.ts';
import { lockPlan } from './make-current.ts';
import { takeOut } from './remove-stops.ts';

/** An incident is cancelled or completed at the desk: its open stop leaves the plan. */
export async function dispatchRemoveIncident(
  store: Store,
  tx: Tx,
  emit: Emit,
  actor: Actor,
  incidentId: number,
  reason: 'incident-cancelled' | 'incident-completed' = 'incident-cancelled',
): Promise<void> {
  const current = await lockPlan(tx);
  const [open] = await tx
    .select({ id: stops.id, routeId: stops.routeId })
    .from(stops)
    .where(and(eq(stops.incidentId, incidentId), inArray(stops.state, ['planned', 'enroute'])));
  if (open === undefined) return;
  if (open.routeId !== null) {
    await takeOut(store, tx, emit, actor, current, open.routeId, new Set([open.id]), 'cancel', reason);
  }
  await tx.update(stops).set({ state: 'failed', failReason: reason }).where(eq(stops.id, open.id));
}
