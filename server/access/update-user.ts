import { and, count, eq, ne } from 'drizzle-orm';
import { z } from 'zod';
import { role, type Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { users } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { hashPassword, newPassword } from './password.ts';
import { requireRole } from './require.ts';
import { closeSessionsOf } from './sessions.ts';
import { toUserView, type UserView } from './user-view.ts';

export const updateUserInput = z.object({
  userId: z.number().int().positive(),
  password: newPassword.optional(),
  active: z.boolean().optional(),
  role: role.exclude(['driver']).optional(),
  email: z.email().max(200).nullable().optional(),
});
export type UpdateUserInput = z.input<typeof updateUserInput>;

/**
 * A new password, another role, a closed or re-opened account. Whatever takes rights away ends the sessions. The last
 * active admin keeps the keys.
 * @throws DomainError `not-found`, `invalid-transition`
 */
export async function updateUser(store: Store, actor: Actor, given: UpdateUserInput): Promise<UserView> {
  requireRole(actor, 'admin');
  const input = updateUserInput.parse(given);
  const passwordHash = input.password === undefined ? undefined : await hashPassword(input.password);
  const view = await commit(store, actor, async (tx, emit) => {
    const [before] = await tx.select().from(users).where(eq(users.id, input.userId)).for('update');
    if (!before) throw new DomainError('not-found', 'No such user.', { userId: input.userId });
    if (before.role === 'driver' && input.role) {
      throw new DomainError('invalid-transition', 'A driver stays a driver.', {
        from: 'driver',
        to: input.role,
      });
    }
    const losesAdmin = input.active === false || (input.role !== undefined && input.role !== 'admin');
    if (before.role === 'admin' && losesAdmin) {
      const [others] = await tx
        .select({ n: count() })
        .from(users)
        .where(and(eq(users.role, 'admin'), eq(users.active, true), ne(users.id, before.id)));
      if (!others?.n) throw new DomainError('invalid-transition', 'The last admin keeps the keys.');
    }
    const [row] = await tx
      .update(users)
      .set({
        passwordHash: passwordHash ?? before.passwordHash,
        active: input.active ?? before.active,
        role: input.role ?? before.role,
        email: input.email === undefined ? before.email : input.email,
      })
      .where(eq(users.id, before.id))
      .returning();
    emit({
      type: 'user.updated',
      subject: { kind: 'user', id: before.id },
      data: {
        before: { role: before.role, active: before.active },
        after: { role: row!.role, active: row!.active },
        password: passwordHash !== undefined,
      },
    });
    return toUserView(row!);
  });
  if (passwordHash !== undefined || input.active === false || input.role !== undefined) {
    await closeSessionsOf(store.database, view.id);
    store.bus.tell('sessions-ended');
  }
  return view;
}
