import { and, eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { AssignmentState, AssignmentView } from '../../shared/fleet.ts';
import { assignments } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { assignmentViews } from './assignment-view.ts';

export interface AssignmentFilter {
  state?: AssignmentState | undefined;
  routeId?: number | undefined;
  driverId?: number | undefined;
  limit?: number | undefined;
}

export function listAssignments(store: Store, filter: AssignmentFilter): Promise<AssignmentView[]> {
  return assignmentViews(
    store.database.db,
    and(
      filter.state && eq(assignments.state, filter.state),
      filter.routeId === undefined ? undefined : eq(assignments.routeId, filter.routeId),
      filter.driverId === undefined ? undefined : eq(assignments.driverId, filter.driverId),
    ),
    filter.limit ?? 100,
  );
}

/** A driver's own, newest first; nobody else's. */
export async function myAssignments(
  store: Store,
  actor: Extract<Actor, { kind: 'user' }>,
): Promise<AssignmentView[]> {
  return actor.driverId === undefined ? [] : listAssignments(store, { driverId: actor.driverId, limit: 50 });
}
