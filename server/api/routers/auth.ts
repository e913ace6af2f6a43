import { z } from 'zod';
import { login } from '../../access/login.ts';
import { logout } from '../../access/logout.ts';
import { changeOwnPassword, newPassword } from '../../access/change-password.ts';
import { publicProcedure, router, signedInProcedure } from '../trpc.ts';

export const authRouter = router({
  login: publicProcedure
    .input(z.object({ username: z.string().trim().min(1).max(64), password: z.string().min(1).max(200) }))
    .mutation(async ({ ctx, input }) => {
      const { token, expiresAt, user } = await login(
        { store: ctx.services.store, limiter: ctx.services.limiter },
        { ...input, address: ctx.address },
      );
      ctx.cookie.set(token, expiresAt);
      return { token, user };
    }),
  me: signedInProcedure.query(({ ctx }) => ({
    id: ctx.actor.id,
    username: ctx.actor.username,
    role: ctx.actor.role,
    driverId: ctx.actor.driverId ?? null,
  })),
  logout: signedInProcedure.mutation(async ({ ctx }) => {
    await logout(ctx.services.store, ctx.sessionId);
    ctx.cookie.clear();
    return { id: ctx.actor.id, username: ctx.actor.username, role: ctx.actor.role };
  }),
  changePassword: signedInProcedure
    .input(z.object({ current: z.string().min(1).max(200), password: newPassword }))
    .mutation(async ({ ctx, input }) => {
      await changeOwnPassword(ctx.services.store, ctx.actor, input, ctx.sessionId);
      return { changed: true };
    }),
});
