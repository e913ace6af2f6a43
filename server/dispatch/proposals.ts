import { desc, eq } from 'drizzle-orm';
import { decodePolyline } from '../../shared/polyline.ts';
import { DomainError } from '../../shared/errors.ts';
import { ALTERNATIVES } from '../../shared/plan.ts';
import type {
  AlternativeView,
  PlanDiff,
  PlannedRoute,
  ProposalView,
  ProposedRoute,
} from '../../shared/plan.ts';
import type { Database } from '../db/connect.ts';
import { proposalAlternatives, proposals, stops } from '../db/schema/index.ts';
import { anyOf } from './snapshot.ts';

/** Open proposals, the newest first, with the routes they change drawn whole. */
export async function openProposals(database: Database): Promise<ProposalView[]> {
  const rows = await database.db
    .select()
    .from(proposals)
    .where(eq(proposals.state, 'open'))
    .orderBy(desc(proposals.id));
  const byId = await stopsOf(
    database,
    rows.flatMap((row) => row.document.routes),
  );
  const named = await database.db
    .select({ proposalId: proposalAlternatives.proposalId, name: proposalAlternatives.name })
    .from(proposalAlternatives)
    .where(
      anyOf(
        proposalAlternatives.proposalId,
        rows.map((row) => row.id),
      ),
    );
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
    replaces: row.replaces,
    alternatives: named.filter((one) => one.proposalId === row.id).map((one) => one.name),
  }));
}

/** What the slider switches between: every alternative of a proposal computed so far, with its routes drawn whole. */
export async function alternativesOf(database: Database, proposalId: number): Promise<AlternativeView[]> {
  const rows = await database.db
    .select()
    .from(proposalAlternatives)
    .where(eq(proposalAlternatives.proposalId, proposalId));
  const byId = await stopsOf(
    database,
    rows.flatMap((row) => row.document.routes),
  );
  return rows
    .sort((a, b) => ALTERNATIVES.indexOf(a.name) - ALTERNATIVES.indexOf(b.name))
    .map((row) => ({
      name: row.name,
      stabilityS: row.stabilityS,
      hash: row.hash,
      solveMs: row.solveMs,
      diff: row.diff,
      routes: row.document.routes.map((route) => drawn(route, byId)),
    }));
}

/** The rows of the routes' stops. */
export async function stopsOf(
  database: Database,
  routes: readonly PlannedRoute[],
): Promise<Map<number, typeof stops.$inferSelect>> {
  const ids = routes.flatMap((route) => route.stops.map((stop) => stop.stopId));
  const rows = await database.db.select().from(stops).where(anyOf(stops.id, ids));
  return new Map(rows.map((stop) => [stop.id, stop]));
}

export function drawn(
  route: PlannedRoute,
  byId: ReadonlyMap<number, typeof stops.$inferSelect>,
): ProposedRoute {
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
