import type { Actor } from '../../shared/actor.ts';
import type { PlanView } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Store } from '../events/store.ts';
import { readSnapshot } from './snapshot.ts';
import { viewPlan } from './view.ts';

/** The plan in force; a driver gets only the route it is assigned to. */
export async function currentPlan(store: Store, actor: Actor, zone?: Zone): Promise<PlanView> {
  const snapshot = await readSnapshot(store.database.db, store.clock());
  const view = viewPlan(snapshot, zone);
  if (actor.kind !== 'user' || actor.role !== 'driver') return view;
  return { ...view, routes: view.routes.filter((route) => route.driverId === (actor.driverId ?? -1)) };
}
