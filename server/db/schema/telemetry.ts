import {
  boolean,
  doublePrecision,
  index,
  integer,
  pgTable,
  primaryKey,
  real,
  text,
} from 'drizzle-orm/pg-core';
import type { FixFlag } from '../../../shared/telemetry.ts';
import { instant, pointColumn, ref } from './columns.ts';
import { devices, trucks } from './fleet.ts';

/**
 * History, partitioned by day (hand-written in its migration). The key is the idempotency key; `truckId` is as
 * assigned at that instant. No spatial index here: it would halve the write rate.
 */
export const tracks = pgTable(
  'tracks',
  {
    deviceId: ref('device_id').notNull(),
    truckId: ref('truck_id').notNull(),
    recordedAt: instant('recorded_at').notNull(),
    receivedAt: instant('received_at').notNull(),
    geom: pointColumn('geom').notNull(),
    speed: real('speed'),
    heading: real('heading'),
    accuracy: real('accuracy'),
    battery: real('battery'),
    ignition: boolean('ignition'),
    flag: text('flag').$type<FixFlag>(),
  },
  (t) => [
    primaryKey({ columns: [t.deviceId, t.recordedAt] }),
    index('tracks_truck').on(t.truckId, t.recordedAt),
  ],
);

/** One row a device: its latest good fix, spatially indexed. A truck's position is chosen among its devices'. */
export const deviceLatest = pgTable(
  'device_latest',
  {
    deviceId: ref('device_id')
      .primaryKey()
      .references(() => devices.id),
    truckId: ref('truck_id')
      .notNull()
      .references(() => trucks.id),
    recordedAt: instant('recorded_at').notNull(),
    receivedAt: instant('received_at').notNull(),
    lat: doublePrecision('lat').notNull(),
    lon: doublePrecision('lon').notNull(),
    geom: pointColumn('geom').notNull(),
    speed: real('speed'),
    heading: real('heading'),
    accuracy: real('accuracy'),
    battery: real('battery'),
    ignition: boolean('ignition'),
  },
  (t) => [index('device_latest_geom').using('gist', t.geom)],
);

/**
 * Which server instance settles a device's flags. It alone keeps the end of that device's trail in memory and may
 * append without looking; another one that receives the device's fixes takes the row over first.
 */
export const deviceWriters = pgTable('device_writers', {
  deviceId: ref('device_id')
    .primaryKey()
    .references(() => devices.id, { onDelete: 'cascade' }),
  writer: integer('writer').notNull(),
});
