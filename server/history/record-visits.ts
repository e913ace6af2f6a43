import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { Rules } from '../../shared/rules.ts';
import { stopIdOf } from '../../shared/visits.ts';
import type { Tx } from '../db/connect.ts';
import { stops, visits } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { closeVisited } from '../fleet/close-visited.ts';
import { lockPlanHead } from '../fleet/lock-plan-head.ts';
import type { VisitState } from '../telemetry/geofences.ts';
import { packState, type DecidedVisit } from './visit-fold.ts';

/** What a look at a truck's newest fixes found. */
export interface VisitsFound {
  truckId: number;
  deviceId: number;
  visits: readonly DecidedVisit[];
  state: VisitState;
  /** Instant of the last fix looked at, and the one stored before: whoever stored another since wins. */
  seenTo: number;
  storedTo: number | null;
}

/** An arrival that became known so long after the fact is history: it is kept, and nobody is told. */
const LIVE_MS = 10 * 60_000;

/**
 * Keeps visits, tells those that happen now, and closes stops where the rule says so: one transaction with the state
 * they follow from, so that nothing is told twice.
 * @returns false, and nothing done, when another instance was quicker
 */
export async function recordVisits(store: Store, rules: Rules, found: VisitsFound): Promise<boolean> {
  const actor: Actor = { kind: 'device', id: found.deviceId, truckId: found.truckId };
  return commit(store, actor, async (tx, emit) => {
    // The plan's lock comes first, as in every verb: a stop may be closed below.
    if (found.visits.some((visit) => stopIdOf(visit.placeId) !== null)) await lockPlanHead(tx);
    if (!(await advance(tx, found))) return false;
    for (const visit of found.visits) {
      if (visit.kind === 'arrived') await arrive(tx, emit, store.clock(), found.truckId, visit);
      else await leave(tx, emit, rules, found.truckId, visit);
    }
    return true;
  });
}

async function advance(tx: Tx, found: VisitsFound): Promise<boolean> {
  const seenTo = new Date(found.seenTo).toISOString();
  const state = JSON.stringify(packState(found.state));
  const rows = await tx.execute(
    found.storedTo === null
      ? sql`insert into visit_states (truck_id, seen_to, state)
              values (${found.truckId}, ${seenTo}::timestamptz, ${state}::jsonb)
            on conflict (truck_id) do nothing returning truck_id`
      : sql`update visit_states set seen_to = ${seenTo}::timestamptz, state = ${state}::jsonb
             where truck_id = ${found.truckId}
               and seen_to = ${new Date(found.storedTo).toISOString()}::timestamptz
            returning truck_id`,
  );
  return rows.length > 0;
}

async function arrive(
  tx: Tx,
  emit: Emit,
  nowMs: number,
  truckId: number,
  visit: DecidedVisit,
): Promise<void> {
  const at = new Date(visit.at);
  const stopId = await knownStop(tx, visit.placeId);
  if (stopId !== null && (await isLaterDisposal(tx, stopId))) return;
  const live = nowMs - visit.decidedAt < LIVE_MS;
  const [added] = await tx
    .insert(visits)
    .values({ truckId, place: visit.placeId, stopId, arrivedAt: at, live })
    .onConflictDoNothing()
    .returning({ id: visits.id });
  if (!added) return;
  if (stopId !== null) {
    await tx
      .update(stops)
      .set({ arrivedAt: sql`coalesce(${stops.arrivedAt}, ${at.toISOString()}::timestamptz)`, leftAt: null })
      .where(eq(stops.id, stopId));
  }
  if (live) tell(emit, 'arrived', truckId, stopId, visit);
}

async function leave(tx: Tx, emit: Emit, rules: Rules, truckId: number, visit: DecidedVisit): Promise<void> {
  const leftAt = new Date(visit.at);
  const [open] = await tx
    .select()
    .from(visits)
    .where(and(eq(visits.truckId, truckId), eq(visits.place, visit.placeId), isNull(visits.leftAt)))
    .orderBy(desc(visits.arrivedAt))
    .limit(1);
  if (!open) return;
  await tx.update(visits).set({ leftAt }).where(eq(visits.id, open.id));
  if (open.stopId !== null) await tx.update(stops).set({ leftAt }).where(eq(stops.id, open.stopId));
  // Whoever was told of the arrival is told of the departure, however late it shows.
  if (open.live) tell(emit, 'left', truckId, open.stopId, visit);
  if (open.stopId === null) return;
  const arrivedMs = open.arrivedAt.getTime();
  await closeVisited(tx, emit, rules, { stopId: open.stopId, truckId, arrivedMs, leftMs: visit.at });
}

function tell(
  emit: Emit,
  what: 'arrived' | 'left',
  truckId: number,
  stopId: number | null,
  visit: DecidedVisit,
): void {
  const at = new Date(visit.at).toISOString();
  if (stopId === null) {
    const type = what === 'arrived' ? 'truck.entered' : 'truck.left';
    emit({ type, subject: { kind: 'truck', id: truckId }, data: { place: visit.placeId, at } });
  } else {
    const type = what === 'arrived' ? 'stop.arrived' : 'stop.left';
    emit({ type, subject: { kind: 'stop', id: stopId }, data: { truckId, at } });
  }
}

/** A route comes to the landfill several times: a visit belongs to the next of its stops there. */
async function isLaterDisposal(tx: Tx, stopId: number): Promise<boolean> {
  const [row] = await tx.execute<{ later: boolean }>(sql`
    select s.kind = 'disposal' and (s.state not in ('planned','enroute') or exists (
             select 1 from stops o where o.route_id = s.route_id and o.kind = 'disposal'
                and o.state in ('planned','enroute') and o.position < s.position)) as later
      from stops s where s.id = ${stopId}`);
  return row?.later ?? false;
}

/** The stop of a place, if it is still there. */
async function knownStop(tx: Tx, place: string): Promise<number | null> {
  const stopId = stopIdOf(place);
  if (stopId === null) return null;
  const [row] = await tx.select({ id: stops.id }).from(stops).where(eq(stops.id, stopId));
  return row?.id ?? null;
}
