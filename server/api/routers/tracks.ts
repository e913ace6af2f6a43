import { z } from 'zod';
import { trackOf } from '../../telemetry/tracks.ts';
import { id, instant } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

export const tracksRouter = router({
  get: procedureFor('operator')
    .input(z.object({ truckId: id, from: instant, to: instant }))
    .query(({ ctx, input }) =>
      trackOf(ctx.services.store.database, input.truckId, new Date(input.from), new Date(input.to)),
    ),
});
