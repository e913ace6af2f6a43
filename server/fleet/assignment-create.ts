import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { AssignmentView } from '../../shared/fleet.ts';
import { requireRole } from '../access/require.ts';
import type { Tx } from '../db/connect.ts';
import { assignments, drivers, routes, users } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { assignmentView } from './assignment-view.ts';
import { lockPlanHead } from './lock-plan-head.ts';

/**
 * Binds a driver to a route of the current plan. One driver has one live route, one route one live driver.
 * @throws DomainError `not-found`, `driver-inactive`, `driver-busy`, `already-exists`, `invalid-transition`
 */
export async function createAssignment(
  store: Store,
  actor: Actor,
  input: { routeId: number; driverId: number; scheduledStart?: string | undefined },
): Promise<AssignmentView> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    const [route] = await tx.select().from(routes).where(eq(routes.id, input.routeId));
    if (!route) throw new DomainError('not-found', 'No such route.', { routeId: input.routeId });
    if (!route.current || (route.state !== 'planned' && route.state !== 'running')) {
      throw new DomainError('invalid-transition', 'The route is not live.', {
        routeId: route.id,
        state: route.state,
      });
    }
    await requireDriverFree(tx, input.driverId);
    const [row] = await tx
      .insert(assignments)
      .values({
        routeId: input.routeId,
        driverId: input.driverId,
        assignedAt: new Date(store.clock()),
        scheduledStart: input.scheduledStart ? new Date(input.scheduledStart) : null,
      })
      .onConflictDoNothing()
      .returning({ id: assignments.id });
    if (!row) {
      throw new DomainError('already-exists', 'The route has a driver already.', { routeId: input.routeId });
    }
    emit({
      type: 'assignment.created',
      subject: { kind: 'assignment', id: row.id },
      zone: route.zone,
      data: { routeId: route.id, driverId: input.driverId, truckId: route.truckId },
    });
    return assignmentView(tx, row.id);
  });
}

async function requireDriverFree(tx: Tx, driverId: number): Promise<void> {
  const [driver] = await tx
    .select({ state: drivers.state, active: users.active })
    .from(drivers)
    .innerJoin(users, eq(users.id, drivers.userId))
    .where(eq(drivers.id, driverId))
    .for('update', { of: drivers });
  if (!driver) throw new DomainError('not-found', 'No such driver.', { driverId });
  if (driver.state === 'inactive' || !driver.active) {
    throw new DomainError('driver-inactive', 'The driver is not in service.', { driverId });
  }
  const [live] = await tx
    .select({ id: assignments.id, routeId: assignments.routeId })
    .from(assignments)
    .where(and(eq(assignments.driverId, driverId), inArray(assignments.state, ['assigned', 'started'])));
  if (live) {
    throw new DomainError('driver-busy', 'The driver has a live route.', { driverId, routeId: live.routeId });
  }
}
