import { afterAll, beforeAll, expect, it } from 'vitest';
import { SYSTEM } from '../../shared/actor.ts';
import { isDomainError } from '../../shared/errors.ts';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { createUser } from '../access/create-user.ts';
import { closeSession, openSession } from '../access/sessions.ts';
import { hashToken } from '../access/token.ts';
import { createLocalBus } from '../events/bus.ts';
import { whileSignedIn } from './while-signed-in.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

it('ends a stream when its session does, and not before', async () => {
  const store = { database, clock: Date.now, bus: createLocalBus() };
  const user = await createUser(store, SYSTEM, {
    username: 'wall',
    password: 'long enough',
    role: 'operator',
  });
  const { token } = await openSession(database, user);
  const session = { sessionId: hashToken(token), role: 'operator' };
  let resolveFirst: () => void = () => undefined;
  const checked = new Promise<void>((resolve) => (resolveFirst = resolve));
  async function* ticks(signal: AbortSignal) {
    for (let i = 0; !signal.aborted; i++) {
      if (i === 20) resolveFirst();
      yield i;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const reading = (async () => {
    for await (const _tick of whileSignedIn(database, session, new AbortController().signal, ticks, 20));
  })();
  // It has lived through several looks at the session by then.
  await checked;
  await closeSession(database, session.sessionId);
  await expect(reading).rejects.toSatisfy((error) => isDomainError(error, 'not-signed-in'));
});
