import { z } from 'zod';
import { role, type Actor, type Role } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { Tx } from '../db/connect.ts';
import { users } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { hashPassword, newPassword } from './password.ts';
import { requireRole } from './require.ts';
import { toUserView, type UserView } from './user-view.ts';

export const username = z
  .string()
  .trim()
  .toLowerCase()
  .min(3)
  .max(64)
  .regex(/^[a-z0-9._-]+$/, 'A user name has letters, digits, dot, dash and underscore.');

export const createUserInput = z.object({
  username,
  password: newPassword,
  role: role.exclude(['driver'], 'A driver is made with their licence: fleet.createDriver.'),
  email: z.email().max(200).optional(),
});
export type CreateUserInput = z.input<typeof createUserInput>;

/** @throws DomainError `already-exists` when the user name is taken */
export async function createUser(store: Store, actor: Actor, given: CreateUserInput): Promise<UserView> {
  requireRole(actor, 'admin');
  const input = createUserInput.parse(given);
  const passwordHash = await hashPassword(input.password);
  return commit(store, actor, async (tx, emit) =>
    toUserView(await insertUser(tx, emit, { ...input, passwordHash })),
  );
}

/** The row and its event, inside a transaction that may make more of the person (a driver). */
export async function insertUser(
  tx: Tx,
  emit: Emit,
  user: { username: string; passwordHash: string; role: Role; email?: string | undefined },
): Promise<typeof users.$inferSelect> {
  const [row] = await tx
    .insert(users)
    .values({
      username: user.username,
      passwordHash: user.passwordHash,
      role: user.role,
      email: user.email ?? null,
    })
    .onConflictDoNothing()
    .returning();
  if (!row) throw new DomainError('already-exists', 'The user name is taken.', { field: 'username' });
  emit({ type: 'user.created', subject: { kind: 'user', id: row.id }, data: { role: row.role } });
  return row;
}
