import { and, eq, ne } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { sessions, users } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { hashPassword, verifyPassword } from './password.ts';

export { newPassword } from './password.ts';

/** One's own password; every other session of the account ends. @throws DomainError `wrong-credentials` */
export async function changeOwnPassword(
  store: Store,
  actor: Extract<Actor, { kind: 'user' }>,
  input: { current: string; password: string },
  sessionId: string | null,
): Promise<void> {
  const [user] = await store.database.db.select().from(users).where(eq(users.id, actor.id));
  if (!(await verifyPassword(user?.passwordHash, input.current))) {
    throw new DomainError('wrong-credentials', 'The current password is wrong.');
  }
  const passwordHash = await hashPassword(input.password);
  await commit(store, actor, async (tx, emit) => {
    await tx.update(users).set({ passwordHash }).where(eq(users.id, actor.id));
    await tx.delete(sessions).where(and(eq(sessions.userId, actor.id), ne(sessions.id, sessionId ?? '')));
    emit({ type: 'user.updated', subject: { kind: 'user', id: actor.id }, data: { password: true } });
  });
  store.bus.tell('sessions-ended');
}
