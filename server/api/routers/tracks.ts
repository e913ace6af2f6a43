import { z } from 'zod';
import { trackOf } from '../../telemetry/tracks.ts';
import { id } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

const instant = z.union([z.iso.datetime({ offset: true }), z.number().int().min(0).max(8.64e15)]);

export const tracksRouter = router({
  get: procedureFor('operator')
    .input(z.object({ truckId: id, from: instant, to: instant }))
    .query(({ ctx, input }) =>
      trackOf(ctx.services.store.database, input.truckId, new Date(input.from), new Date(input.to)),
    ),
});
