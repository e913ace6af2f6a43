import { eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { licence, type DriverView } from '../../shared/fleet.ts';
import { zone } from '../../shared/rules.ts';
import { requireRole } from '../access/require.ts';
import { drivers } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { driverView } from './driver-view.ts';

export const updateDriverInput = z.object({
  driverId: z.number().int().positive(),
  name: z.string().trim().min(1).max(120).optional(),
  phone: z.string().trim().min(5).max(30).nullable().optional(),
  licence: licence.optional(),
  zonePreference: zone.nullable().optional(),
  /** Longest shift in seconds; null: the rules'. */
  shiftS: z.number().int().min(3_600).max(86_400).nullable().optional(),
  /** `busy` follows from driving and is nobody's choice. */
  state: z.enum(['available', 'inactive']).optional(),
});
export type UpdateDriverInput = z.input<typeof updateDriverInput>;

/** @throws DomainError `not-found`; `driver-busy` when the state of one who drives is to be set */
export async function updateDriver(
  store: Store,
  actor: Actor,
  given: UpdateDriverInput,
): Promise<DriverView> {
  requireRole(actor, 'admin');
  const { driverId, ...input } = updateDriverInput.parse(given);
  return commit(store, actor, async (tx, emit) => {
    const [before] = await tx.select().from(drivers).where(eq(drivers.id, driverId)).for('update');
    if (!before) throw new DomainError('not-found', 'No such driver.', { driverId });
    if (input.state && before.state === 'busy') {
      throw new DomainError('driver-busy', 'The driver is on a route.', { driverId });
    }
    await tx
      .update(drivers)
      .set({
        name: input.name ?? before.name,
        phone: input.phone === undefined ? before.phone : input.phone,
        licence: input.licence ?? before.licence,
        zonePreference: input.zonePreference === undefined ? before.zonePreference : input.zonePreference,
        shiftS: input.shiftS === undefined ? before.shiftS : input.shiftS,
        state: input.state ?? before.state,
      })
      .where(eq(drivers.id, driverId));
    const after = await driverView(tx, driverId);
    emit({
      type: 'driver.updated',
      subject: { kind: 'driver', id: driverId },
      data: { before: facts(before), after: facts(after) },
    });
    return after;
  });
}

/** What the log may hold of a driver: no name, no number. */
function facts({
  licence: permit,
  state,
  zonePreference,
  shiftS,
}: Pick<DriverView, 'licence' | 'state' | 'zonePreference' | 'shiftS'>) {
  return { licence: permit, state, zonePreference, shiftS };
}
