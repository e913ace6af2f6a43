import { and, eq, inArray, or, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { PlanDocument } from '../../shared/plan.ts';
import type { Rules } from '../../shared/rules.ts';
import type { Db, Tx } from '../db/connect.ts';
import {
  assignments,
  containers,
  drivers,
  incidents,
  planHead,
  planVersions,
  routes,
  stops,
  trucks,
} from '../db/schema/index.ts';
import { currentRules } from '../rules/current.ts';

export type RouteRow = typeof routes.$inferSelect;
export type StopRow = typeof stops.$inferSelect;
export type TruckRow = typeof trucks.$inferSelect;
export type IncidentRow = typeof incidents.$inferSelect;
export type ContainerRow = typeof containers.$inferSelect;

export interface LiveAssignment {
  id: number;
  routeId: number;
  driverId: number;
  driverName: string;
  startedAt: Date | null;
  scheduledStart: Date | null;
  /** The driver's own longest shift. */
  shiftS: number | null;
}

/** Everything dispatch weighs, as of one instant of the database. */
export interface Snapshot {
  nowMs: number;
  rules: Rules;
  version: number;
  document: PlanDocument;
  routes: ReadonlyMap<number, RouteRow>;
  stops: ReadonlyMap<number, StopRow>;
  trucks: ReadonlyMap<number, TruckRow>;
  /** Validated and assigned ones, and those the plan still shows. */
  incidents: ReadonlyMap<number, IncidentRow>;
  /** The assigned or started one of each route. */
  assignments: ReadonlyMap<number, LiveAssignment>;
}

export const EMPTY_DOCUMENT: PlanDocument = { routes: [], degraded: false };

/** The current version and its document; version 0 is the empty plan before the first. */
export async function readCurrentPlan(tx: Tx | Db): Promise<{ version: number; document: PlanDocument }> {
  const [row] = await tx
    .select({ version: planHead.version, document: planVersions.document })
    .from(planHead)
    .leftJoin(planVersions, eq(planVersions.version, planHead.version));
  return { version: row?.version ?? 0, document: row?.document ?? EMPTY_DOCUMENT };
}

async function currentVersion(tx: Tx): Promise<number> {
  const [row] = await tx.select({ version: planHead.version }).from(planHead);
  return row?.version ?? 0;
}

/** Reads a consistent picture in one read-only transaction. */
export async function readSnapshot(db: Db, nowMs: number): Promise<Snapshot> {
  return db.transaction((tx) => snapshotIn(tx, nowMs), {
    isolationLevel: 'repeatable read',
    accessMode: 'read only',
  });
}

/**
 * The same inside a transaction of the caller.
 *
 * @param known an earlier picture: the document of its version need not be read again
 */
export async function snapshotIn(tx: Tx, nowMs: number, known?: Snapshot): Promise<Snapshot> {
  const { rules } = await currentRules(tx);
  const { version, document } =
    known !== undefined && (await currentVersion(tx)) === known.version ? known : await readCurrentPlan(tx);
  const stopIds = document.routes.flatMap((route) => route.stops.map((stop) => stop.stopId));
  const routeIds = document.routes.map((route) => route.routeId);
  const [routeRows, stopRows, truckRows, incidentRows, assignmentRows] = [
    await tx.select().from(routes).where(anyOf(routes.id, routeIds)),
    await tx.select().from(stops).where(anyOf(stops.id, stopIds)),
    await tx.select().from(trucks),
    await tx
      .select()
      .from(incidents)
      .where(
        or(
          inArray(incidents.state, ['validated', 'assigned']),
          sql`${incidents.id} in (select incident_id from stops where ${anyOf(stops.id, stopIds)})`,
        ),
      ),
    await tx
      .select({
        id: assignments.id,
        routeId: assignments.routeId,
        driverId: assignments.driverId,
        driverName: drivers.name,
        startedAt: assignments.startedAt,
        scheduledStart: assignments.scheduledStart,
        shiftS: drivers.shiftS,
      })
      .from(assignments)
      .innerJoin(drivers, eq(drivers.id, assignments.driverId))
      .where(and(inArray(assignments.state, ['assigned', 'started']))),
  ];
  return {
    nowMs,
    rules,
    version,
    document,
    routes: byId(routeRows),
    stops: byId(stopRows),
    trucks: byId(truckRows),
    incidents: byId(incidentRows),
    assignments: new Map(assignmentRows.map((row) => [row.routeId, row])),
  };
}

/** `column = any(ids)` with one bound parameter, so that a long list makes no long statement. */
export function anyOf(column: PgColumn, ids: readonly number[]) {
  return sql`${column} = any(${`{${ids.join(',')}}`}::bigint[])`;
}

function byId<T extends { id: number }>(rows: readonly T[]): Map<number, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

/** Containers in a zone that are due for emptying and on no open stop. */
export async function dueContainers(tx: Tx | Db, zone: string, nowMs: number): Promise<ContainerRow[]> {
  return tx
    .select()
    .from(containers)
    .where(
      and(
        eq(containers.active, true),
        sql`${containers.zone} = ${zone}`,
        sql`(${containers.lastEmptiedAt} is null
             or ${containers.lastEmptiedAt} + make_interval(days => ${containers.everyDays})
                < ${new Date(nowMs).toISOString()}::timestamptz + interval '12 hours')`,
        sql`not exists (select 1 from stops s where s.container_id = ${containers.id}
                        and s.state in ('planned','enroute') and s.route_id is not null)`,
      ),
    )
    .orderBy(containers.id);
}
