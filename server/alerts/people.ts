import { and, asc, eq, inArray } from 'drizzle-orm';
import { ROLES, roleCovers, type Role } from '../../shared/actor.ts';
import { users } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';

/** To whom an alert may be given: the people of the room, by name. */
export async function roomPeople(store: Store): Promise<{ id: number; username: string; role: Role }[]> {
  const inRoom = ROLES.filter((role) => roleCovers(role, 'operator'));
  return store.database.db
    .select({ id: users.id, username: users.username, role: users.role })
    .from(users)
    .where(and(eq(users.active, true), inArray(users.role, inRoom)))
    .orderBy(asc(users.username));
}
