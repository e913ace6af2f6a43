import { eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { zoneOf } from '../../shared/incident.ts';
import { requireRole } from '../access/require.ts';
import { containers } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { toContainerView, type ContainerView } from './container-view.ts';
import { createContainerInput } from './create-container.ts';
import { orAlreadyExists } from './unique-violation.ts';

export const updateContainerInput = createContainerInput
  .partial()
  .extend({ containerId: z.number().int().positive(), active: z.boolean().optional() });
export type UpdateContainerInput = z.input<typeof updateContainerInput>;

/** @throws DomainError `not-found`, `outside-service-area`, `already-exists` */
export async function updateContainer(
  store: Store,
  actor: Actor,
  given: UpdateContainerInput,
): Promise<ContainerView> {
  requireRole(actor, 'admin');
  const input = updateContainerInput.parse(given);
  return orAlreadyExists('A container has this code already.', 'code', () =>
    commit(store, actor, async (tx, emit) => {
      const { rules } = await currentRules(tx);
      const [before] = await tx
        .select()
        .from(containers)
        .where(eq(containers.id, input.containerId))
        .for('update');
      if (!before)
        throw new DomainError('not-found', 'No such container.', { containerId: input.containerId });
      const place = { lat: input.lat ?? before.lat, lon: input.lon ?? before.lon };
      const [row] = await tx
        .update(containers)
        .set({
          code: input.code ?? before.code,
          ...place,
          zone: zoneOf(place, rules),
          load: input.load ?? before.load,
          address: input.address ?? before.address,
          everyDays: input.everyDays ?? before.everyDays,
          active: input.active ?? before.active,
        })
        .where(eq(containers.id, before.id))
        .returning();
      const after = toContainerView(row!);
      emit({
        type: 'container.updated',
        subject: { kind: 'container', id: after.id },
        zone: after.zone,
        data: {
          before: { load: before.load, active: before.active },
          after: { load: after.load, active: after.active },
        },
      });
      return after;
    }),
  );
}
