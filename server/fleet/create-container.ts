import { z } from 'zod';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { zoneOf } from '../../shared/incident.ts';
import { requireRole } from '../access/require.ts';
import { containers } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { toContainerView, type ContainerView } from './container-view.ts';

export const createContainerInput = z.object({
  code: z.string().trim().min(1).max(40),
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
  load: z.number().min(0).max(100).optional(),
  address: z.string().trim().min(1).max(200).optional(),
  everyDays: z.number().int().min(1).max(60).optional(),
});
export type CreateContainerInput = z.input<typeof createContainerInput>;

/** @throws DomainError `outside-service-area`, `already-exists` */
export async function createContainer(
  store: Store,
  actor: Actor,
  given: CreateContainerInput,
): Promise<ContainerView> {
  requireRole(actor, 'admin');
  const input = createContainerInput.parse(given);
  return commit(store, actor, async (tx, emit) => {
    const { rules } = await currentRules(tx);
    const [row] = await tx
      .insert(containers)
      .values({
        code: input.code,
        lat: input.lat,
        lon: input.lon,
        zone: zoneOf(input, rules),
        load: input.load ?? rules.containerLoad,
        address: input.address ?? null,
        everyDays: input.everyDays ?? 1,
      })
      .onConflictDoNothing()
      .returning();
    if (!row)
      throw new DomainError('already-exists', 'A container has this code already.', { field: 'code' });
    emit({
      type: 'container.created',
      subject: { kind: 'container', id: row.id },
      zone: row.zone,
      data: { code: row.code, load: row.load },
    });
    return toContainerView(row);
  });
}
