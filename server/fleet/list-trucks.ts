import type { TruckView } from '../../shared/fleet.ts';
import type { Store } from '../events/store.ts';
import { truckViews } from './truck-view.ts';

export function listTrucks(store: Store): Promise<TruckView[]> {
  return truckViews(store.database.db);
}
