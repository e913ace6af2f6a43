import type { DomainEvent } from '../../shared/events.ts';
import { eventsSince } from './read.ts';
import type { Store } from './store.ts';

const PAGE = 500;

/**
 * Hands every event after an id to a reader of this process, in order and once each. A reader that throws is logged
 * and does not stop the rest.
 *
 * @returns the stop
 */
export function followEvents(
  store: Store,
  after: number,
  log: { error(about: object, message: string): void },
  read: (event: DomainEvent) => void,
): () => void {
  let seen = after;
  let reading = false;
  let again = false;
  let stopped = false;
  const catchUp = async (): Promise<void> => {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      do {
        again = false;
        for (let page = PAGE; page === PAGE && !stopped;) {
          const events = await eventsSince(store.database, seen, PAGE);
          page = events.length;
          for (const event of events) {
            seen = event.id;
            read(event);
          }
        }
      } while (again && !stopped);
    } catch (error) {
      log.error({ err: error, after: seen }, 'events could not be followed; the next wake tries again');
    } finally {
      reading = false;
    }
  };
  const unsubscribe = store.bus.onWake(() => void catchUp());
  return () => {
    stopped = true;
    unsubscribe();
  };
}
