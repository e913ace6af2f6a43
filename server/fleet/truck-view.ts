import { and, asc, eq, inArray, type SQL } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { TruckView } from '../../shared/fleet.ts';
import type { Tx } from '../db/connect.ts';
import { assignments, devices, drivers, routes, trucks } from '../db/schema/index.ts';

export type Reader = Pick<Tx, 'select'>;

/** Trucks with their devices, their live route and whoever drives it. */
export async function truckViews(reader: Reader, where?: SQL): Promise<TruckView[]> {
  const rows = await reader.select().from(trucks).where(where).orderBy(asc(trucks.plate));
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const fitted = await reader
    .select()
    .from(devices)
    .where(inArray(devices.truckId, ids))
    .orderBy(asc(devices.id));
  const live = await reader
    .select({ truckId: routes.truckId, routeId: routes.id, state: routes.state, driverName: drivers.name })
    .from(routes)
    .leftJoin(
      assignments,
      and(eq(assignments.routeId, routes.id), inArray(assignments.state, ['assigned', 'started'])),
    )
    .leftJoin(drivers, eq(drivers.id, assignments.driverId))
    .where(
      and(
        inArray(routes.truckId, ids),
        eq(routes.current, true),
        inArray(routes.state, ['planned', 'running']),
      ),
    )
    .orderBy(asc(routes.id));
  return rows.map((row) => {
    const own = live.filter((route) => route.truckId === row.id);
    const route = own.find(({ state }) => state === 'running') ?? own[0];
    return {
      id: row.id,
      plate: row.plate,
      type: row.type,
      state: row.state,
      capacity: row.capacity,
      loadAboard: row.loadAboard,
      zone: row.zone,
      planning: row.planning,
      shiftS: row.shiftS,
      overtimeMaxS: row.overtimeMaxS,
      outSince: row.outSince?.toISOString() ?? null,
      routeId: route?.routeId ?? null,
      driverName: route?.driverName ?? null,
      devices: fitted
        .filter((device) => device.truckId === row.id)
        .map((device) => ({
          id: device.id,
          name: device.name,
          uniqueId: device.uniqueId,
          revokedAt: device.revokedAt?.toISOString() ?? null,
          lastSeenAt: device.lastSeenAt?.toISOString() ?? null,
        })),
    };
  });
}

/** @throws DomainError `not-found` */
export async function truckView(reader: Reader, truckId: number): Promise<TruckView> {
  const [view] = await truckViews(reader, eq(trucks.id, truckId));
  if (!view) throw new DomainError('not-found', 'No such truck.', { truckId });
  return view;
}
