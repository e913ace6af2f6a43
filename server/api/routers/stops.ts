import { z } from 'zod';
import { stopPin } from '../../../shared/plan.ts';
import { completeStop } from '../../fleet/stop-complete.ts';
import { departForStop } from '../../fleet/stop-depart.ts';
import { failStop } from '../../fleet/stop-fail.ts';
import { pinStop } from '../../fleet/pin-stop.ts';
import { reopenStop } from '../../fleet/stop-reopen.ts';
import { id } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

/** The driver page's own id of an action: sending the action again changes nothing. */
const clientId = z.string().trim().min(1).max(100).optional();

export const stopsRouter = router({
  /** Takes back what a visit closed. */
  reopen: procedureFor('supervisor', 'driver')
    .input(z.object({ stopId: id }))
    .mutation(({ ctx, input }) => reopenStop(ctx.services.store, ctx.actor, input.stopId)),
  depart: procedureFor('supervisor', 'driver')
    .input(z.object({ stopId: id }))
    .mutation(({ ctx, input }) => departForStop(ctx.services.store, ctx.actor, input.stopId)),
  complete: procedureFor('supervisor', 'driver')
    .input(z.object({ stopId: id, clientId }))
    .mutation(({ ctx, input }) => completeStop(ctx.services.store, ctx.actor, input)),
  fail: procedureFor('supervisor', 'driver')
    .input(z.object({ stopId: id, reason: z.string().trim().min(1).max(500), clientId }))
    .mutation(({ ctx, input }) => failStop(ctx.services.store, ctx.actor, input)),
  /** Keeps a stop on its truck, or in its place, whatever is planned anew; null lets it go. */
  pin: procedureFor('supervisor')
    .input(z.object({ stopId: id, pin: stopPin.nullable() }))
    .mutation(({ ctx, input }) => pinStop(ctx.services.store, ctx.actor, input)),
});
