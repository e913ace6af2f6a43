import { SYSTEM, type Role } from '../../shared/actor.ts';
import { createUser } from '../../server/access/create-user.ts';
import { openSession } from '../../server/access/sessions.ts';
import type { Database } from '../../server/db/connect.ts';
import { createLocalBus } from '../../server/events/bus.ts';
import type { Store } from '../../server/events/store.ts';
import { createDriver } from '../../server/fleet/create-driver.ts';
import { createTruck } from '../../server/fleet/create-truck.ts';
import { cedulaNumber } from '../scenarios/room.ts';

/** People with sessions, and trucks with drivers, put into the database before the servers start. */
export async function seedFleet(database: Database, trucks: number) {
  const store: Store = { database, clock: Date.now, bus: createLocalBus() };
  const signIn = async (username: string, role: Exclude<Role, 'driver'>) => {
    const user = await createUser(store, SYSTEM, { username, password: 'a long enough password', role });
    return { actor: { kind: 'user' as const, ...user }, ...(await openSession(database, user)) };
  };
  const admin = await signIn('jefa', 'admin');
  const supervisor = await signIn('turno', 'supervisor');
  const { actor: operator } = await signIn('sala', 'operator');
  for (let n = 1; n <= trucks; n++) {
    await createTruck(store, admin.actor, { plate: `XBA-${1000 + n}`, type: 'posterior' });
    await createDriver(store, admin.actor, {
      name: `Conductor ${n}`,
      username: `chofer${n}`,
      password: 'una-clave-larga',
      cedula: cedulaNumber(n),
      licence: 'E',
    });
  }
  return {
    store,
    admin,
    supervisor,
    /** A new session of the operator. */
    operator: async () => (await openSession(database, operator)).token,
  };
}
