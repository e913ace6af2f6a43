import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Tx } from '../db/connect.ts';
import { containers, routes, stops, trucks } from '../db/schema/index.ts';
import type { Emit } from '../events/store.ts';
import { refusedStop, type StopRow } from './stop-record.ts';

/**
 * planned or en route → done, with what follows for the truck: what was picked up is aboard, a landfill empties it. The
 * stop's incident is closed by the caller.
 * @throws DomainError `invalid-transition` when somebody else finished it meanwhile
 */
export async function finishStop(
  tx: Tx,
  emit: Emit,
  nowMs: number,
  stop: StopRow,
  { clientId }: { clientId?: string | undefined },
): Promise<StopRow> {
  const [row] = await tx
    .update(stops)
    .set({ state: 'done', finishedAt: new Date(nowMs), clientId: clientId ?? null })
    .where(and(eq(stops.id, stop.id), inArray(stops.state, ['planned', 'enroute'])))
    .returning();
  if (!row) throw refusedStop(stop, 'done');
  const [route] =
    row.routeId === null ? [] : await tx.select().from(routes).where(eq(routes.id, row.routeId));
  let loadAboard: number | null = null;
  // Done at the desk before the truck set out: nothing came aboard.
  if (route?.state === 'running') {
    const [truck] = await tx
      .update(trucks)
      .set({ loadAboard: row.kind === 'disposal' ? 0 : sql`${trucks.loadAboard} + ${loadOf(row)}::float8` })
      .where(eq(trucks.id, route.truckId))
      .returning({ loadAboard: trucks.loadAboard });
    loadAboard = truck?.loadAboard ?? null;
  }
  if (row.containerId !== null) {
    await tx
      .update(containers)
      .set({ lastEmptiedAt: new Date(nowMs) })
      .where(eq(containers.id, row.containerId));
  }
  emit({
    type: 'stop.completed',
    subject: { kind: 'stop', id: row.id },
    zone: route?.zone ?? null,
    data: {
      routeId: row.routeId,
      truckId: route?.truckId ?? null,
      kind: row.kind,
      incidentId: row.incidentId,
      containerId: row.containerId,
      loadAboard,
    },
  });
  return row;
}

function loadOf(stop: StopRow): number {
  return stop.kind === 'incident' || stop.kind === 'container' ? Math.max(0, stop.load) : 0;
}
