import { DomainError } from '../../shared/errors.ts';
import type { DomainEvent } from '../../shared/events.ts';
import type { Database } from '../db/connect.ts';
import type { EventBus } from '../events/bus.ts';
import { eventsSince, headId, oldestId } from '../events/read.ts';

const PAGE = 200;

/**
 * Events after `lastEventId`, or from now on without one, in order, each exactly once, until the signal aborts. "Now"
 * is before this resolves, so that whoever was told the feed is open misses nothing.
 * It listens first and reads then, so that nothing falls between; it reads a page when the reader asks for more, so
 * that one that does not read costs nothing.
 * @throws DomainError `events-gone` for an id that is no id, lies ahead of the log, or is older than what is kept
 */
export async function eventFeed(
  database: Database,
  bus: EventBus,
  lastEventId: string | number | null,
  signal: AbortSignal,
): Promise<AsyncGenerator<DomainEvent, void, void>> {
  const from = lastEventId === null ? await headId(database) : await checkedId(database, lastEventId);
  return follow(database, bus, from, signal);
}

async function* follow(
  database: Database,
  bus: EventBus,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<DomainEvent, void, void> {
  const waker = createWaker(bus, signal);
  let after = from;
  try {
    while (!signal.aborted) {
      waker.arm();
      const events = await eventsSince(database, after, PAGE);
      for (const event of events) {
        if (signal.aborted) return;
        yield event;
        after = event.id;
      }
      if (events.length === 0) await waker.wait();
    }
  } finally {
    waker.close();
  }
}

async function checkedId(database: Database, given: string | number): Promise<number> {
  const text = String(given);
  const id = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(id)) throw new DomainError('events-gone', 'The event id is malformed.');
  const [head, oldest] = [await headId(database), await oldestId(database)];
  if (id > head) throw new DomainError('events-gone', 'The event id lies ahead of the log.', { head });
  if (oldest === null ? id < head : id < oldest - 1) {
    throw new DomainError('events-gone', 'Events after this id are no longer kept.', { oldest });
  }
  return id;
}

/** Remembers a wake that comes while the log is being read. */
function createWaker(bus: EventBus, signal: AbortSignal) {
  let isWoken = false;
  let resume: (() => void) | null = null;
  const wake = () => {
    isWoken = true;
    resume?.();
  };
  const unsubscribe = bus.onWake(wake);
  signal.addEventListener('abort', wake);
  return {
    arm: () => void (isWoken = false),
    async wait() {
      if (!isWoken && !signal.aborted) await new Promise<void>((resolve) => (resume = resolve));
      resume = null;
    },
    close() {
      unsubscribe();
      signal.removeEventListener('abort', wake);
    },
  };
}
