import { tracked } from '@trpc/server';
import { z } from 'zod';
import { DomainError } from '../../../shared/errors.ts';
import { eventFeed } from '../../live/event-feed.ts';
import { optional } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

/** Malformed ids pass here: the feed answers them with its own word. */
const lastEventId = z.union([z.string().max(200), z.number()]).nullish();

export const liveRouter = router({
  trucks: procedureFor('operator').subscription(async function* ({ ctx, signal }) {
    const { live } = ctx.services;
    if (!live) throw new DomainError('shutting-down', 'Positions are not served here.');
    yield* live.updates(signal ?? new AbortController().signal);
  }),
  events: procedureFor('operator')
    .input(optional(z.object({ lastEventId })))
    .subscription(async ({ ctx, input, signal }) => {
      const { database, bus } = ctx.services.store;
      const after = input.lastEventId ?? null;
      const events = await eventFeed(database, bus, after, signal ?? new AbortController().signal);
      return (async function* () {
        for await (const event of events) yield tracked(String(event.id), event);
      })();
    }),
});
