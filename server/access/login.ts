import { eq } from 'drizzle-orm';
import type { Role } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { users } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import type { RateLimiter } from './limiter.ts';
import { verifyPassword } from './password.ts';
import { openSession } from './sessions.ts';

const FAILURES = 10;
const WINDOW_S = 15 * 60;

export interface LoginResult {
  token: string;
  expiresAt: Date;
  user: { id: number; username: string; role: Role };
}

/**
 * Ten failures in 15 minutes close an account to that address. An attempt is counted before its password is looked
 * at, so that many at once gain nothing; a success forgets the count.
 * @throws DomainError `too-many-attempts`, `wrong-credentials`
 */
export async function login(
  { store, limiter }: { store: Store; limiter: RateLimiter },
  input: { username: string; password: string; address: string },
): Promise<LoginResult> {
  const username = input.username.trim().toLowerCase();
  const key = `login:${username}:${input.address}`;
  const attempt = await limiter.limit(key, FAILURES, WINDOW_S);
  if (!attempt.allowed) {
    throw new DomainError('too-many-attempts', 'Too many failed logins; wait a while.', {
      retryAfterS: attempt.retryAfterS,
    });
  }
  const [user] = await store.database.db.select().from(users).where(eq(users.username, username));
  const matches = await verifyPassword(user?.passwordHash, input.password);
  if (!user || !matches || !user.active) {
    throw new DomainError('wrong-credentials', 'The user name or the password is wrong.');
  }
  await limiter.forget(key);
  const { token, expiresAt } = await openSession(store.database, user);
  return { token, expiresAt, user: { id: user.id, username: user.username, role: user.role } };
}
