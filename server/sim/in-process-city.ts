import type { Actor } from '../../shared/actor.ts';
import type { LonLat, Point } from '../../shared/geo.ts';
import type { RouteView } from '../../shared/plan.ts';
import { currentPlan } from '../dispatch/current-plan.ts';
import type { Store } from '../events/store.ts';
import { createAssignment } from '../fleet/assignment-create.ts';
import { finishAssignment } from '../fleet/assignment-finish.ts';
import { startAssignment } from '../fleet/assignment-start.ts';
import { listDrivers } from '../fleet/list-drivers.ts';
import { listTrucks } from '../fleet/list-trucks.ts';
import { completeStop } from '../fleet/stop-complete.ts';
import { departForStop } from '../fleet/stop-depart.ts';
import { failStop } from '../fleet/stop-fail.ts';
import { reportIncident } from '../incidents/report.ts';
import { validateIncident } from '../incidents/validate.ts';
import type { Roads } from '../roads/roads.ts';
import type { City } from './city.ts';

/**
 * The simulated people acting straight on the verbs, under the store's own clock: the hour before the demo opens, and
 * headless runs that repeat.
 *
 * @param options.reserved drivers that stay free for whoever tries the demo
 */
export function inProcessCity(
  store: Store,
  roads: Roads,
  supervisor: Actor,
  options: {
    reserved?: ReadonlySet<number>;
    addressOf?: (place: Point) => Promise<string | null>;
  } = {},
): City {
  const reserved = options.reserved ?? new Set<number>();
  return {
    async routes() {
      return (await currentPlan(store, supervisor)).routes;
    },
    async outTrucks() {
      return new Set(
        (await listTrucks(store)).filter((truck) => truck.state !== 'available').map((truck) => truck.id),
      );
    },
    async way(from, to) {
      const way = await roads.route([
        [from.lon, from.lat],
        [to.lon, to.lat],
      ]);
      return { line: way.geometry as LonLat[], durationS: way.durationS };
    },
    async startAssignment(route) {
      await startAssignment(store, supervisor, assignmentOf(route));
    },
    async finishAssignment(route) {
      await finishAssignment(store, supervisor, { id: assignmentOf(route) });
    },
    async assignDriver(route) {
      const free = (await listDrivers(store, { state: 'available', zone: route.zone })).filter(
        (driver) => !reserved.has(driver.id),
      );
      for (const driver of free) {
        try {
          await createAssignment(store, supervisor, { routeId: route.id, driverId: driver.id });
          return true;
        } catch {
          // Bound to another route already: the next one.
        }
      }
      return false;
    },
    async depart(_route, stopId) {
      await departForStop(store, supervisor, stopId);
    },
    async complete(_route, stopId, clientId) {
      await completeStop(store, supervisor, { stopId, clientId });
    },
    async fail(_route, stopId, reason, clientId) {
      await failStop(store, supervisor, { stopId, reason, clientId });
    },
    async report(input) {
      const address = (await options.addressOf?.(input)) ?? null;
      return (await reportIncident(store, { kind: 'citizen' }, input, address)).id;
    },
    async validate(incidentId) {
      await validateIncident(store, supervisor, incidentId);
    },
  };
}

export function assignmentOf(route: RouteView): number {
  if (route.assignmentId === null) throw new Error(`route ${route.id} has no driver`);
  return route.assignmentId;
}
