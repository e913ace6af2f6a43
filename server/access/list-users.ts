import { asc } from 'drizzle-orm';
import { users } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { toUserView, type UserView } from './user-view.ts';

export async function listUsers(store: Store): Promise<UserView[]> {
  const rows = await store.database.db.select().from(users).orderBy(asc(users.username));
  return rows.map(toUserView);
}
