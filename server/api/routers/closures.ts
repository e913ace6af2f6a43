import { closureInput } from '../../../shared/closure.ts';
import { activeClosures, closeArea, openArea } from '../../dispatch/closures.ts';
import { byId } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

export const closuresRouter = router({
  list: procedureFor('operator').query(({ ctx }) =>
    activeClosures(ctx.services.store.database, ctx.services.store.clock()),
  ),
  create: procedureFor('supervisor')
    .input(closureInput)
    .mutation(({ ctx, input }) => closeArea(ctx.services.store, ctx.actor, input)),
  end: procedureFor('supervisor')
    .input(byId)
    .mutation(({ ctx, input }) => openArea(ctx.services.store, ctx.actor, input.id)),
});
