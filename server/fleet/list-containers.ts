import { and, eq } from 'drizzle-orm';
import type { Zone } from '../../shared/rules.ts';
import { containers } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { containerViews, type ContainerView } from './container-view.ts';

export function listContainers(
  store: Store,
  filter: { zone?: Zone | undefined; active?: boolean | undefined },
): Promise<ContainerView[]> {
  return containerViews(
    store.database.db,
    and(
      filter.zone && eq(containers.zone, filter.zone),
      filter.active === undefined ? undefined : eq(containers.active, filter.active),
    ),
  );
}
