import { desc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { IncidentView } from '../../shared/incident.ts';
import type { Tx } from '../db/connect.ts';
import { incidentReports, incidents, stops } from '../db/schema/index.ts';

export type Reader = Pick<Tx, 'select'>;

/** Incidents as the office sees them, newest first. */
export async function incidentViews(
  reader: Reader,
  where: SQL | undefined,
  limit: number,
): Promise<IncidentView[]> {
  const rows = await reader.select().from(incidents).where(where).orderBy(desc(incidents.id)).limit(limit);
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const told = await reader
    .select({
      incidentId: incidentReports.incidentId,
      reports: sql<number>`count(*)::int`,
      photoIds: sql<
        string[]
      >`coalesce(array_agg(${incidentReports.photoId}::text order by ${incidentReports.id}) filter (where ${incidentReports.photoId} is not null), '{}')`,
    })
    .from(incidentReports)
    .where(inArray(incidentReports.incidentId, ids))
    .groupBy(incidentReports.incidentId);
  const places = await reader
    .select({ incidentId: stops.incidentId, stopId: stops.id, routeId: stops.routeId, state: stops.state })
    .from(stops)
    .where(inArray(stops.incidentId, ids))
    .orderBy(stops.id);
  const reportsOf = new Map(told.map((row) => [row.incidentId, row]));
  // Later stops overwrite earlier ones: a failed attempt gives way to the one that followed it.
  const placeOf = new Map(places.filter((p) => p.routeId !== null).map((place) => [place.incidentId, place]));
  return rows.map((row) => {
    const held = row.state === 'assigned' || row.state === 'completed' ? placeOf.get(row.id) : undefined;
    return {
      id: row.id,
      code: row.code,
      type: row.type,
      severity: row.severity,
      zone: row.zone,
      state: row.state,
      lat: row.lat,
      lon: row.lon,
      address: row.address,
      description: row.description,
      photoIds: reportsOf.get(row.id)?.photoIds ?? [],
      reportedAt: row.reportedAt.toISOString(),
      windowStart: row.windowStart.toISOString(),
      windowEnd: row.windowEnd.toISOString(),
      validatedAt: row.validatedAt?.toISOString() ?? null,
      closedAt: row.closedAt?.toISOString() ?? null,
      cancelReason: row.cancelReason,
      outcome: row.outcome,
      reports: reportsOf.get(row.id)?.reports ?? 0,
      routeId: held?.routeId ?? null,
      stopId: held?.stopId ?? null,
    };
  });
}

/** @throws DomainError `not-found` */
export async function incidentView(reader: Reader, incidentId: number): Promise<IncidentView> {
  const [view] = await incidentViews(reader, eq(incidents.id, incidentId), 1);
  if (!view) throw new DomainError('not-found', 'No such incident.', { id: incidentId });
  return view;
}
