import { and, eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { TruckView } from '../../shared/fleet.ts';
import { requireRole } from '../access/require.ts';
import { trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { refusedTruck } from './truck-out.ts';
import { truckView } from './truck-view.ts';

/** Back from the workshop, with whatever load it still carries. @throws DomainError `invalid-transition`, `not-found` */
export async function truckReturned(store: Store, actor: Actor, truckId: number): Promise<TruckView> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(trucks)
      .set({ state: 'available', outSince: null })
      .where(and(eq(trucks.id, truckId), eq(trucks.state, 'out')))
      .returning();
    if (!row) throw await refusedTruck(tx, truckId, 'available');
    emit({
      type: 'truck.returned',
      subject: { kind: 'truck', id: truckId },
      zone: row.zone,
      data: { loadAboard: row.loadAboard },
    });
    return truckView(tx, truckId);
  });
}
