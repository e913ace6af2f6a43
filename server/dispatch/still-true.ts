import { and, eq, inArray, sql } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { incidents, routes, trucks } from '../db/schema/index.ts';

/**
 * The search ran outside the transaction; here, under the plan's lock, what a first route rested on is looked at
 * again: the zone still has no planned route, the trucks are still free, the incidents still wait.
 *
 * @throws DomainError `stale-version`
 */
export async function assertFirstRouteStillTrue(
  tx: Tx,
  zone: Zone,
  truckIds: readonly number[],
  incidentIds: readonly number[],
): Promise<void> {
  const planned = await tx
    .select({ id: routes.id })
    .from(routes)
    .where(and(eq(routes.zone, zone), eq(routes.current, true), eq(routes.state, 'planned')));
  const busy = await tx
    .select({ id: routes.id })
    .from(routes)
    .where(
      and(
        inArray(routes.truckId, [...truckIds]),
        eq(routes.current, true),
        inArray(routes.state, ['planned', 'running']),
      ),
    );
  const out = await tx
    .select({ id: trucks.id })
    .from(trucks)
    .where(and(inArray(trucks.id, [...truckIds]), sql`${trucks.state} <> 'available'`));
  const gone =
    incidentIds.length === 0
      ? []
      : await tx
          .select({ id: incidents.id })
          .from(incidents)
          .where(and(inArray(incidents.id, [...incidentIds]), sql`${incidents.state} <> 'validated'`));
  if (planned.length + busy.length + out.length + gone.length > 0) {
    throw new DomainError('stale-version', 'The situation changed while the routes were computed.', {
      routeIds: [...planned, ...busy].map((row) => row.id),
      truckIds: out.map((row) => row.id),
      incidentIds: gone.map((row) => row.id),
    });
  }
}
