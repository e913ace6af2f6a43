import { z } from 'zod';
import { rulesSchema } from '../../../shared/rules.ts';
import { currentRules } from '../../rules/current.ts';
import { rulesHistory } from '../../rules/history.ts';
import { updateRules } from '../../rules/update.ts';
import { procedureFor, router } from '../trpc.ts';

export const rulesRouter = router({
  get: procedureFor('operator').query(({ ctx }) => currentRules(ctx.services.store.database.db)),
  update: procedureFor('admin')
    .input(z.object({ rules: rulesSchema, baseVersion: z.number().int().positive().optional() }))
    .mutation(({ ctx, input }) => updateRules(ctx.services.store, ctx.actor, input)),
  history: procedureFor('admin').query(({ ctx }) => rulesHistory(ctx.services.store)),
});
