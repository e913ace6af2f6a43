import { DomainError } from '../../shared/errors.ts';
import type { Database } from '../db/connect.ts';
import type { EventBus } from '../events/bus.ts';

export const CHECK_MS = 30_000;

/**
 * A stream that lasts as long as the session that opened it: a stream stays open for days, and who signed out, was
 * closed or lost the role must not go on watching. It looks when it is told that sessions ended, and now and then by
 * itself, for those that ran out and for words that never arrived.
 * @throws DomainError `not-signed-in` when the session is over
 */
export async function* whileSignedIn<T>(
  { database, bus }: { database: Database; bus: EventBus },
  session: { sessionId: string | null; role: string },
  signal: AbortSignal,
  open: (signal: AbortSignal) => AsyncIterable<T> | Promise<AsyncIterable<T>>,
  checkMs: number = CHECK_MS,
): AsyncGenerator<T, void, void> {
  const over = new AbortController();
  const look = () => {
    // A database that does not answer closes nobody's screen; the next look asks again.
    isSignedIn(database, session).then(
      (yes) => (yes ? undefined : over.abort()),
      () => undefined,
    );
  };
  const timer = setInterval(look, checkMs);
  timer.unref();
  const unsubscribe = bus.onTold('sessions-ended', look);
  try {
    yield* await open(AbortSignal.any([signal, over.signal]));
    if (over.signal.aborted) throw new DomainError('not-signed-in', 'The session is over.');
  } finally {
    clearInterval(timer);
    unsubscribe();
  }
}

async function isSignedIn(
  database: Database,
  { sessionId, role }: { sessionId: string | null; role: string },
): Promise<boolean> {
  const [row] = await database.sql`
    select 1 from sessions s join users u on u.id = s.user_id
     where s.id = ${sessionId} and s.expires_at > now() and u.active and u.role = ${role}`;
  return row !== undefined;
}
