import { and, desc, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { StopKind, StopState } from '../../shared/plan.ts';
import type { EvidenceGrade } from '../../shared/visits.ts';
import type { Tx } from '../db/connect.ts';
import { assignments, stops } from '../db/schema/index.ts';
import { lockPlanHead } from './lock-plan-head.ts';
import { requireOwnWork } from './own-work.ts';

export type StopRow = typeof stops.$inferSelect;

/** A stop as it is driven; its timetable is the plan's. */
export interface StopRecord {
  id: number;
  kind: StopKind;
  routeId: number | null;
  incidentId?: number;
  containerId?: number;
  lat: number;
  lon: number;
  state: StopState;
  load: number;
  windowEnd?: string;
  departedAt: string | null;
  finishedAt: string | null;
  failReason: string | null;
  arrivedAt: string | null;
  leftAt: string | null;
  closedBy: 'word' | 'visit' | null;
  evidence: EvidenceGrade | null;
}

export function toStopRecord(row: StopRow): StopRecord {
  return {
    id: row.id,
    kind: row.kind,
    routeId: row.routeId,
    ...(row.incidentId === null ? {} : { incidentId: row.incidentId }),
    ...(row.containerId === null ? {} : { containerId: row.containerId }),
    lat: row.lat,
    lon: row.lon,
    state: row.state,
    load: row.load,
    ...(row.windowEnd === null ? {} : { windowEnd: row.windowEnd.toISOString() }),
    departedAt: row.departedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    failReason: row.failReason,
    arrivedAt: row.arrivedAt?.toISOString() ?? null,
    leftAt: row.leftAt?.toISOString() ?? null,
    closedBy: row.closedBy,
    evidence: row.evidence,
  };
}

/**
 * Locks the plan and reads a stop the actor may act on: a driver's must be on the route assigned to them.
 * @throws DomainError `not-found`, `not-yours`, `wrong-role`
 */
export async function stopToActOn(tx: Tx, actor: Actor, stopId: number): Promise<StopRow> {
  await lockPlanHead(tx);
  const [stop] = await tx.select().from(stops).where(eq(stops.id, stopId));
  if (!stop) {
    requireOwnWork(actor, null);
    throw new DomainError('not-found', 'No such stop.', { stopId });
  }
  const [driven] =
    stop.routeId === null
      ? []
      : await tx
          .select({ driverId: assignments.driverId })
          .from(assignments)
          .where(
            and(
              eq(assignments.routeId, stop.routeId),
              // An action of a phone that was offline may arrive after the route was finished.
              inArray(assignments.state, ['assigned', 'started', 'completed']),
            ),
          )
          .orderBy(desc(assignments.id))
          .limit(1);
  requireOwnWork(actor, driven?.driverId ?? null);
  return stop;
}

/** A stop is acted on while its route runs. @throws DomainError `invalid-transition` */
export function refusedStop(stop: StopRow, to: StopState, why?: string): DomainError {
  return new DomainError('invalid-transition', why ?? `A stop cannot go from ${stop.state} to ${to}.`, {
    stopId: stop.id,
    from: stop.state,
    to,
  });
}
