import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { TruckState, TruckView } from '../../shared/fleet.ts';
import { requireRole } from '../access/require.ts';
import type { Tx } from '../db/connect.ts';
import { routes, stops, trucks } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { lockPlanHead } from './lock-plan-head.ts';
import { truckView } from './truck-view.ts';

/**
 * A truck is out of service: it takes no more stops. What it still had to do is moved by dispatch, which hears the event.
 * @throws DomainError `invalid-transition`, `not-found`
 */
export async function truckOut(
  store: Store,
  actor: Actor,
  { truckId, reason }: { truckId: number; reason?: string | undefined },
): Promise<TruckView> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    if (!(await takeTruckOut(tx, emit, truckId, reason))) throw await refusedTruck(tx, truckId, 'out');
    return truckView(tx, truckId);
  });
}

/**
 * The same inside somebody else's transaction: the stop it was driving to is given back, its load stays aboard.
 * False when the truck was not available (already out, retired, unknown).
 */
export async function takeTruckOut(tx: Tx, emit: Emit, truckId: number, reason?: string): Promise<boolean> {
  const [row] = await tx
    .update(trucks)
    .set({ state: 'out' })
    .where(and(eq(trucks.id, truckId), eq(trucks.state, 'available')))
    .returning();
  if (!row) return false;
  const given = await tx
    .update(stops)
    .set({ state: 'planned', departedAt: null })
    .where(
      and(
        eq(stops.state, 'enroute'),
        inArray(
          stops.routeId,
          tx
            .select({ id: routes.id })
            .from(routes)
            .where(and(eq(routes.truckId, truckId), inArray(routes.state, ['planned', 'running']))),
        ),
      ),
    )
    .returning({ id: stops.id, routeId: stops.routeId });
  for (const stop of given) {
    emit({
      type: 'stop.released',
      subject: { kind: 'stop', id: stop.id },
      zone: row.zone,
      data: { routeId: stop.routeId, truckId },
    });
  }
  emit({
    type: 'truck.out',
    subject: { kind: 'truck', id: truckId },
    zone: row.zone,
    data: { loadAboard: row.loadAboard, ...(reason === undefined ? {} : { reason }) },
  });
  return true;
}

/** Why a conditional change of a truck found no row. */
export async function refusedTruck(tx: Tx, truckId: number, to: TruckState): Promise<DomainError> {
  const [row] = await tx.select({ state: trucks.state }).from(trucks).where(eq(trucks.id, truckId));
  if (!row) return new DomainError('not-found', 'No such truck.', { truckId });
  return new DomainError('invalid-transition', `A truck cannot go from ${row.state} to ${to}.`, {
    truckId,
    from: row.state,
    to,
  });
}
