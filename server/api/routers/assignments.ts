import { z } from 'zod';
import { assignmentState } from '../../../shared/fleet.ts';
import { cancelAssignment } from '../../fleet/assignment-cancel.ts';
import { createAssignment } from '../../fleet/assignment-create.ts';
import { finishAssignment } from '../../fleet/assignment-finish.ts';
import { startAssignment } from '../../fleet/assignment-start.ts';
import { listAssignments, myAssignments } from '../../fleet/list-assignments.ts';
import { byId, id, optional } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

export const assignmentsRouter = router({
  list: procedureFor('operator')
    .input(
      optional(
        z.object({
          state: assignmentState.optional(),
          routeId: id.optional(),
          driverId: id.optional(),
          limit: z.number().int().min(1).max(500).optional(),
        }),
      ),
    )
    .query(({ ctx, input }) => listAssignments(ctx.services.store, input)),
  mine: procedureFor('driver').query(({ ctx }) => myAssignments(ctx.services.store, ctx.actor)),
  create: procedureFor('supervisor')
    .input(
      z.object({ routeId: id, driverId: id, scheduledStart: z.iso.datetime({ offset: true }).optional() }),
    )
    .mutation(({ ctx, input }) => createAssignment(ctx.services.store, ctx.actor, input)),
  start: procedureFor('supervisor', 'driver')
    .input(byId)
    .mutation(({ ctx, input }) => startAssignment(ctx.services.store, ctx.actor, input.id)),
  finish: procedureFor('supervisor', 'driver')
    .input(z.object({ id, notes: z.string().trim().max(2_000).optional() }))
    .mutation(({ ctx, input }) => finishAssignment(ctx.services.store, ctx.actor, input)),
  cancel: procedureFor('supervisor')
    .input(byId)
    .mutation(({ ctx, input }) => cancelAssignment(ctx.services.store, ctx.actor, input.id)),
});
