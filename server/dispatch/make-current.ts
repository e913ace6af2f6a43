import { createHash } from 'node:crypto';
import { and, desc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type {
  Approval,
  PlanDiff,
  PlanDocument,
  PlanKind,
  PlannedRoute,
  PlannedStop,
} from '../../shared/plan.ts';
import { DomainError } from '../../shared/errors.ts';
import type { Tx } from '../db/connect.ts';
import { incidents, planHead, planVersions, routes, stops } from '../db/schema/index.ts';
import type { Emit } from '../events/store.ts';
import { totalsOf, type DraftPlan, type DraftStop } from './draft.ts';
import { assertMarksKept } from './marks.ts';
import { anyOf, readCurrentPlan } from './snapshot.ts';

/** Closed routes stay in the plan this long, so that the day can be seen whole. */
const KEEP_CLOSED_MS = 12 * 3_600_000;

/**
 * Gives rows to what a draft only describes — new routes, new stops — and returns the routes as a version stores
 * them. Rows exist before the version that shows them: a proposal's ids stay the same when it is approved.
 */
export async function materialise(tx: Tx, draft: DraftPlan): Promise<PlannedRoute[]> {
  const out: PlannedRoute[] = [];
  for (const route of draft.routes) {
    let routeId = route.routeId;
    if (routeId === null) {
      const [row] = await tx
        .insert(routes)
        .values({ zone: route.zone, truckId: route.truckId })
        .returning({ id: routes.id });
      routeId = row!.id;
    }
    const tail: PlannedStop[] = [];
    for (const stop of route.tail)
      tail.push({ stopId: stop.stopId ?? (await stopRow(tx, stop)), ...stop.plan });
    const all = [...route.kept, ...tail];
    out.push({
      routeId,
      truckId: route.truckId,
      zone: route.zone,
      startAt: route.startAt,
      ...totalsOf(all, route.startAt),
      stops: all,
    });
  }
  return out;
}

/**
 * The open stop of an incident is found again, so that its id is the same in every version; so is a container's that
 * was proposed and is on no route.
 */
async function stopRow(tx: Tx, stop: DraftStop): Promise<number> {
  if (stop.incidentId !== null) {
    const [open] = await tx
      .select({ id: stops.id })
      .from(stops)
      .where(and(eq(stops.incidentId, stop.incidentId), inArray(stops.state, ['planned', 'enroute'])))
      .for('update');
    if (open !== undefined) return proposedAgain(tx, open.id);
  }
  if (stop.containerId !== null) {
    const [proposed] = await tx
      .select({ id: stops.id })
      .from(stops)
      .where(
        and(
          eq(stops.containerId, stop.containerId),
          eq(stops.state, 'planned'),
          isNull(stops.routeId),
          eq(stops.serviceS, stop.serviceS),
          eq(stops.load, stop.load),
        ),
      )
      .orderBy(desc(stops.id))
      .limit(1)
      .for('update');
    if (proposed !== undefined) return proposedAgain(tx, proposed.id);
  }
  const [row] = await tx
    .insert(stops)
    .values({
      kind: stop.kind,
      incidentId: stop.incidentId,
      containerId: stop.containerId,
      lat: stop.lat,
      lon: stop.lon,
      address: stop.address,
      load: stop.load,
      serviceS: stop.serviceS,
      windowEnd: stop.windowEnd,
      draftedAt: sql`now()`,
    })
    .returning({ id: stops.id });
  return row!.id;
}

/** A row that no version holds yet is wanted anew: its time to be forgotten begins again (forget-old.ts). */
async function proposedAgain(tx: Tx, id: number): Promise<number> {
  await tx
    .update(stops)
    .set({ draftedAt: sql`now()` })
    .where(and(eq(stops.id, id), isNotNull(stops.draftedAt)));
  return id;
}

export interface NewVersion {
  kind: PlanKind;
  reason: string;
  /** Routes that change, whole; a route with no stops leaves the plan. */
  routes: readonly PlannedRoute[];
  diff: PlanDiff;
  degraded?: boolean;
  undoes?: number;
  proposalId?: number;
  approval?: Approval;
}

/** Locks the plan for this transaction and reads it. Everything that makes a version starts here. */
export async function lockPlan(tx: Tx): Promise<{ version: number; document: PlanDocument }> {
  await tx.execute(sql`select version from plan_head where id = 1 for update`);
  return readCurrentPlan(tx);
}

/**
 * Makes a new version current, inside the caller's transaction and after {@link lockPlan}. Incidents follow the
 * plan: one that a version holds is assigned, one that no longer is held is validated again.
 */
export async function makeCurrent(
  tx: Tx,
  emit: Emit,
  actor: Actor,
  current: { version: number; document: PlanDocument },
  change: NewVersion,
  nowMs: number,
): Promise<number> {
  const version = current.version + 1;
  const document = await mergeRoutes(tx, current.document, change, nowMs);
  await assertMarksKept(tx, current.document, document, change);
  await tx.insert(planVersions).values({
    version,
    parent: current.version === 0 ? null : current.version,
    kind: change.kind,
    reason: change.reason,
    actor,
    at: new Date(nowMs),
    document,
    diff: change.diff,
    hash: planHash(document),
    undoes: change.undoes ?? null,
    proposalId: change.proposalId ?? null,
    approval: change.approval ?? null,
  });
  const moved = await tx
    .update(planHead)
    .set({ version })
    .where(and(eq(planHead.id, 1), eq(planHead.version, current.version)))
    .returning({ version: planHead.version });
  if (moved.length === 0) throw new DomainError('stale-version', 'The plan changed meanwhile.', { version });

  await mirror(tx, current.document, document, change.routes);
  await followIncidents(tx, emit, document, version);
  emit({
    type: 'plan.current',
    subject: { kind: 'plan', id: version },
    data: {
      version,
      kind: change.kind,
      reason: change.reason,
      routeIds: change.routes.map((route) => route.routeId),
      zones: [...new Set(change.routes.map((route) => route.zone))],
      hash: planHash(document),
      ...(change.undoes === undefined ? {} : { undoes: change.undoes }),
    },
  });
  return version;
}

async function mergeRoutes(
  tx: Tx,
  before: PlanDocument,
  change: NewVersion,
  nowMs: number,
): Promise<PlanDocument> {
  const changed = new Map(change.routes.map((route) => [route.routeId, route]));
  const closed = await tx
    .select({ id: routes.id })
    .from(routes)
    .where(
      and(
        anyOf(
          routes.id,
          before.routes.map((route) => route.routeId),
        ),
        inArray(routes.state, ['done', 'cancelled']),
        sql`coalesce(${routes.finishedAt}, ${routes.createdAt}) < ${new Date(nowMs - KEEP_CLOSED_MS).toISOString()}::timestamptz`,
      ),
    );
  const dropped = new Set(closed.map((row) => row.id));
  const kept = before.routes
    .map((route) => changed.get(route.routeId) ?? route)
    .filter((route) => !dropped.has(route.routeId));
  const added = change.routes.filter(
    (route) => !before.routes.some((other) => other.routeId === route.routeId),
  );
  return {
    routes: [...kept, ...added].filter((route) => route.stops.length > 0),
    degraded: change.degraded === true,
  };
}

/** Keeps the look-up columns of stops and routes in step with the version that is current now. */
async function mirror(
  tx: Tx,
  before: PlanDocument,
  after: PlanDocument,
  changed: readonly PlannedRoute[],
): Promise<void> {
  const touched = changed.map((route) => route.routeId);
  const gone = before.routes
    .filter((route) => !after.routes.some((other) => other.routeId === route.routeId))
    .map((route) => route.routeId);
  await tx
    .update(stops)
    .set({ routeId: null, position: null })
    .where(and(anyOf(stops.routeId, [...touched, ...gone]), inArray(stops.state, ['planned', 'enroute'])));
  const places = after.routes
    .filter((route) => touched.includes(route.routeId))
    .flatMap((route) => route.stops.map((stop, index) => ({ s: stop.stopId, r: route.routeId, p: index })));
  await tx.execute(sql`
    update stops set route_id = x.r, position = x.p, drafted_at = null
      from jsonb_to_recordset(${JSON.stringify(places)}::jsonb) as x(s bigint, r bigint, p int)
     where stops.id = x.s`);
  await tx
    .update(routes)
    .set({ current: true })
    .where(
      and(
        anyOf(
          routes.id,
          after.routes.map((route) => route.routeId),
        ),
        eq(routes.current, false),
      ),
    );
  await tx
    .update(routes)
    .set({ current: false })
    .where(and(anyOf(routes.id, gone), inArray(routes.state, ['planned', 'running', 'cancelled', 'done'])));
}

/** Rule: an incident is assigned exactly while the current version holds an open stop for it. */
async function followIncidents(tx: Tx, emit: Emit, document: PlanDocument, version: number): Promise<void> {
  const held = document.routes.flatMap((route) => route.stops.map((stop) => stop.stopId));
  const openHeld = sql`select s.incident_id from stops s
     where s.incident_id is not null and s.state in ('planned','enroute') and s.id = any(${`{${held.join(',')}}`}::bigint[])`;
  const assigned = await tx
    .update(incidents)
    .set({ state: 'assigned' })
    .where(and(eq(incidents.state, 'validated'), sql`${incidents.id} in (${openHeld})`))
    .returning({ id: incidents.id, zone: incidents.zone });
  const released = await tx
    .update(incidents)
    .set({ state: 'validated' })
    .where(and(eq(incidents.state, 'assigned'), sql`${incidents.id} not in (${openHeld})`))
    .returning({ id: incidents.id, zone: incidents.zone });
  for (const row of assigned) {
    emit({
      type: 'incident.assigned',
      subject: { kind: 'incident', id: row.id },
      zone: row.zone,
      data: { version },
    });
  }
  for (const row of released) {
    emit({
      type: 'incident.unassigned',
      subject: { kind: 'incident', id: row.id },
      zone: row.zone,
      data: { version },
    });
  }
}

/** Equal hashes, equal plans: which stop is on which route in which order, whatever the times. */
export function planHash(document: PlanDocument): string {
  const shape = document.routes
    .map((route) => `${route.routeId}:${route.stops.map((stop) => stop.stopId).join(',')}`)
    .sort()
    .join(';');
  return createHash('sha256').update(shape).digest('hex').slice(0, 16);
}
