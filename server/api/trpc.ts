import { initTRPC } from '@trpc/server';
import type { Actor, Role } from '../../shared/actor.ts';
import { admit } from './admit.ts';
import { asTrpcError, errorData } from './errors.ts';
import type { Services } from './services.ts';

/** Who may call: anybody, anybody signed in, or whoever's role covers one of these. */
export type Access = 'public' | 'signed-in' | readonly [Role, ...Role[]];
export type UserActor = Extract<Actor, { kind: 'user' }>;

/** How a session reaches a browser: as a cookie, next to the bearer token in the answer. */
export interface SessionCookie {
  set(token: string, expiresAt: Date): void;
  clear(): void;
}

export interface Context {
  services: Services;
  actor: Actor;
  /** Of the caller's connection; behind a proxy only when TRUST_PROXY says so. */
  address: string;
  /** SHA-256 of the session's token; null when nobody is signed in. */
  sessionId: string | null;
  cookie: SessionCookie;
  requestId: string;
}

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
