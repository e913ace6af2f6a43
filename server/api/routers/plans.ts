import { z } from 'zod';
import { alternativeName } from '../../../shared/plan.ts';
import { rulesSchema, zone } from '../../../shared/rules.ts';
import { approve } from '../../dispatch/approve.ts';
import { approvePart } from '../../dispatch/approve-part.ts';
import { breakdown } from '../../dispatch/breakdown.ts';
import { currentPlan } from '../../dispatch/current-plan.ts';
import { approveDraft, discardDraft, listDrafts, moveInDraft, openDraft } from '../../dispatch/drafts.ts';
import { generate } from '../../dispatch/generate.ts';
import { planHistory } from '../../dispatch/history.ts';
import { moveStop } from '../../dispatch/move-stop.ts';
import { placesFor } from '../../dispatch/places.ts';
import { openPromises } from '../../dispatch/promises.ts';
import { alternativesOf, openProposals } from '../../dispatch/proposals.ts';
import { reject } from '../../dispatch/reject.ts';
import { undo } from '../../dispatch/undo.ts';
import { setAutoApprove } from '../../rules/update.ts';
import { byId, id, optional } from '../inputs.ts';
import { dispatchOf } from '../services.ts';
import { procedureFor, router } from '../trpc.ts';

const version = z.number().int().min(0).max(2_147_483_647);

export const plansRouter = router({
  /** A driver sees the route it is assigned to, everybody else of the house the whole plan. */
  current: procedureFor('operator', 'driver')
    .input(optional(z.object({ zone: zone.optional() })))
    .query(({ ctx, input }) => currentPlan(ctx.services.store, ctx.actor, input.zone)),
  generate: procedureFor('supervisor')
    .input(z.object({ zone, containers: z.boolean().optional() }))
    .mutation(({ ctx, input }) => generate(dispatchOf(ctx.services), ctx.actor, input)),
  proposals: procedureFor('operator').query(({ ctx }) => openProposals(ctx.services.store.database)),
  /** The slider's points of a proposal, as far as they are computed. */
  alternatives: procedureFor('operator')
    .input(byId)
    .query(({ ctx, input }) => alternativesOf(ctx.services.store.database, input.id)),
  approve: procedureFor('supervisor')
    .input(byId.extend({ alternative: alternativeName.optional() }))
    .mutation(({ ctx, input }) => approve(ctx.services.store, ctx.actor, input)),
  /** Some moves of a proposal; a dry run prices them and names what stands against it. */
  approvePart: procedureFor('supervisor')
    .input(
      byId.extend({
        alternative: alternativeName.optional(),
        stopIds: z.array(id).min(1).max(2_000),
        dryRun: z.boolean().optional(),
      }),
    )
    .mutation(({ ctx, input }) => approvePart(dispatchOf(ctx.services), ctx.actor, input)),
  /** Below which price and number of moved stops a proposal approves itself; null: never. */
  setAutoApprove: procedureFor('supervisor')
    .input(z.object({ limit: rulesSchema.shape.autoApproveBelow }))
    .mutation(({ ctx, input }) => setAutoApprove(ctx.services.store, ctx.actor, input.limit)),
  reject: procedureFor('supervisor')
    .input(z.object({ id, reason: z.string().trim().min(1).max(500) }))
    .mutation(({ ctx, input }) => reject(ctx.services.store, ctx.actor, input)),
  /** Begins to change a proposal by hand, or goes on with what was begun. */
  editProposal: procedureFor('supervisor')
    .input(z.object({ proposalId: id, alternative: alternativeName.optional() }))
    .mutation(({ ctx, input }) => openDraft(ctx.services.store, ctx.actor, input)),
  drafts: procedureFor('operator').query(({ ctx }) => listDrafts(ctx.services.store.database)),
  moveInDraft: procedureFor('supervisor')
    .input(
      z.object({
        draftId: id,
        stopId: id,
        /** A route of the draft or the plan, or a truck in service, also one without a route. */
        toRouteId: id.optional(),
        toTruckId: id.optional(),
        index: z.number().int().min(0).max(10_000).optional(),
        dryRun: z.boolean().optional(),
        revision: z.number().int().min(1).max(1_000_000).optional(),
      }),
    )
    .mutation(({ ctx, input }) => moveInDraft(dispatchOf(ctx.services), ctx.actor, input)),
  approveDraft: procedureFor('supervisor')
    .input(byId.extend({ revision: z.number().int().min(1).max(1_000_000).optional() }))
    .mutation(({ ctx, input }) => approveDraft(dispatchOf(ctx.services), ctx.actor, input)),
  discardDraft: procedureFor('supervisor')
    .input(byId)
    .mutation(({ ctx, input }) => discardDraft(ctx.services.store, ctx.actor, input)),
  moveStop: procedureFor('supervisor')
    .input(
      z.object({
        stopId: id,
        toRouteId: id,
        index: z.number().int().min(0).max(10_000).optional(),
        dryRun: z.boolean().optional(),
        baseVersion: version.optional(),
      }),
    )
    .mutation(({ ctx, input }) => moveStop(dispatchOf(ctx.services), ctx.actor, input)),
  breakdown: procedureFor('supervisor')
    .input(z.object({ truckId: id, dryRun: z.boolean().optional() }))
    .mutation(({ ctx, input }) => breakdown(dispatchOf(ctx.services), ctx.actor, input)),
  /** Where an incident or a stop could go, and at what price. */
  places: procedureFor('operator')
    .input(z.object({ incidentId: id.optional(), stopId: id.optional() }))
    .query(({ ctx, input }) => placesFor(dispatchOf(ctx.services), input)),
  /** Open promises with the probability that each is kept, the one most in danger first. */
  promises: procedureFor('operator')
    .input(optional(z.object({ zone: zone.optional() })))
    .query(({ ctx, input }) => openPromises(dispatchOf(ctx.services), input)),
  undo: procedureFor('supervisor')
    .input(z.object({ version: version.min(1) }))
    .mutation(({ ctx, input }) => undo(ctx.services.store, ctx.actor, input)),
  history: procedureFor('operator').query(({ ctx }) => planHistory(ctx.services.store.database)),
});
