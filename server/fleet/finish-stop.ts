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
  { clientId, closedBy = 'word' }: { clientId?: string | undefined; closedBy?: 'word' | 'visit' },
): Promise<StopRow> {
  const [row] = await tx
    .update(stops)
    .set({ state: 'done', finishedAt: new Date(nowMs), clientId: clientId ?? null, closedBy })
    .where(and(eq(stops.id, stop.id), inArray(stops.state, ['planned', 'enroute'])))
    .returning();
  if (!row) throw refusedStop(stop, 'done');
  const [route] =
    row.routeId === null ? [] : await tx.select().from(routes).where(eq(routes.id, row.routeId));
  let loadAboard: number | null = null;
  let loaded: number | null = null;
  // Done at the desk before the truck set out: nothing came aboard.
  if (route?.state === 'running') {
    const [before] = await tx
      .select({ loadAboard: trucks.loadAboard })
      .from(trucks)
      .where(eq(trucks.id, route.truckId));
    const [truck] = await tx
      .update(trucks)
      .set({ loadAboard: row.kind === 'disposal' ? 0 : sql`${trucks.loadAboard} + ${loadOf(row)}::float8` })
      .where(eq(trucks.id, route.truckId))
      .returning({ loadAboard: trucks.loadAboard });
    loadAboard = truck?.loadAboard ?? null;
    loaded = before && truck ? truck.loadAboard - before.loadAboard : null;
    await tx.update(stops).set({ loaded }).where(eq(stops.id, row.id));
  }
  let emptiedBefore: Date | null = null;
  if (row.containerId !== null) {
    const [container] = await tx.select().from(containers).where(eq(containers.id, row.containerId));
    emptiedBefore = container?.lastEmptiedAt ?? null;
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
      closedBy,
      ...(emptiedBefore === null ? {} : { emptiedBefore: emptiedBefore.toISOString() }),
    },
  });
  return { ...row, loaded };
}

function loadOf(stop: StopRow): number {
  return stop.kind === 'incident' || stop.kind === 'container' ? Math.max(0, stop.load) : 0;
}
