import { z } from 'zod';
import { incidentState, incidentType, reportInput } from '../../../shared/incident.ts';
import { zone } from '../../../shared/rules.ts';
import { limitReports } from '../../access/limit-reports.ts';
import { cancelIncident } from '../../incidents/cancel.ts';
import { completeIncident } from '../../incidents/complete.ts';
import { getIncident } from '../../incidents/get.ts';
import { incidentStory } from '../../incidents/story.ts';
import { listIncidents } from '../../incidents/list.ts';
import { reportIncident } from '../../incidents/report.ts';
import { trackIncident } from '../../incidents/track.ts';
import { validateIncident } from '../../incidents/validate.ts';
import { byId, id, optional } from '../inputs.ts';
import { procedureFor, publicProcedure, router } from '../trpc.ts';

export const incidentsRouter = router({
  report: publicProcedure.input(reportInput).mutation(async ({ ctx, input }) => {
    await limitReports(ctx.services.limiter, ctx.address);
    const address = (await ctx.services.addressOf?.(input)) ?? null;
    return reportIncident(ctx.services.store, ctx.actor, input, address);
  }),
  list: procedureFor('operator')
    .input(
      optional(
        z.object({
          state: z.union([incidentState, z.array(incidentState).min(1).max(5)]).optional(),
          zone: zone.optional(),
          type: incidentType.optional(),
          limit: z.number().int().min(1).max(500).optional(),
          cursor: z.string().max(100).optional(),
        }),
      ),
    )
    .query(({ ctx, input }) => listIncidents(ctx.services.store, input)),
  get: procedureFor('operator')
    .input(byId)
    .query(({ ctx, input }) => getIncident(ctx.services.store, input.id)),
  story: procedureFor('operator')
    .input(byId)
    .query(({ ctx, input }) => incidentStory(ctx.services.store, input.id)),
  validate: procedureFor('operator')
    .input(byId)
    .mutation(({ ctx, input }) => validateIncident(ctx.services.store, ctx.actor, input.id)),
  cancel: procedureFor('operator')
    .input(z.object({ id, reason: z.string().trim().min(1).max(500) }))
    .mutation(({ ctx, input }) => cancelIncident(ctx.services.store, ctx.actor, input)),
  complete: procedureFor('supervisor')
    .input(z.object({ id, outcome: z.string().trim().min(1).max(500).optional() }))
    .mutation(({ ctx, input }) => completeIncident(ctx.services.store, ctx.actor, input)),
  track: publicProcedure
    .input(z.object({ code: z.string().trim().toUpperCase().min(4).max(40) }))
    .query(({ ctx, input }) => trackIncident(ctx.services.store, input.code)),
});
