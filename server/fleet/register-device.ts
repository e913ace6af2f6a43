import { and, eq, ne } from 'drizzle-orm';
import type { z } from 'zod';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { registerDeviceInput } from '../../shared/fleet.ts';
import { requireRole } from '../access/require.ts';
import { hashToken, newToken } from '../access/token.ts';
import { devices, trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';

/**
 * Fits a truck with a device. Its token is in this answer and nowhere else: the database keeps a hash.
 * @throws DomainError `not-found`, `already-exists`
 */
export async function registerDevice(
  store: Store,
  actor: Actor,
  given: z.input<typeof registerDeviceInput>,
): Promise<{ deviceId: number; token: string }> {
  requireRole(actor, 'admin');
  const input = registerDeviceInput.parse(given);
  const token = newToken('dev');
  return commit(store, actor, async (tx, emit) => {
    const [truck] = await tx
      .select({ id: trucks.id })
      .from(trucks)
      .where(and(eq(trucks.id, input.truckId), ne(trucks.state, 'retired')));
    if (!truck) throw new DomainError('not-found', 'No such truck in use.', { truckId: input.truckId });
    const [row] = await tx
      .insert(devices)
      .values({
        truckId: input.truckId,
        name: input.name,
        uniqueId: input.uniqueId ?? null,
        kind: input.kind ?? 'tracker',
        tokenHash: hashToken(token),
        createdAt: new Date(store.clock()),
      })
      .onConflictDoNothing()
      .returning({ id: devices.id });
    if (!row) throw new DomainError('already-exists', 'A device has this unique id.', { field: 'uniqueId' });
    emit({
      type: 'device.registered',
      subject: { kind: 'device', id: row.id },
      data: { truckId: input.truckId, kind: input.kind ?? 'tracker' },
    });
    return { deviceId: row.id, token };
  });
}
