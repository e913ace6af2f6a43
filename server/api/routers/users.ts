import { z } from 'zod';
import { apiTokens, createApiToken, revokeApiToken } from '../../access/api-tokens.ts';
import { createUser, createUserInput } from '../../access/create-user.ts';
import { listUsers } from '../../access/list-users.ts';
import { updateUser, updateUserInput } from '../../access/update-user.ts';
import { id } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

export const usersRouter = router({
  list: procedureFor('admin').query(({ ctx }) => listUsers(ctx.services.store)),
  create: procedureFor('admin')
    .input(createUserInput)
    .mutation(({ ctx, input }) => createUser(ctx.services.store, ctx.actor, input)),
  update: procedureFor('admin')
    .input(updateUserInput)
    .mutation(({ ctx, input }) => updateUser(ctx.services.store, ctx.actor, input)),
  apiTokens: procedureFor('admin').query(({ ctx }) => apiTokens(ctx.services.store)),
  createApiToken: procedureFor('admin')
    .input(z.object({ name: z.string().trim().min(1).max(100), scope: z.literal('positions') }))
    .mutation(({ ctx, input }) => createApiToken(ctx.services.store, input)),
  revokeApiToken: procedureFor('admin')
    .input(z.object({ tokenId: id }))
    .mutation(({ ctx, input }) => revokeApiToken(ctx.services.store, input.tokenId)),
});
