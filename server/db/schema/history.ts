import {
  boolean,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { DaySummary } from '../../../shared/history.ts';
import { id, instant, ref } from './columns.ts';
import { trucks } from './fleet.ts';
import { stops } from './plan.ts';

/**
 * A truck's stay at a place, by its track. `place` is `depot`, `landfill`, `zone:oriental` … or `stop:12`. The rows are
 * what the fold of `telemetry/geofences.ts` makes of all plausible fixes in time order, however they arrived.
 */
export const visits = pgTable(
  'visits',
  {
    id: id(),
    truckId: ref('truck_id')
      .notNull()
      .references(() => trucks.id),
    place: text('place').notNull(),
    stopId: ref('stop_id').references(() => stops.id),
    arrivedAt: instant('arrived_at').notNull(),
    /** Null while it is there. */
    leftAt: instant('left_at'),
    /** True: seen as it happened, and told by an event. False: found when the track arrived late. */
    live: boolean('live').notNull(),
  },
  (t) => [
    uniqueIndex('visits_one').on(t.truckId, t.place, t.arrivedAt),
    index('visits_truck').on(t.truckId, t.arrivedAt),
    index('visits_stop').on(t.stopId),
  ],
);

/** How far each truck's track was looked at for visits, and how the truck stood then. */
export const visitStates = pgTable('visit_states', {
  truckId: ref('truck_id')
    .primaryKey()
    .references(() => trucks.id),
  /** Instant of the last fix looked at. */
  seenTo: instant('seen_to').notNull(),
  /** The fold's state by place. */
  state: jsonb('state').notNull(),
});

/** Stretches of track that arrived after their time: visits and evidence there are to be looked at again. */
export const lateTracks = pgTable('late_tracks', {
  truckId: ref('truck_id')
    .primaryKey()
    .references(() => trucks.id),
  fromAt: instant('from_at').notNull(),
  toAt: instant('to_at').notNull(),
  /** Grows with every late fix: a stretch that grew while it was looked at is looked at again. */
  grown: integer('grown').notNull().default(1),
});

/** A truck's local day, summed up when it was over, so that it stays exact after its track was thinned. */
export const truckDays = pgTable(
  'truck_days',
  {
    truckId: ref('truck_id')
      .notNull()
      .references(() => trucks.id),
    /** Calendar day in Latacunga. */
    day: date('day', { mode: 'string' }).notNull(),
    summary: jsonb('summary').$type<DaySummary>().notNull(),
    computedAt: instant('computed_at').notNull(),
  },
  (t) => [uniqueIndex('truck_days_one').on(t.truckId, t.day)],
);

/** Days of tracks that were thinned, with what it saved. */
export const thinnedDays = pgTable('thinned_days', {
  /** UTC day of the partition. */
  day: date('day', { mode: 'string' }).primaryKey(),
  toleranceM: doublePrecision('tolerance_m').notNull(),
  fixesBefore: integer('fixes_before').notNull(),
  fixesAfter: integer('fixes_after').notNull(),
  bytesBefore: doublePrecision('bytes_before').notNull(),
  bytesAfter: doublePrecision('bytes_after').notNull(),
  at: instant('at').notNull(),
});
