import { z } from 'zod';
import { exportTrips } from '../../history/export-trips.ts';
import { servedStops } from '../../history/served-stops.ts';
import { truckDays, truckHistory } from '../../history/truck-history.ts';
import { visitsOf } from '../../history/visits-of.ts';
import { id, instant } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

const stretch = z.object({ truckId: id, from: instant, to: instant });

export const historyRouter = router({
  trips: procedureFor('operator')
    .input(stretch)
    .query(({ ctx, input }) =>
      truckHistory(ctx.services.store.database, input.truckId, new Date(input.from), new Date(input.to)),
    ),
  /** The same as a table for a spreadsheet. */
  tripsCsv: procedureFor('operator')
    .input(stretch.extend({ language: z.enum(['es', 'en']).default('es') }))
    .query(({ ctx, input }) =>
      exportTrips(
        ctx.services.store.database,
        input.truckId,
        new Date(input.from),
        new Date(input.to),
        input.language,
      ),
    ),
  days: procedureFor('operator')
    .input(z.object({ truckId: id, fromDay: z.iso.date(), toDay: z.iso.date() }))
    .query(({ ctx, input }) =>
      truckDays(
        ctx.services.store.database,
        input.truckId,
        input.fromDay,
        input.toDay,
        ctx.services.store.clock(),
      ),
    ),
  stops: procedureFor('operator')
    .input(stretch)
    .query(({ ctx, input }) =>
      servedStops(ctx.services.store.database, input.truckId, new Date(input.from), new Date(input.to)),
    ),
  visits: procedureFor('operator')
    .input(stretch)
    .query(({ ctx, input }) =>
      visitsOf(ctx.services.store.database, input.truckId, new Date(input.from), new Date(input.to)),
    ),
});
