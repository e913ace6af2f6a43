import { and, eq, isNull, or } from 'drizzle-orm';
import type { DriverState, DriverView } from '../../shared/fleet.ts';
import type { Zone } from '../../shared/rules.ts';
import { drivers } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { driverViews } from './driver-view.ts';

/** By name. `zone` means: who would drive there (prefers it, or has no preference). */
export function listDrivers(
  store: Store,
  filter: { state?: DriverState | undefined; zone?: Zone | undefined },
): Promise<DriverView[]> {
  return driverViews(
    store.database.db,
    and(
      filter.state && eq(drivers.state, filter.state),
      filter.zone && or(eq(drivers.zonePreference, filter.zone), isNull(drivers.zonePreference)),
    ),
  );
}
