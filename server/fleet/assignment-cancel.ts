import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { assertAssignmentTransition, type AssignmentView } from '../../shared/fleet.ts';
import { requireRole } from '../access/require.ts';
import { assignments, drivers } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { assignmentView } from './assignment-view.ts';
import { lockPlanHead } from './lock-plan-head.ts';

/**
 * Takes the driver off the route. It counts as cancelled, never as completed; the route stays as it is and waits for
 * another driver.
 * @throws DomainError `invalid-transition`, `not-found`
 */
export async function cancelAssignment(store: Store, actor: Actor, id: number): Promise<AssignmentView> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    const before = await assignmentView(tx, id);
    assertAssignmentTransition(before.state, 'cancelled');
    const [row] = await tx
      .update(assignments)
      .set({ state: 'cancelled', finishedAt: new Date(store.clock()) })
      .where(and(eq(assignments.id, id), inArray(assignments.state, ['assigned', 'started'])))
      .returning({ id: assignments.id });
    if (!row) throw new DomainError('invalid-transition', 'The assignment ended meanwhile.', { id });
    await tx
      .update(drivers)
      .set({ state: 'available' })
      .where(and(eq(drivers.id, before.driverId), eq(drivers.state, 'busy')));
    emit({
      type: 'assignment.cancelled',
      subject: { kind: 'assignment', id },
      data: { routeId: before.routeId, driverId: before.driverId, from: before.state },
    });
    return assignmentView(tx, id);
  });
}
