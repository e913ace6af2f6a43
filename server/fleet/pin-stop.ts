import { and, eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { StopPin } from '../../shared/plan.ts';
import { requireRole } from '../access/require.ts';
import { routes, stops } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { lockPlanHead } from './lock-plan-head.ts';

/**
 * A stop is kept where it is — on its truck, or in its place among the truck's stops — whatever is planned anew; null
 * lets it go again. The mark holds across versions until the stop is done, let go, or its truck is out of service.
 *
 * @throws DomainError `not-found`, `stop-frozen` when it is done or under way, `invalid-transition` when it is no
 * collection stop of a live route
 */
export async function pinStop(
  store: Store,
  actor: Actor,
  { stopId, pin }: { stopId: number; pin: StopPin | null },
): Promise<{ stopId: number; pin: StopPin | null }> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    const [found] = await tx
      .select({ stop: stops, route: routes })
      .from(stops)
      .leftJoin(routes, eq(routes.id, stops.routeId))
      .where(eq(stops.id, stopId));
    if (found === undefined) throw new DomainError('not-found', 'No such stop.', { stopId });
    const { stop, route } = found;
    if (stop.state !== 'planned') {
      throw new DomainError('stop-frozen', 'The stop is done or a truck is on its way to it.', { stopId });
    }
    const isLive = route?.current === true && (route.state === 'planned' || route.state === 'running');
    if (!isLive || stop.kind === 'depot' || stop.kind === 'disposal') {
      throw new DomainError('invalid-transition', 'Only a collection stop of a live route is pinned.', {
        stopId,
      });
    }
    if (stop.pin === pin) return { stopId, pin };
    await tx
      .update(stops)
      .set({ pin })
      .where(and(eq(stops.id, stopId), eq(stops.state, 'planned')));
    emit({
      type: pin === null ? 'stop.unpinned' : 'stop.pinned',
      subject: { kind: 'stop', id: stopId },
      zone: route.zone,
      data: { routeId: route.id, truckId: route.truckId, pin, incidentId: stop.incidentId, before: stop.pin },
    });
    return { stopId, pin };
  });
}
