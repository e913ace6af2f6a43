import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { Tx } from '../db/connect.ts';
import { stops } from '../db/schema/index.ts';
import type { Emit, Store } from '../events/store.ts';
import { lockPlan } from './make-current.ts';
import { takeOut } from './remove-stops.ts';

/**
 * A route closes: what is not done leaves the plan, and its incidents are validated again.
 *
 * @returns the stops that were left, with their incidents
 */
export async function removeUnfinished(
  store: Store,
  tx: Tx,
  emit: Emit,
  actor: Actor,
  routeId: number,
): Promise<{ unfinished: { stopId: number; incidentId: number | null }[]; backToValidated: number[] }> {
  const current = await lockPlan(tx);
  const open = await tx
    .select({ id: stops.id, kind: stops.kind, incidentId: stops.incidentId })
    .from(stops)
    .where(and(eq(stops.routeId, routeId), inArray(stops.state, ['planned', 'enroute'])));
  const left = open.filter((stop) => stop.kind === 'incident' || stop.kind === 'container');
  if (left.length === 0) return { unfinished: [], backToValidated: [] };
  // Given back: a stop on its way when the route closes is to be planned again, by whoever takes it.
  await tx
    .update(stops)
    .set({ state: 'planned', departedAt: null })
    .where(and(eq(stops.routeId, routeId), eq(stops.state, 'enroute')));
  await takeOut(
    store,
    tx,
    emit,
    actor,
    current,
    routeId,
    new Set(left.map((stop) => stop.id)),
    'finish',
    'route-closed',
  );
  return {
    unfinished: left.map((stop) => ({ stopId: stop.id, incidentId: stop.incidentId })),
    backToValidated: left.flatMap((stop) => (stop.incidentId === null ? [] : [stop.incidentId])),
  };
}
