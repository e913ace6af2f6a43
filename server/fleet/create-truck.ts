import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { createTruckInput, type CreateTruckInput, type TruckView } from '../../shared/fleet.ts';
import { requireRole } from '../access/require.ts';
import { trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { truckView } from './truck-view.ts';

/** A truck's capacity is its type's by the rules, unless given. @throws DomainError `already-exists` */
export async function createTruck(store: Store, actor: Actor, given: CreateTruckInput): Promise<TruckView> {
  requireRole(actor, 'admin');
  const input = createTruckInput.parse(given);
  return commit(store, actor, async (tx, emit) => {
    const { rules } = await currentRules(tx);
    const [row] = await tx
      .insert(trucks)
      .values({
        plate: input.plate,
        type: input.type,
        capacity: input.capacity ?? rules.capacityByTruckType[input.type],
        zone: input.zone ?? null,
      })
      .onConflictDoNothing()
      .returning();
    if (!row) throw new DomainError('already-exists', 'A truck has this plate already.', { field: 'plate' });
    emit({
      type: 'truck.created',
      subject: { kind: 'truck', id: row.id },
      zone: row.zone,
      data: { plate: row.plate, type: row.type, capacity: row.capacity },
    });
    return truckView(tx, row.id);
  });
}
