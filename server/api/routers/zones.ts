import { zonesStatus } from '../../incidents/zones-status.ts';
import { procedureFor, router } from '../trpc.ts';

export const zonesRouter = router({
  status: procedureFor('operator').query(({ ctx }) => zonesStatus(ctx.services.store)),
});
