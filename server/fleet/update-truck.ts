import { eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { plate, truckType, type TruckView } from '../../shared/fleet.ts';
import { zone } from '../../shared/rules.ts';
import { requireRole } from '../access/require.ts';
import { trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { truckView } from './truck-view.ts';
import { orAlreadyExists } from './unique-violation.ts';

export const updateTruckInput = z.object({
  truckId: z.number().int().positive(),
  plate: plate.optional(),
  type: truckType.optional(),
  capacity: z.number().positive().max(1_000).optional(),
  zone: zone.nullable().optional(),
  /** Its own shift and overtime in seconds; null: the rules'. */
  shiftS: z.number().int().min(3_600).max(86_400).nullable().optional(),
  overtimeMaxS: z.number().int().min(0).max(43_200).nullable().optional(),
  /** A retired truck stays in the history and takes no more routes. */
  retired: z.boolean().optional(),
});
export type UpdateTruckInput = z.input<typeof updateTruckInput>;

/** @throws DomainError `not-found`, `already-exists`, `truck-busy` when one with a live route is to be retired */
export async function updateTruck(store: Store, actor: Actor, given: UpdateTruckInput): Promise<TruckView> {
  requireRole(actor, 'admin');
  const { truckId, retired, ...input } = updateTruckInput.parse(given);
  return orAlreadyExists('A truck has this plate already.', 'plate', () =>
    commit(store, actor, async (tx, emit) => {
      const [before] = await tx.select().from(trucks).where(eq(trucks.id, truckId)).for('update');
      if (!before) throw new DomainError('not-found', 'No such truck.', { truckId });
      const { routeId } = await truckView(tx, truckId);
      if (routeId !== null && (retired || (input.type && input.type !== before.type))) {
        throw new DomainError('truck-busy', 'The truck has a live route.', { truckId, routeId });
      }
      const state = retired === undefined ? before.state : retired ? 'retired' : reinstated(before.state);
      const [after] = await tx
        .update(trucks)
        .set({
          plate: input.plate ?? before.plate,
          type: input.type ?? before.type,
          capacity: input.capacity ?? before.capacity,
          zone: input.zone === undefined ? before.zone : input.zone,
          shiftS: input.shiftS === undefined ? before.shiftS : input.shiftS,
          overtimeMaxS: input.overtimeMaxS === undefined ? before.overtimeMaxS : input.overtimeMaxS,
          state,
        })
        .where(eq(trucks.id, truckId))
        .returning();
      emit({
        type: 'truck.updated',
        subject: { kind: 'truck', id: truckId },
        zone: after!.zone,
        data: { before: facts(before), after: facts(after!) },
      });
      return truckView(tx, truckId);
    }),
  );
}

type Row = typeof trucks.$inferSelect;

function reinstated(state: Row['state']): Row['state'] {
  return state === 'retired' ? 'available' : state;
}

function facts({ plate: number, type, capacity, zone: area, shiftS, overtimeMaxS, state }: Row) {
  return { plate: number, type, capacity, zone: area, shiftS, overtimeMaxS, state };
}
