import { z } from 'zod';
import { channelChange, channelInput, pushSubscriptionInput } from '../../../shared/alerts.ts';
import { DomainError } from '../../../shared/errors.ts';
import { acknowledgeAlert } from '../../alerts/acknowledge.ts';
import { annotateAlert } from '../../alerts/annotate.ts';
import { assignAlert } from '../../alerts/assign.ts';
import { removeChannel, updateChannel } from '../../alerts/channel-change.ts';
import { createChannel } from '../../alerts/channel-create.ts';
import { retryDelivery, tryChannel } from '../../alerts/channel-try.ts';
import { channelViews } from '../../alerts/channel-view.ts';
import { clearAlert } from '../../alerts/clear.ts';
import { deliveriesOfChannel, getAlert } from '../../alerts/get.ts';
import { listAlerts } from '../../alerts/list.ts';
import { muteAlert } from '../../alerts/mute.ts';
import { roomPeople } from '../../alerts/people.ts';
import { subscribePush, unsubscribePush } from '../../alerts/push-subscribe.ts';
import { byId, id, optional } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

const note = z.string().trim().min(1).max(1_000);

export const alertsRouter = router({
  list: procedureFor('operator')
    .input(
      optional(
        z.object({
          cleared: z.boolean().optional(),
          before: id.optional(),
          limit: z.number().int().min(1).max(500).optional(),
        }),
      ),
    )
    .query(({ ctx, input }) => listAlerts(ctx.services.store, input)),
  get: procedureFor('operator')
    .input(byId)
    .query(({ ctx, input }) => getAlert(ctx.services.store, input.id)),
  acknowledge: procedureFor('operator')
    .input(z.object({ id, note: note.optional() }))
    .mutation(({ ctx, input }) => acknowledgeAlert(ctx.services.store, ctx.actor, input)),
  assign: procedureFor('operator')
    .input(z.object({ id, userId: id, note: note.optional() }))
    .mutation(({ ctx, input }) => assignAlert(ctx.services.store, ctx.actor, input)),
  clear: procedureFor('operator')
    .input(z.object({ id, note: note.optional() }))
    .mutation(({ ctx, input }) => clearAlert(ctx.services.store, ctx.actor, input)),
  note: procedureFor('operator')
    .input(z.object({ id, note }))
    .mutation(({ ctx, input }) => annotateAlert(ctx.services.store, ctx.actor, input)),
  mute: procedureFor('operator')
    .input(z.object({ id, muted: z.boolean() }))
    .mutation(({ ctx, input }) => muteAlert(ctx.services.store, ctx.actor, input)),
  people: procedureFor('operator').query(({ ctx }) => roomPeople(ctx.services.store)),
  pushKey: procedureFor('operator').query(async ({ ctx }) => {
    const { pushKey } = ctx.services;
    if (!pushKey) throw new DomainError('shutting-down', 'Nothing is pushed here.');
    return { publicKey: await pushKey() };
  }),
  subscribePush: procedureFor('operator')
    .input(pushSubscriptionInput)
    .mutation(({ ctx, input }) => subscribePush(ctx.services.store, ctx.actor, input)),
  unsubscribePush: procedureFor('operator')
    .input(z.object({ endpoint: z.string().min(1).max(1_000) }))
    .mutation(({ ctx, input }) => unsubscribePush(ctx.services.store, ctx.actor, input.endpoint)),
  channels: procedureFor('admin').query(({ ctx }) => channelViews(ctx.services.store.database.db)),
  channelDeliveries: procedureFor('admin')
    .input(byId)
    .query(({ ctx, input }) => deliveriesOfChannel(ctx.services.store, input.id)),
  createChannel: procedureFor('admin')
    .input(channelInput)
    .mutation(({ ctx, input }) => createChannel(ctx.services.store, ctx.actor, input)),
  updateChannel: procedureFor('admin')
    .input(channelChange)
    .mutation(({ ctx, input }) => updateChannel(ctx.services.store, ctx.actor, input)),
  removeChannel: procedureFor('admin')
    .input(byId)
    .mutation(({ ctx, input }) => removeChannel(ctx.services.store, ctx.actor, input.id)),
  tryChannel: procedureFor('admin')
    .input(byId)
    .mutation(({ ctx, input }) => tryChannel(ctx.services.store, ctx.actor, input.id)),
  retryDelivery: procedureFor('admin')
    .input(byId)
    .mutation(({ ctx, input }) => retryDelivery(ctx.services.store, ctx.actor, input.id)),
});
