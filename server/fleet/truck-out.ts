import { and, eq, inArray, isNotNull } from 'drizzle-orm';
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
    if (!(await takeTruckOut(tx, emit, store.clock(), truckId, reason)))
      throw await refusedTruck(tx, truckId, 'out');
    return truckView(tx, truckId);
  });
}

/**
 * The same inside somebody else's transaction: the stop it was driving to is given back, its load stays aboard, and
 * what was pinned to it is let go.
 * False when the truck was not available (already out, retired, unknown).
 */
export async function takeTruckOut(
  tx: Tx,
  emit: Emit,
  nowMs: number,
  truckId: number,
  reason?: string,
): Promise<boolean> {
  const [row] = await tx
    .update(trucks)
    .set({ state: 'out', outSince: new Date(nowMs), planning: 'open' })
    .where(and(eq(trucks.id, truckId), eq(trucks.state, 'available')))
    .returning();
  if (!row) return false;
  const ofItsRoutes = inArray(
    stops.routeId,
    tx
      .select({ id: routes.id })
      .from(routes)
      .where(and(eq(routes.truckId, truckId), inArray(routes.state, ['planned', 'running']))),
  );
  const given = await tx
    .update(stops)
    .set({ state: 'planned', departedAt: null })
    .where(and(eq(stops.state, 'enroute'), ofItsRoutes))
    .returning({ id: stops.id, routeId: stops.routeId });
  const unpinned = await tx
    .update(stops)
    .set({ pin: null })
    .where(and(eq(stops.state, 'planned'), isNotNull(stops.pin), ofItsRoutes))
    .returning({ id: stops.id, routeId: stops.routeId });
  for (const stop of given) {
    emit({
      type: 'stop.released',
      subject: { kind: 'stop', id: stop.id },
      zone: row.zone,
      data: { routeId: stop.routeId, truckId },
    });
  }
  for (const stop of unpinned) {
    emit({
      type: 'stop.unpinned',
      subject: { kind: 'stop', id: stop.id },
      zone: row.zone,
      data: { routeId: stop.routeId, truckId, pin: null, cause: 'truck-out' },
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
