import { desc, eq, type SQL } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { AssignmentView } from '../../shared/fleet.ts';
import type { Tx } from '../db/connect.ts';
import { assignments, drivers, routes } from '../db/schema/index.ts';

export type Reader = Pick<Tx, 'select'>;

/** Newest first. */
export async function assignmentViews(
  reader: Reader,
  where: SQL | undefined,
  limit: number,
): Promise<AssignmentView[]> {
  const rows = await reader
    .select({ assignment: assignments, driverName: drivers.name, truckId: routes.truckId })
    .from(assignments)
    .innerJoin(drivers, eq(drivers.id, assignments.driverId))
    .innerJoin(routes, eq(routes.id, assignments.routeId))
    .where(where)
    .orderBy(desc(assignments.id))
    .limit(limit);
  return rows.map(({ assignment, driverName, truckId }) => ({
    id: assignment.id,
    routeId: assignment.routeId,
    driverId: assignment.driverId,
    driverName,
    truckId,
    state: assignment.state,
    assignedAt: assignment.assignedAt.toISOString(),
    scheduledStart: assignment.scheduledStart?.toISOString() ?? null,
    startedAt: assignment.startedAt?.toISOString() ?? null,
    finishedAt: assignment.finishedAt?.toISOString() ?? null,
    notes: assignment.notes,
  }));
}

/** @throws DomainError `not-found` */
export async function assignmentView(reader: Reader, id: number): Promise<AssignmentView> {
  const [view] = await assignmentViews(reader, eq(assignments.id, id), 1);
  if (!view) throw new DomainError('not-found', 'No such assignment.', { id });
  return view;
}
