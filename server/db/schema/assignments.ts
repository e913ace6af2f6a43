import { sql } from 'drizzle-orm';
import { pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { AssignmentState } from '../../../shared/fleet.ts';
import { id, instant, ref } from './columns.ts';
import { drivers } from './fleet.ts';
import { routes } from './plan.ts';

/** A driver bound to a route. A scheduled start is kept apart from the actual one. */
export const assignments = pgTable(
  'assignments',
  {
    id: id(),
    routeId: ref('route_id')
      .notNull()
      .references(() => routes.id),
    driverId: ref('driver_id')
      .notNull()
      .references(() => drivers.id),
    state: text('state').$type<AssignmentState>().notNull().default('assigned'),
    assignedAt: instant('assigned_at').notNull().defaultNow(),
    scheduledStart: instant('scheduled_start'),
    startedAt: instant('started_at'),
    finishedAt: instant('finished_at'),
    notes: text('notes'),
  },
  (t) => [
    uniqueIndex('assignments_one_live_per_route')
      .on(t.routeId)
      .where(sql`${t.state} in ('assigned','started')`),
    uniqueIndex('assignments_one_live_per_driver')
      .on(t.driverId)
      .where(sql`${t.state} in ('assigned','started')`),
  ],
);
