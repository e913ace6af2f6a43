import { and, eq, isNull } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import { devices } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';

/**
 * The device's token stops working; the gateway hears the event and closes its socket. Revoking twice changes nothing.
 * @throws DomainError `not-found`
 */
export async function revokeDevice(
  store: Store,
  actor: Actor,
  deviceId: number,
): Promise<{ deviceId: number; revokedAt: string }> {
  requireRole(actor, 'admin');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(devices)
      .set({ revokedAt: new Date(store.clock()) })
      .where(and(eq(devices.id, deviceId), isNull(devices.revokedAt)))
      .returning();
    if (row) {
      emit({
        type: 'device.revoked',
        subject: { kind: 'device', id: deviceId },
        data: { truckId: row.truckId },
      });
      return { deviceId, revokedAt: row.revokedAt!.toISOString() };
    }
    const [known] = await tx.select().from(devices).where(eq(devices.id, deviceId));
    if (!known?.revokedAt) throw new DomainError('not-found', 'No such device.', { deviceId });
    return { deviceId, revokedAt: known.revokedAt.toISOString() };
  });
}
