import { asc, eq, type SQL } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { DriverView } from '../../shared/fleet.ts';
import type { Tx } from '../db/connect.ts';
import { drivers, users } from '../db/schema/index.ts';

export type Reader = Pick<Tx, 'select'>;

export async function driverViews(reader: Reader, where?: SQL): Promise<DriverView[]> {
  const rows = await reader
    .select({ driver: drivers, username: users.username })
    .from(drivers)
    .innerJoin(users, eq(users.id, drivers.userId))
    .where(where)
    .orderBy(asc(drivers.name), asc(drivers.id));
  return rows.map(({ driver, username }) => ({
    id: driver.id,
    userId: driver.userId,
    name: driver.name,
    username,
    cedula: driver.cedula,
    phone: driver.phone,
    licence: driver.licence,
    state: driver.state,
    zonePreference: driver.zonePreference,
    shiftS: driver.shiftS,
  }));
}

/** @throws DomainError `not-found` */
export async function driverView(reader: Reader, driverId: number): Promise<DriverView> {
  const [view] = await driverViews(reader, eq(drivers.id, driverId));
  if (!view) throw new DomainError('not-found', 'No such driver.', { driverId });
  return view;
}
