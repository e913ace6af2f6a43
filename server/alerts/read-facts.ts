import { activeClosures } from '../dispatch/closures.ts';
import { readSnapshot } from '../dispatch/snapshot.ts';
import { viewPlan } from '../dispatch/view.ts';
import type { Store } from '../events/store.ts';
import type { LiveTruck } from '../../shared/telemetry.ts';
import type { DeviceFact, IncidentFact, PositionFact, RoomFacts } from './detectors/index.ts';

/** What changes with events and slowly with the clock: plan, trucks, incidents, rules, closures. */
export type PlanFacts = Pick<
  RoomFacts,
  'rules' | 'trucks' | 'routes' | 'degraded' | 'incidents' | 'closures'
>;

/** Newest positions in memory, and what their devices say of the engine. */
export interface FleetPositions {
  snapshot(): LiveTruck[];
  deviceFixes(): { truckId: number; t: number; ignition: boolean | null }[];
}

export async function readPlanFacts(store: Store): Promise<PlanFacts> {
  const nowMs = store.clock();
  const snapshot = await readSnapshot(store.database.db, nowMs);
  const plan = viewPlan(snapshot);
  return {
    rules: snapshot.rules,
    trucks: [...snapshot.trucks.values()],
    routes: plan.routes.filter((route) => route.state === 'planned' || route.state === 'running'),
    degraded: plan.degraded,
    incidents: [...snapshot.incidents.values()].flatMap((incident): IncidentFact[] =>
      incident.state === 'validated' || incident.state === 'assigned'
        ? [
            {
              id: incident.id,
              code: incident.code,
              zone: incident.zone,
              severity: incident.severity,
              windowEndMs: incident.windowEnd.getTime(),
            },
          ]
        : [],
    ),
    closures: await activeClosures(store.database, nowMs),
  };
}

/**
 * Devices in use by what the database keeps of them: every instance writes it, so that a truck of another instance is
 * known here even while Redis is out. `skewOf` is what this instance saw of a device's clock.
 */
export async function readDeviceFacts(
  store: Store,
  skewOf: ReadonlyMap<number, number | null>,
): Promise<DeviceFact[]> {
  const rows = await store.database.sql<Omit<DeviceFact, 'skewS'>[]>`
    select d.id::float8 as id, d.truck_id::float8 as "truckId", d.name,
           (extract(epoch from l.recorded_at) * 1000)::float8 as "lastFixMs", l.battery
      from devices d left join device_latest l on l.device_id = d.id
     where d.revoked_at is null order by d.id`;
  return rows.map((row) => ({ ...row, skewS: skewOf.get(row.id) ?? null }));
}

export function readPositions(fleet: FleetPositions): Map<number, PositionFact> {
  const ignitions = new Map<number, { t: number; ignition: boolean | null }>();
  for (const fix of fleet.deviceFixes()) {
    const known = ignitions.get(fix.truckId);
    // Of a truck's two devices the newer one that tells the ignition at all.
    if (fix.ignition !== null && (known === undefined || fix.t > known.t)) ignitions.set(fix.truckId, fix);
  }
  return new Map(
    fleet
      .snapshot()
      .map((truck) => [
        truck.truckId,
        { ...truck, ignition: ignitions.get(truck.truckId)?.ignition ?? null },
      ]),
  );
}
