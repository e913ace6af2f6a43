import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  date,
  doublePrecision,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core';
import type { DriverState, Licence, TruckPlanning, TruckState, TruckType } from '../../../shared/fleet.ts';
import type { Zone } from '../../../shared/rules.ts';
import { users } from './access.ts';
import { id, instant, pointOfLonLat, ref } from './columns.ts';

export const trucks = pgTable(
  'trucks',
  {
    id: id(),
    plate: text('plate').notNull().unique(),
    type: text('type').$type<TruckType>().notNull(),
    /** Severity points. */
    capacity: doublePrecision('capacity').notNull(),
    state: text('state').$type<TruckState>().notNull().default('available'),
    zone: text('zone').$type<Zone>(),
    /** What it carries now, in severity points; only a disposal empties it. */
    loadAboard: doublePrecision('load_aboard').notNull().default(0),
    /** What a re-plan may do with it. */
    planning: text('planning').$type<TruckPlanning>().notNull().default('open'),
    /** Its own shift and overtime; null = the rules'. */
    shiftS: integer('shift_s'),
    overtimeMaxS: integer('overtime_max_s'),
    /** Since when it is out of service. */
    outSince: instant('out_since'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    check('trucks_type', sql`${t.type} in ('lateral','posterior')`),
    check('trucks_planning', sql`${t.planning} in ('open','locked','excluded')`),
    check('trucks_state', sql`${t.state} in ('available','out','retired')`),
  ],
);

export const devices = pgTable(
  'devices',
  {
    id: id(),
    truckId: ref('truck_id')
      .notNull()
      .references(() => trucks.id),
    name: text('name').notNull(),
    /** What a tracker calls itself, for the HTTP protocols. */
    uniqueId: text('unique_id').unique(),
    kind: text('kind').$type<'tracker' | 'phone'>().notNull().default('tracker'),
    /** SHA-256 of the token, which is shown once. */
    tokenHash: text('token_hash').notNull().unique(),
    createdAt: instant('created_at').notNull().defaultNow(),
    revokedAt: instant('revoked_at'),
    lastSeenAt: instant('last_seen_at'),
  },
  (t) => [index('devices_truck').on(t.truckId)],
);

/**
 * The trucks a device was fitted to, for devices that were moved; one that never was has no rows. From `since` on its
 * fixes belong to `truckId`, however late they arrive; those before its first row belong to that row's truck.
 */
export const deviceTrucks = pgTable(
  'device_trucks',
  {
    deviceId: ref('device_id')
      .notNull()
      .references(() => devices.id, { onDelete: 'cascade' }),
    since: instant('since').notNull(),
    truckId: ref('truck_id')
      .notNull()
      .references(() => trucks.id),
  },
  (t) => [primaryKey({ columns: [t.deviceId, t.since] })],
);

export const drivers = pgTable('drivers', {
  id: id(),
  userId: ref('user_id')
    .notNull()
    .unique()
    .references(() => users.id),
  name: text('name').notNull(),
  cedula: text('cedula').notNull().unique(),
  phone: text('phone'),
  licence: text('licence').$type<Licence>().notNull(),
  state: text('state').$type<DriverState>().notNull().default('available'),
  /** null = both. */
  zonePreference: text('zone_preference').$type<Zone>(),
  /** The longest shift this driver works; null = the rules'. */
  shiftS: integer('shift_s'),
  hiredOn: date('hired_on', { mode: 'string' }),
  createdAt: instant('created_at').notNull().defaultNow(),
});

export const containers = pgTable(
  'containers',
  {
    id: id(),
    code: text('code').notNull().unique(),
    lat: doublePrecision('lat').notNull(),
    lon: doublePrecision('lon').notNull(),
    geom: pointOfLonLat(),
    zone: text('zone').$type<Zone>().notNull(),
    /** Severity points it fills. */
    load: doublePrecision('load').notNull(),
    address: text('address'),
    active: boolean('active').notNull().default(true),
    /** Emptied every so many days. */
    everyDays: integer('every_days').notNull().default(1),
    lastEmptiedAt: instant('last_emptied_at'),
  },
  (t) => [index('containers_geom').using('gist', t.geom)],
);
