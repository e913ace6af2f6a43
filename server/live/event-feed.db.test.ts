import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../shared/actor.ts';
import { isDomainError } from '../../shared/errors.ts';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { createLocalBus } from '../events/bus.ts';
import { commit, type Store } from '../events/store.ts';
import { eventFeed } from './event-feed.ts';

let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await openTestDatabase();
  store = { database, clock: Date.now, bus: createLocalBus() };
});
afterAll(() => database?.drop());
let leaving: AbortController;
beforeEach(() => {
  leaving = new AbortController();
});

function happen(count: number): Promise<void> {
  return commit(store, SYSTEM, async (_tx, emit) => {
    for (let i = 0; i < count; i++) emit({ type: 'truck.updated', subject: { kind: 'truck', id: i + 1 } });
  });
}

const feed = (after: string | number | null) => eventFeed(database, store.bus, after, leaving.signal);

async function take(events: AsyncGenerator<{ id: number }>, count: number): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) ids.push((await events.next()).value!.id as number);
  return ids;
}

async function head(): Promise<number> {
  const [row] = await database.sql<{ id: number }[]>`select last_id::float8 as id from event_head`;
  return row!.id;
}

describe('the event feed', () => {
  it('starts now without an id', async () => {
    await happen(3);
    const before = await head();
    const events = await feed(null);
    await happen(2);
    expect(await take(events, 2)).toEqual([before + 1, before + 2]);
    leaving.abort();
  });

  it('resumes after an id without loss or repetition, while more happens', async () => {
    await happen(1);
    const from = await head();
    const happening = (async () => {
      for (let i = 0; i < 30; i++) await happen(1 + (i % 5));
    })();
    const seen: number[] = [];
    let after = from;
    // A connection that breaks every seven events.
    while (seen.length < 90) {
      const broken = new AbortController();
      const events = await eventFeed(database, store.bus, String(after), broken.signal);
      const ids = await take(events, Math.min(7, 90 - seen.length));
      broken.abort();
      await events.return();
      seen.push(...ids);
      after = ids.at(-1)!;
    }
    await happening;
    expect(seen).toEqual(Array.from({ length: 90 }, (_, i) => from + 1 + i));
  });

  it('reads more than a page', async () => {
    await happen(1);
    const from = await head();
    await happen(450);
    expect(await take(await feed(from), 450)).toEqual(Array.from({ length: 450 }, (_, i) => from + 1 + i));
    leaving.abort();
  });

  it.each(['abc', '', '-1', '1.5', '99999999999999999999', "1'; drop"])(
    'answers events-gone to the id %j',
    async (id) => {
      await expect(feed(id)).rejects.toSatisfy((error) => isDomainError(error, 'events-gone'));
    },
  );

  it('answers events-gone to an id ahead of the log and to one no longer kept', async () => {
    await happen(5);
    const newest = await head();
    const gone = (error: unknown) => isDomainError(error, 'events-gone');
    await expect(feed(newest + 1)).rejects.toSatisfy(gone);
    await database.sql`delete from events where id < ${newest - 1}`;
    await expect(feed(newest - 3)).rejects.toSatisfy(gone);
    expect(await take(await feed(newest - 2), 2)).toEqual([newest - 1, newest]);
    leaving.abort();
  });

  it('ends with its signal while it waits', async () => {
    const events = await feed(null);
    await happen(1);
    await events.next();
    const waiting = events.next();
    leaving.abort();
    expect((await waiting).done).toBe(true);
  });
});
