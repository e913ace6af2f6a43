import { and, eq, isNull, ne } from 'drizzle-orm';
import { z } from 'zod';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { requireRole } from '../access/require.ts';
import { devices, deviceTrucks, trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';

export const moveDeviceInput = z.object({
  deviceId: z.number().int().positive(),
  truckId: z.number().int().positive(),
});

/**
 * Fits a device to another truck, from now on: the gateway hears the event, so that a connected device need not
 * reconnect. Fixes from before stay the former truck's, also those that arrive later. Moving it to where it is changes
 * nothing.
 * @throws DomainError `not-found`
 */
export async function moveDevice(
  store: Store,
  actor: Actor,
  given: z.input<typeof moveDeviceInput>,
): Promise<{ deviceId: number; truckId: number }> {
  requireRole(actor, 'admin');
  const { deviceId, truckId } = moveDeviceInput.parse(given);
  return commit(store, actor, async (tx, emit) => {
    const [device] = await tx
      .select()
      .from(devices)
      .where(and(eq(devices.id, deviceId), isNull(devices.revokedAt)))
      .for('update');
    if (!device) throw new DomainError('not-found', 'No such device in use.', { deviceId });
    const [truck] = await tx
      .select({ id: trucks.id })
      .from(trucks)
      .where(and(eq(trucks.id, truckId), ne(trucks.state, 'retired')));
    if (!truck) throw new DomainError('not-found', 'No such truck in use.', { truckId });
    if (device.truckId === truckId) return { deviceId, truckId };
    await tx
      .insert(deviceTrucks)
      .values([
        { deviceId, since: device.createdAt, truckId: device.truckId },
        { deviceId, since: new Date(store.clock()), truckId },
      ])
      // The first of a device's rows is written with its first move.
      .onConflictDoNothing();
    await tx.update(devices).set({ truckId }).where(eq(devices.id, deviceId));
    emit({
      type: 'device.moved',
      subject: { kind: 'device', id: deviceId },
      data: { truckId, fromTruckId: device.truckId },
    });
    return { deviceId, truckId };
  });
}
