import { desc, eq } from 'drizzle-orm';
import { decodePolyline } from '../../shared/polyline.ts';
import { DomainError } from '../../shared/errors.ts';
import type { PlanDiff, PlannedRoute, ProposalView, ProposedRoute } from '../../shared/plan.ts';
import type { Database } from '../db/connect.ts';
import { proposals, stops } from '../db/schema/index.ts';
import { anyOf } from './snapshot.ts';

/** Open proposals, the newest first, with the routes they change drawn whole. */
export async function openProposals(database: Database): Promise<ProposalView[]> {
  const rows = await database.db
    .select()
    .from(proposals)
    .where(eq(proposals.state, 'open'))
    .orderBy(desc(proposals.id));
  const ids = rows.flatMap((row) =>
    row.document.routes.flatMap((route) => route.stops.map((stop) => stop.stopId)),
  );
  const stopRows = await database.db.select().from(stops).where(anyOf(stops.id, ids));
  const byId = new Map(stopRows.map((stop) => [stop.id, stop]));
  return rows.map((row) => ({
    id: row.id,
    zone: row.zone,
    baseVersion: row.baseVersion,
    kind: row.kind,
    reason: row.reason,
    createdAt: row.at.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    solveMs: row.solveMs,
    diff: row.diff,
    incidentIds: row.incidentIds,
    routes: row.document.routes.map((route) => drawn(route, byId)),
  }));
}

function drawn(route: PlannedRoute, byId: ReadonlyMap<number, typeof stops.$inferSelect>): ProposedRoute {
  return {
    routeId: route.routeId,
    truckId: route.truckId,
    geometry: geometryOf(route.stops),
    stops: route.stops.flatMap((planned) => {
      const stop = byId.get(planned.stopId);
      if (stop === undefined) return [];
      return [
        {
          stopId: stop.id,
          kind: stop.kind,
          incidentId: stop.incidentId,
          lat: stop.lat,
          lon: stop.lon,
          eta: planned.arrival,
        },
      ];
    }),
  };
}

/** The legs of a route as one line. */
export function geometryOf(stops: readonly { leg: string }[]): ProposedRoute['geometry'] {
  const coordinates: [number, number][] = [];
  for (const stop of stops) {
    for (const point of decodePolyline(stop.leg)) {
      const last = coordinates.at(-1);
      if (last === undefined || last[0] !== point[0] || last[1] !== point[1]) coordinates.push(point);
    }
  }
  return { type: 'LineString', coordinates };
}

/** @throws DomainError `not-found` */
export async function planDiffOf(database: Database, proposalId: number): Promise<PlanDiff> {
  const [row] = await database.db
    .select({ diff: proposals.diff })
    .from(proposals)
    .where(eq(proposals.id, proposalId));
  if (row === undefined) throw new DomainError('not-found', 'No such proposal.', { id: proposalId });
  return row.diff;
}
