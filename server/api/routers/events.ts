import { z } from 'zod';
import { SUBJECT_KINDS } from '../../../shared/events.ts';
import { listEvents } from '../../access/audit.ts';
import { id, optional } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

export const eventsRouter = router({
  list: procedureFor('admin')
    .input(
      optional(
        z.object({
          subject: z.object({ kind: z.enum(SUBJECT_KINDS), id }).optional(),
          after: z.number().int().min(0).optional(),
          limit: z.number().int().min(1).max(1_000).optional(),
        }),
      ),
    )
    .query(({ ctx, input }) => listEvents(ctx.services.store.database, input)),
});
