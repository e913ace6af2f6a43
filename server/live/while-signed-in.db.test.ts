import { afterAll, beforeAll, expect, it } from 'vitest';
import { SYSTEM } from '../../shared/actor.ts';
import { isDomainError } from '../../shared/errors.ts';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { createUser } from '../access/create-user.ts';
import { logout } from '../access/logout.ts';
import { closeSession, openSession } from '../access/sessions.ts';
import { hashToken } from '../access/token.ts';
import { createLocalBus } from '../events/bus.ts';
import { whileSignedIn } from './while-signed-in.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

const never = new AbortController().signal;

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
    for await (const _tick of whileSignedIn(store, session, never, ticks, 20));
  })();
  // It has lived through several looks at the session by then.
  await checked;
  await closeSession(database, session.sessionId);
  await expect(reading).rejects.toSatisfy((error) => isDomainError(error, 'not-signed-in'));
});

it("ends it at once when somebody signs out, on every instance that is told, and nobody else's", async () => {
  const store = { database, clock: Date.now, bus: createLocalBus() };
  const users = await Promise.all(
    ['leaving', 'staying'].map((username) =>
      createUser(store, SYSTEM, { username, password: 'long enough', role: 'operator' }),
    ),
  );
  const streams = await Promise.all(
    users.map(async (user) => {
      const { token } = await openSession(database, user);
      const sessionId = hashToken(token);
      async function* once(signal: AbortSignal) {
        yield 'open';
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      }
      const stop = new AbortController();
      // It would look by itself in an hour.
      const stream = whileSignedIn(store, { sessionId, role: 'operator' }, stop.signal, once, 3_600_000);
      expect(await stream.next()).toEqual({ value: 'open', done: false });
      return { sessionId, stop, end: stream.next() };
    }),
  );
  await logout(store, streams[0]!.sessionId);
  await expect(streams[0]!.end).rejects.toSatisfy((error) => isDomainError(error, 'not-signed-in'));
  await logout(store, 'of somebody who left before');
  streams[1]!.stop.abort();
  expect(await streams[1]!.end).toEqual({ value: undefined, done: true });
});
