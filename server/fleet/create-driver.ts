import { z } from 'zod';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { cedula, licence, type DriverView } from '../../shared/fleet.ts';
import { zone } from '../../shared/rules.ts';
import { insertUser, username } from '../access/create-user.ts';
import { hashPassword, newPassword } from '../access/password.ts';
import { requireRole } from '../access/require.ts';
import { drivers } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { driverView } from './driver-view.ts';

export const createDriverInput = z.object({
  name: z.string().trim().min(1).max(120),
  cedula,
  licence,
  phone: z.string().trim().min(5).max(30).optional(),
  /** Absent or null: drives in both zones. */
  zonePreference: zone.nullable().optional(),
  hiredOn: z.iso.date().optional(),
  email: z.email().max(200).optional(),
  username,
  password: newPassword,
});
export type CreateDriverInput = z.input<typeof createDriverInput>;

/** A driver and the account of their phone, together. @throws DomainError `already-exists` */
export async function createDriver(
  store: Store,
  actor: Actor,
  given: CreateDriverInput,
): Promise<DriverView> {
  requireRole(actor, 'admin');
  const input = createDriverInput.parse(given);
  const passwordHash = await hashPassword(input.password);
  return commit(store, actor, async (tx, emit) => {
    const user = await insertUser(tx, emit, {
      username: input.username,
      passwordHash,
      role: 'driver',
      email: input.email,
    });
    const [row] = await tx
      .insert(drivers)
      .values({
        userId: user.id,
        name: input.name,
        cedula: input.cedula,
        phone: input.phone ?? null,
        licence: input.licence,
        zonePreference: input.zonePreference ?? null,
        hiredOn: input.hiredOn ?? null,
      })
      .onConflictDoNothing()
      .returning({ id: drivers.id });
    if (!row)
      throw new DomainError('already-exists', 'A driver has this cédula already.', { field: 'cedula' });
    emit({
      type: 'driver.created',
      subject: { kind: 'driver', id: row.id },
      data: { userId: user.id, licence: input.licence, zonePreference: input.zonePreference ?? null },
    });
    return driverView(tx, row.id);
  });
}
