import { sql } from 'drizzle-orm';
import { check, doublePrecision, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { IncidentState, IncidentType } from '../../../shared/incident.ts';
import type { Zone } from '../../../shared/rules.ts';
import { users } from './access.ts';
import { id, instant, pointOfLonLat, ref } from './columns.ts';

export const incidents = pgTable(
  'incidents',
  {
    id: id(),
    /** What a citizen follows it by; unguessable. */
    code: text('code').notNull().unique(),
    type: text('type').$type<IncidentType>().notNull(),
    severity: doublePrecision('severity').notNull(),
    zone: text('zone').$type<Zone>().notNull(),
    state: text('state').$type<IncidentState>().notNull().default('pending'),
    lat: doublePrecision('lat').notNull(),
    lon: doublePrecision('lon').notNull(),
    geom: pointOfLonLat(),
    address: text('address'),
    description: text('description'),
    reportedAt: instant('reported_at').notNull(),
    windowStart: instant('window_start').notNull(),
    windowEnd: instant('window_end').notNull(),
    validatedAt: instant('validated_at'),
    closedAt: instant('closed_at'),
    cancelReason: text('cancel_reason'),
    outcome: text('outcome'),
    rulesVersion: integer('rules_version').notNull(),
  },
  (t) => [
    index('incidents_state_zone').on(t.state, t.zone),
    index('incidents_geom').using('gist', t.geom),
    check('incidents_state', sql`${t.state} in ('pending','validated','assigned','completed','cancelled')`),
  ],
);

/** Each time somebody told of it: the first report and those that joined. */
export const incidentReports = pgTable(
  'incident_reports',
  {
    id: id(),
    incidentId: ref('incident_id')
      .notNull()
      .references(() => incidents.id),
    at: instant('at').notNull(),
    description: text('description'),
    photoId: uuid('photo_id'),
    userId: ref('user_id').references(() => users.id),
  },
  (t) => [index('incident_reports_incident').on(t.incidentId)],
);

/** The picture itself lies in DATA_DIR/photos under its id. */
export const photos = pgTable('photos', {
  id: uuid('id').primaryKey(),
  mime: text('mime').notNull(),
  bytes: integer('bytes').notNull(),
  sha256: text('sha256').notNull(),
  at: instant('at').notNull().defaultNow(),
});
