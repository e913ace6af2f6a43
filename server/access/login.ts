import { eq } from 'drizzle-orm';
import type { Role } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { users } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { inTurn } from './in-turn.ts';
import type { RateLimiter } from './limiter.ts';
import { verifyPassword } from './password.ts';
import { forgetExpiredSessions, openSession } from './sessions.ts';

const FAILURES = 10;
const WINDOW_S = 15 * 60;

export interface LoginResult {
  token: string;
  expiresAt: Date;
  user: { id: number; username: string; role: Role };
}

/**
 * Ten failures in 15 minutes close an account to that address. Attempts on one account from one address are looked at in
 * turn: many wrong ones at once gain nothing, many right ones at once are all let in. A success forgets the failures.
 * @throws DomainError `too-many-attempts`, `wrong-credentials`
 */
export async function login(
  { store, limiter }: { store: Store; limiter: RateLimiter },
  input: { username: string; password: string; address: string },
): Promise<LoginResult> {
  const username = input.username.trim().toLowerCase();
  const key = `login:${username}:${input.address}`;
  return inTurn(key, async () => {
    if ((await limiter.peek(key, WINDOW_S)) >= FAILURES) {
      throw new DomainError('too-many-attempts', 'Too many failed logins; wait a while.', {
        retryAfterS: WINDOW_S,
      });
    }
    const [user] = await store.database.db.select().from(users).where(eq(users.username, username));
    const matches = await verifyPassword(user?.passwordHash, input.password);
    if (!user || !matches || !user.active) {
      await limiter.limit(key, FAILURES, WINDOW_S);
      throw new DomainError('wrong-credentials', 'The user name or the password is wrong.');
    }
    await limiter.forget(key);
    await forgetExpiredSessions(store.database);
    const { token, expiresAt } = await openSession(store.database, user);
    return { token, expiresAt, user: { id: user.id, username: user.username, role: user.role } };
  });
}
