import { initTRPC } from '@trpc/server';
import type { Role } from '../../shared/actor.ts';
import { admit } from './admit.ts';
import type { Access, Context, UserActor } from './context.ts';
import { asTrpcError, errorData } from './errors.ts';

export type { Access, Context, SessionCookie, UserActor } from './context.ts';

const t = initTRPC
  .context<Context>()
  .meta<{ access: Access }>()
  .create({
    isDev: false,
    sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 30_000 } },
    errorFormatter: ({ shape, error, ctx }) => ({
      code: shape.code,
      ...errorData(error, shape.data, ctx?.requestId ?? null),
    }),
  });

/** Names every error, refuses who may not, then lets the verb run. A procedure that declares nothing is closed. */
const guarded = t.procedure
  .use(async ({ next }) => {
    const result = await next();
    if (!result.ok) throw asTrpcError(result.error);
    return result;
  })
  .use(async ({ ctx, meta, next }) => {
    await admit(ctx, meta?.access);
    return next();
  });

const asUser = t.middleware(({ ctx, next }) => next({ ctx: { actor: ctx.actor as UserActor } }));

export const router = t.router;
export const createCallerFactory = t.createCallerFactory;
export const publicProcedure = guarded.meta({ access: 'public' });
export const signedInProcedure = guarded.meta({ access: 'signed-in' }).use(asUser);
export const procedureFor = (...roles: [Role, ...Role[]]) => guarded.meta({ access: roles }).use(asUser);
