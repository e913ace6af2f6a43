import { eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { TruckPlanning, TruckView } from '../../shared/fleet.ts';
import { requireRole } from '../access/require.ts';
import { trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { lockPlanHead } from './lock-plan-head.ts';
import { truckView } from './truck-view.ts';

const EVENT = { open: 'truck.opened', locked: 'truck.locked', excluded: 'truck.excluded' } as const;

/**
 * Says what a re-plan may do with a truck: `locked` leaves its route as it is, `excluded` gives it no new work, `open`
 * anything. It holds until it is changed or the truck goes out of service.
 *
 * @throws DomainError `not-found`, `invalid-transition` for a truck that is not in service
 */
export async function planTruck(
  store: Store,
  actor: Actor,
  { truckId, planning }: { truckId: number; planning: TruckPlanning },
): Promise<TruckView> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    const [truck] = await tx.select().from(trucks).where(eq(trucks.id, truckId)).for('update');
    if (truck === undefined) throw new DomainError('not-found', 'No such truck.', { truckId });
    if (truck.state !== 'available') {
      throw new DomainError('invalid-transition', 'The truck is not in service.', {
        truckId,
        state: truck.state,
      });
    }
    if (truck.planning !== planning) {
      await tx.update(trucks).set({ planning }).where(eq(trucks.id, truckId));
      emit({
        type: EVENT[planning],
        subject: { kind: 'truck', id: truckId },
        zone: truck.zone,
        data: { before: truck.planning, after: planning },
      });
    }
    return truckView(tx, truckId);
  });
}
