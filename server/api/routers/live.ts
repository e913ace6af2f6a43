import { tracked } from '@trpc/server';
import { z } from 'zod';
import { DomainError } from '../../../shared/errors.ts';
import { eventFeed } from '../../live/event-feed.ts';
import { whileSignedIn } from '../../live/while-signed-in.ts';
import { optional } from '../inputs.ts';
import { procedureFor, router, type Context, type UserActor } from '../trpc.ts';

/** Malformed ids pass here: the feed answers them with its own word. */
const lastEventId = z.union([z.string().max(200), z.number()]).nullish();

const FOREVER = new AbortController().signal;
const sessionOf = (ctx: Context & { actor: UserActor }) => ({
  sessionId: ctx.sessionId,
  role: ctx.actor.role,
});

export const liveRouter = router({
  trucks: procedureFor('operator').subscription(async function* ({ ctx, signal }) {
    const { live, store } = ctx.services;
    if (!live) throw new DomainError('shutting-down', 'Positions are not served here.');
    yield* whileSignedIn(store, sessionOf(ctx), signal ?? FOREVER, live.updates);
  }),
  events: procedureFor('operator')
    .input(optional(z.object({ lastEventId })))
    .subscription(async ({ ctx, input, signal }) => {
      const { database, bus } = ctx.services.store;
      // Opened before the answer begins: whoever hears that it is open misses nothing.
      const closed = new AbortController();
      const events = await eventFeed(
        database,
        bus,
        input.lastEventId ?? null,
        AbortSignal.any([signal ?? FOREVER, closed.signal]),
      );
      const follow = (until: AbortSignal) => {
        until.addEventListener('abort', () => closed.abort());
        return events;
      };
      return (async function* () {
        for await (const event of whileSignedIn(
          ctx.services.store,
          sessionOf(ctx),
          signal ?? FOREVER,
          follow,
        )) {
          yield tracked(String(event.id), event);
        }
      })();
    }),
});
