import { and, eq, inArray, ne } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { assertAssignmentTransition, type AssignmentView } from '../../shared/fleet.ts';
import type { Tx } from '../db/connect.ts';
import { assignments, drivers, routes, stops } from '../db/schema/index.ts';
import { removeUnfinished } from '../dispatch/remove-unfinished.ts';
import { commit, type Store } from '../events/store.ts';
import { assignmentView } from './assignment-view.ts';
import { lockPlanHead } from './lock-plan-head.ts';
import { requireOwnWork } from './own-work.ts';

export type FinishedAssignment = AssignmentView & {
  /** What was not done: its incidents are validated again and wait for another route. */
  unfinished: { stopId: number; incidentId: number | null }[];
};

/**
 * The driver is back: the route is done, the driver free. Only what was done counts as done.
 * @throws DomainError `invalid-transition`, `not-yours`, `not-found`
 */
export async function finishAssignment(
  store: Store,
  actor: Actor,
  { id, notes }: { id: number; notes?: string | undefined },
): Promise<FinishedAssignment> {
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    const now = new Date(store.clock());
    const { driverId, routeId, state } = await assignmentView(tx, id);
    requireOwnWork(actor, driverId);
    assertAssignmentTransition(state, 'completed');
    const [row] = await tx
      .update(assignments)
      .set({ state: 'completed', finishedAt: now, notes: notes || null })
      .where(and(eq(assignments.id, id), eq(assignments.state, 'started')))
      .returning({ id: assignments.id });
    if (!row) throw new DomainError('invalid-transition', 'The assignment was finished meanwhile.', { id });
    const { unfinished } = await removeUnfinished(store, tx, emit, actor, routeId);
    await closeWayHome(tx, routeId, now);
    const [route] = await tx
      .update(routes)
      .set({ state: 'done', finishedAt: now })
      .where(and(eq(routes.id, routeId), eq(routes.state, 'running')))
      .returning();
    await tx
      .update(drivers)
      .set({ state: 'available' })
      .where(and(eq(drivers.id, driverId), ne(drivers.state, 'inactive')));
    const data = {
      assignmentId: id,
      routeId,
      driverId,
      unfinishedStopIds: unfinished.map((stop) => stop.stopId),
    };
    const zone = route?.zone ?? null;
    emit({ type: 'assignment.finished', subject: { kind: 'assignment', id }, zone, data });
    if (route) emit({ type: 'route.finished', subject: { kind: 'route', id: routeId }, zone, data });
    return { ...(await assignmentView(tx, id)), unfinished };
  });
}

/** Back at the depot, its stop is behind the truck; a landfill not visited stays undone, and the load aboard. */
async function closeWayHome(tx: Tx, routeId: number, now: Date): Promise<void> {
  const open = and(eq(stops.routeId, routeId), inArray(stops.state, ['planned', 'enroute']));
  await tx
    .update(stops)
    .set({ state: 'done', finishedAt: now })
    .where(and(open, eq(stops.kind, 'depot')));
  await tx
    .update(stops)
    .set({ state: 'failed', finishedAt: now, failReason: 'route-closed' })
    .where(and(open, eq(stops.kind, 'disposal')));
}
