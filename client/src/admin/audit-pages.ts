/** Reads the event log from its newest end. Its ids are dense, so the end is found by asking, without knowing it. */
import type { DomainEvent } from '../../../shared/events.ts';

export type AskEvents = (after: number, limit: number) => Promise<readonly DomainEvent[]>;

/** The highest id in use; 0 for an empty log. About two questions a doubling. */
export async function lastEventId(ask: AskEvents): Promise<number> {
  let low = 0;
  let step = 1_024;
  while ((await ask(low + step - 1, 1)).length > 0) {
    low += step;
    step *= 2;
  }
  // Something lies at or above `low` (or low is 0); nothing above low + step.
  let high = low + step;
  while (low < high - 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await ask(middle - 1, 1)).length > 0) low = middle;
    else high = middle;
  }
  return low === 0 && (await ask(0, 1)).length === 0 ? 0 : Math.max(low, 1);
}

/** The `size` events up to and with `last`, newest first. */
export async function eventsBefore(ask: AskEvents, last: number, size: number): Promise<DomainEvent[]> {
  const after = Math.max(0, last - size);
  const events = await ask(after, Math.min(size, last - after));
  return events.filter(({ id }) => id <= last).reverse();
}
