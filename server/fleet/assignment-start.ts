import { and, eq, inArray, ne } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { assertAssignmentTransition, type AssignmentView } from '../../shared/fleet.ts';
import type { Tx } from '../db/connect.ts';
import { assignments, drivers, routes, stops, trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { assignmentView } from './assignment-view.ts';
import { lockPlanHead } from './lock-plan-head.ts';
import { requireOwnWork } from './own-work.ts';

/**
 * The driver sets out: the assignment is started, its route runs, the driver is busy. The scheduled start stays beside
 * the actual one.
 * @throws DomainError `invalid-transition`, `truck-busy`, `driver-inactive`, `not-yours`, `not-found`
 */
export async function startAssignment(store: Store, actor: Actor, id: number): Promise<AssignmentView> {
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    const now = new Date(store.clock());
    const { driverId, routeId, state } = await assignmentView(tx, id);
    requireOwnWork(actor, driverId);
    assertAssignmentTransition(state, 'started');
    const route = await requireRouteCanRun(tx, routeId);
    const [row] = await tx
      .update(assignments)
      .set({ state: 'started', startedAt: now })
      .where(and(eq(assignments.id, id), eq(assignments.state, 'assigned')))
      .returning({ id: assignments.id });
    if (!row) throw new DomainError('invalid-transition', 'The assignment was started meanwhile.', { id });
    const [running] = await tx
      .update(routes)
      .set({ state: 'running', startedAt: now })
      .where(and(eq(routes.id, routeId), eq(routes.state, 'planned')))
      .returning({ id: routes.id });
    if (running) await leaveDepot(tx, routeId, now);
    const [driver] = await tx
      .update(drivers)
      .set({ state: 'busy' })
      .where(and(eq(drivers.id, driverId), ne(drivers.state, 'inactive')))
      .returning({ id: drivers.id });
    if (!driver) throw new DomainError('driver-inactive', 'The driver is not in service.', { driverId });
    const data = { assignmentId: id, routeId, driverId, truckId: route.truckId };
    emit({ type: 'assignment.started', subject: { kind: 'assignment', id }, zone: route.zone, data });
    if (running)
      emit({ type: 'route.started', subject: { kind: 'route', id: routeId }, zone: route.zone, data });
    return assignmentView(tx, id);
  });
}

/** Setting out is what there is to do at the first depot visit: it is behind the truck from now on. */
async function leaveDepot(tx: Tx, routeId: number, now: Date): Promise<void> {
  await tx
    .update(stops)
    .set({ state: 'done', finishedAt: now })
    .where(
      and(
        eq(stops.routeId, routeId),
        eq(stops.position, 0),
        eq(stops.kind, 'depot'),
        eq(stops.state, 'planned'),
      ),
    );
}

async function requireRouteCanRun(tx: Tx, routeId: number): Promise<typeof routes.$inferSelect> {
  const [found] = await tx
    .select({ route: routes, truckState: trucks.state })
    .from(routes)
    .innerJoin(trucks, eq(trucks.id, routes.truckId))
    .where(eq(routes.id, routeId));
  const { route, truckState } = found!;
  // A running route may get a second driver when the first one's assignment was cancelled on the way.
  if (!route.current || (route.state !== 'planned' && route.state !== 'running')) {
    throw new DomainError('invalid-transition', 'The route is not live.', { routeId, state: route.state });
  }
  if (truckState !== 'available') {
    throw new DomainError('truck-busy', 'The truck is out of service.', {
      truckId: route.truckId,
      state: truckState,
    });
  }
  const [other] = await tx
    .select({ id: routes.id })
    .from(routes)
    .where(
      and(eq(routes.truckId, route.truckId), inArray(routes.state, ['running']), ne(routes.id, routeId)),
    );
  if (other) {
    throw new DomainError('truck-busy', 'The truck drives another route.', {
      truckId: route.truckId,
      routeId: other.id,
    });
  }
  return route;
}
