import { and, eq, sql } from 'drizzle-orm';
import { PLANNER, SYSTEM } from '../../shared/actor.ts';
import { DomainError, isDomainError } from '../../shared/errors.ts';
import type { EventType } from '../../shared/events.ts';
import { ZONES, type Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { zonePlanning } from '../db/schema/index.ts';
import { headId } from '../events/read.ts';
import { activeClosures, crossesClosure } from './closures.ts';
import { decide, type Decision, type ZoneFacts } from './decide.ts';
import { inSpanCausedBy, tracesOf } from '../ops/spans.ts';
import type { Dispatch } from './dispatch.ts';
import { liveRouteOf, plannedRouteOf, remainingStops } from './frame.ts';
import { PlannerCancelled } from '../planning/index.ts';
import { generate, idleTrucks, plannedRoutesIn, validatedIn } from './generate.ts';
import { proposeForLateTrucks } from './late-trucks.ts';
import { holdLease, releaseLease } from './lease.ts';
import { expireProposals } from './close-proposals.ts';
import { propose } from './propose.ts';
import { proposeAnew, renewOvertaken } from './propose-anew.ts';
import { forgetPlaceTables } from './place-tables.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

const LEASE = 'dispatch';
/** A leader that dies is followed after this. Leading twice for a moment harms nobody: see `claim`. */
const LEASE_S = 5;
/** Events that can give cause to plan; others need no look at the zone. */
const CAUSES: ReadonlySet<EventType> = new Set<EventType>([
  'incident.validated',
  'incident.unassigned',
  'stop.failed',
  'stop.unpinned',
  'route.finished',
  'truck.returned',
  'truck.opened',
  'rules.changed',
  'closure.created',
]);
/** What makes an answer worthless that is still being computed: causes, and whatever takes trucks and stops away. */
const OVERTAKES: ReadonlySet<EventType> = new Set<EventType>([
  ...CAUSES,
  'truck.out',
  'truck.locked',
  'truck.excluded',
  'stop.pinned',
  'closure.ended',
]);
/** However fast things happen, an answer is given at last. */
const MOST_RESTARTS = 2;

export interface Reactor {
  /** Resolves when everything known at the call has been weighed: for tests and for an orderly stop. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface ReactorLog {
  info(about: object, message: string): void;
  error(about: object, message: string): void;
}

/** The work under way, so that what happens meanwhile can end it. */
interface UnderWay {
  zone: Zone;
  sinceEventId: number;
  abort: AbortController;
}

/**
 * Dispatch's own initiative: whenever events arrive, each zone is weighed against the rules and the first route or
 * the proposal follows. It looks at the state, not at single events, so that a restart or a lost wake changes
 * nothing. One instance leads at a time; a newer event of a zone ends the search for an older one.
 */
export function startReactor(
  dispatch: Dispatch,
  holder: string,
  log: ReactorLog,
  tickMs = 2_000,
  leaseS = LEASE_S,
): Reactor {
  const { database, bus } = dispatch.store;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let again = false;
  let busy = false;
  const desk: Desk = { underWay: null, restarts: new Map() };

  const leads = () => holdLease(database, LEASE, holder, leaseS);
  const pass = async (): Promise<void> => {
    if (!(await leads())) return;
    if (await weighZones(dispatch, log, () => stopped, desk, leads)) again = true;
  };
  const run = (): void => {
    if (busy) {
      again = true;
      const { underWay } = desk;
      if (underWay !== null) {
        overtakenBy(dispatch, underWay)
          .then((is) => (is ? underWay.abort.abort() : undefined))
          .catch((error: unknown) => log.error({ err: error }, 'dispatch could not look at newer events'));
      }
      return;
    }
    busy = true;
    running = (async () => {
      do {
        again = false;
        await pass().catch((error: unknown) =>
          log.error({ err: error }, 'dispatch could not look at the zones'),
        );
      } while (again && !stopped);
      busy = false;
    })();
  };
  const unsubscribe = bus.onWake(run);
  const timer = setInterval(run, tickMs);
  timer.unref();
  run();

  return {
    async settled() {
      do await running;
      while (busy);
    },
    async stop() {
      stopped = true;
      desk.underWay?.abort.abort();
      unsubscribe();
      clearInterval(timer);
      await running;
      await releaseLease(database, LEASE, holder).catch(() => undefined);
    },
  };
}

interface Desk {
  underWay: UnderWay | null;
  /** How often the answer for a zone was begun anew in a row. */
  restarts: Map<Zone, number>;
}

async function overtakenBy(dispatch: Dispatch, { zone, sinceEventId }: UnderWay): Promise<boolean> {
  const types = [...OVERTAKES].join(',');
  const rows = await dispatch.store.database.db.execute(sql`
    select 1 from events
     where id > ${sinceEventId} and type = any(${`{${types}}`}::text[]) and (zone is null or zone = ${zone})
     limit 1`);
  return rows.length > 0;
}

/**
 * Looks at every zone once and does what the rules ask for. A headless run, which holds the clock, calls it itself.
 *
 * @returns true when the world moved while something was computed, and it is worth another look
 */
export async function weighZones(
  dispatch: Dispatch,
  log: ReactorLog,
  isStopped: () => boolean = () => false,
  desk: Desk = { underWay: null, restarts: new Map() },
  leads: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<boolean> {
  let again = false;
  for (const expired of await expireProposals(dispatch, SYSTEM)) {
    try {
      await proposeAnew(dispatch, expired);
    } catch (error) {
      log.error({ zone: expired.zone, err: error }, 'an expired proposal could not be computed anew');
      await forgetConsidered(dispatch, expired.zone);
    }
  }
  await renewOvertaken(dispatch).catch((error: unknown) =>
    log.error({ err: error }, 'an overtaken proposal could not be computed anew'),
  );
  for (const zone of ZONES) {
    if (isStopped() || !(await leads())) return false;
    try {
      await weighZone(dispatch, zone, log, desk);
      desk.restarts.delete(zone);
      await proposeForLateTrucks(dispatch, zone, log);
    } catch (error) {
      if (isDomainError(error, 'stale-version') || error instanceof PlannerCancelled) {
        desk.restarts.set(zone, (desk.restarts.get(zone) ?? 0) + 1);
        again = true;
      } else log.error({ zone, err: error }, 'planning of a zone failed; it is tried again');
    } finally {
      desk.underWay = null;
    }
  }
  return again;
}

/**
 * Weighs one zone and acts. What was weighed is marked in the transaction that stores the answer, and only if nobody
 * marked it first: of two instances that weigh the same, one answers, and what a dead one left is weighed again.
 */
async function weighZone(dispatch: Dispatch, zone: Zone, log: ReactorLog, desk: Desk): Promise<void> {
  const { database, clock } = dispatch.store;
  const considered = await consideredUpTo(dispatch, zone);
  const head = await headId(database);
  if (head <= considered) return;
  const causes = await causesSince(dispatch, zone, considered);
  if (causes.length === 0) {
    await claim(database.db, zone, considered, head);
    return;
  }
  const snapshot = await readSnapshot(database.db, clock());
  const redrawTruckIds = causes.some((cause) => cause.kind === 'closure')
    ? await trucksThroughClosures(dispatch, snapshot, zone)
    : [];
  // A truck that went out at the workshop's word: whoever reports a breakdown proposes by themselves.
  const outTruckIds = causes.some((cause) => cause.kind === 'truck-out') ? strandedIn(snapshot, zone) : [];
  const facts = factsOf(snapshot, zone, causes);
  const decision = decide(facts, snapshot.rules);
  if (decision.action === 'none' && redrawTruckIds.length + outTruckIds.length === 0) {
    await claim(database.db, zone, considered, head);
    return;
  }
  const abort = new AbortController();
  if ((desk.restarts.get(zone) ?? 0) < MOST_RESTARTS) desk.underWay = { zone, sinceEventId: head, abort };
  const mark: Mark = { zone, from: considered, to: head };
  const startedMs = performance.now();
  try {
    await inSpanCausedBy(
      tracesOf(considered, head),
      'dispatch.plan',
      { 'epagal.zone': zone, 'epagal.action': decision.action },
      () => act(dispatch, snapshot, mark, decision, redrawTruckIds, abort.signal),
    );
  } catch (error) {
    // What overtook it is weighed together with what it was for; anything else is not repeated for ever.
    if (!isDomainError(error, 'stale-version') && !(error instanceof PlannerCancelled))
      await claim(database.db, zone, mark.from, head);
    throw error;
  } finally {
    desk.underWay = null;
  }
  // Nothing was found that is worth a change.
  await claim(database.db, zone, mark.from, head);
  log.info(
    { zone, action: decision.action, ms: Math.round(performance.now() - startedMs) },
    'dispatch planned a zone',
  );
}

/** What is being weighed; `from` moves up once an answer is stored. */
interface Mark {
  zone: Zone;
  from: number;
  to: number;
}

async function act(
  dispatch: Dispatch,
  snapshot: Snapshot,
  mark: Mark,
  decision: Decision,
  redrawTruckIds: readonly number[],
  abort: AbortSignal,
): Promise<void> {
  const { zone } = mark;
  let isMarked = false;
  const within = async (tx: Tx): Promise<void> => {
    isMarked = await claim(tx, zone, mark.from, mark.to);
    if (isMarked) return;
    throw new DomainError('stale-version', 'Another instance has answered this already.', { zone });
  };
  if (decision.action === 'generate') {
    await generate(dispatch, PLANNER, { zone, reason: 'threshold', abort, within });
    if (isMarked) mark.from = mark.to;
    if (redrawTruckIds.length === 0) return;
  }
  // What nobody has answered yet of trucks that are out belongs to every change of the zone.
  const outTruckIds = strandedIn(snapshot, zone);
  const kind =
    decision.action === 'propose' ? decision.kind : redrawTruckIds.length > 0 ? 'closure' : 'breakdown';
  let incidentIds: number[] = [];
  if (decision.action === 'propose') {
    incidentIds =
      decision.incidentIds === 'all'
        ? validatedIn(snapshot, zone).map((incident) => incident.id)
        : decision.incidentIds;
  }
  const proposed = await propose(dispatch, PLANNER, {
    zone,
    kind,
    reason: kind === 'breakdown' ? `breakdown:${outTruckIds[0] ?? 0}:system` : kind,
    incidentIds,
    outTruckIds,
    redrawTruckIds,
    abort,
    within,
  });
  if (isMarked && proposed !== null) mark.from = mark.to;
}

function factsOf(snapshot: Snapshot, zone: Zone, causes: readonly Cause[]): ZoneFacts {
  const waiting = validatedIn(snapshot, zone);
  const freshIds = new Set(causes.filter((cause) => cause.kind === 'incident').map((cause) => cause.id));
  // A zone that changed otherwise — a truck is back, a route ended — is weighed with all that waits.
  const wide = causes.some((cause) => cause.kind === 'other');
  const live = [...snapshot.routes.values()].filter(
    (route) =>
      route.current && route.zone === zone && (route.state === 'planned' || route.state === 'running'),
  );
  let assigned = 0;
  for (const route of live) {
    const planned = plannedRouteOf(snapshot, route.id);
    if (planned === null) continue;
    for (const stop of remainingStops(snapshot, planned)) if (stop.kind === 'incident') assigned += stop.load;
  }
  return {
    plannedRoutes: plannedRoutesIn(snapshot, zone).length,
    runningRoutes: live.filter((route) => route.state === 'running').length,
    validatedSeverity: waiting.reduce((sum, incident) => sum + incident.severity, 0),
    assignedSeverity: assigned,
    fresh: waiting
      .filter((incident) => wide || freshIds.has(incident.id))
      .map((incident) => ({
        id: incident.id,
        severity: incident.severity,
        windowEndMs: incident.windowEnd.getTime(),
      })),
    idleTrucks: idleTrucks(snapshot, zone).length,
    nowMs: snapshot.nowMs,
  };
}

/** Trucks of the zone that still have to drive through a closed area. */
async function trucksThroughClosures(dispatch: Dispatch, snapshot: Snapshot, zone: Zone): Promise<number[]> {
  const closed = await activeClosures(dispatch.store.database, snapshot.nowMs);
  await dispatch.roads.setClosures(closed.map((closure) => ({ kind: 'polygon', ring: closure.ring })));
  forgetPlaceTables(dispatch.roads);
  return snapshot.document.routes
    .filter((planned) => {
      const route = snapshot.routes.get(planned.routeId);
      const live = route?.current && (route.state === 'planned' || route.state === 'running');
      const ahead = planned.stops.filter((stop) => snapshot.stops.get(stop.stopId)?.state === 'planned');
      return live && planned.zone === zone && crossesClosure(ahead, closed);
    })
    .map((planned) => planned.truckId);
}

/** Trucks out of service whose stops are still their own. */
function strandedIn(snapshot: Snapshot, zone: Zone): number[] {
  return [...snapshot.trucks.values()]
    .filter((truck) => truck.state === 'out' && liveRouteOf(snapshot, truck.id)?.zone === zone)
    .filter((truck) => {
      const planned = plannedRouteOf(snapshot, liveRouteOf(snapshot, truck.id)!.id);
      return planned !== null && remainingStops(snapshot, planned).some((stop) => stop.kind !== 'depot');
    })
    .map((truck) => truck.id);
}

interface Cause {
  kind: 'incident' | 'closure' | 'truck-out' | 'other';
  id: number;
}

async function causesSince(dispatch: Dispatch, zone: Zone, after: number): Promise<Cause[]> {
  const types = [...CAUSES].join(',');
  const rows = await dispatch.store.database.db.execute<{ kind: string; type: string; id: number }>(sql`
    select subject_kind as kind, type, subject_id as id from events
     where id > ${after} and (zone is null or zone = ${zone})
       and (type = any(${`{${types}}`}::text[])
            or (type = 'truck.out' and coalesce(data->>'reason', '') <> 'breakdown'))`);
  return rows.map((row) => ({
    kind:
      row.kind === 'incident' || row.kind === 'closure'
        ? row.kind
        : row.type === 'truck.out'
          ? 'truck-out'
          : 'other',
    id: Number(row.id),
  }));
}

async function consideredUpTo(dispatch: Dispatch, zone: Zone): Promise<number> {
  const [row] = await dispatch.store.database.db
    .select()
    .from(zonePlanning)
    .where(eq(zonePlanning.zone, zone));
  return row?.consideredEventId ?? 0;
}

/**
 * Marks a zone as weighed up to an event, if it still stands where the weighing began: one of several wins.
 *
 * @returns false when somebody else was first
 */
async function claim(
  writer: Pick<Tx, 'insert' | 'update'>,
  zone: Zone,
  from: number,
  to: number,
): Promise<boolean> {
  await writer.insert(zonePlanning).values({ zone }).onConflictDoNothing();
  const rows = await writer
    .update(zonePlanning)
    .set({ consideredEventId: to })
    .where(and(eq(zonePlanning.zone, zone), eq(zonePlanning.consideredEventId, from)))
    .returning({ zone: zonePlanning.zone });
  return rows.length > 0;
}

async function forgetConsidered(dispatch: Dispatch, zone: Zone): Promise<void> {
  const rows = await dispatch.store.database.db.execute<{ id: number }>(sql`
    select coalesce(min(e.id) - 1, 0) as id from events e join incidents i on i.id = e.subject_id
     where e.type = 'incident.validated' and e.subject_kind = 'incident' and i.zone = ${zone} and i.state = 'validated'`);
  const id = Number(rows[0]?.id ?? 0);
  if (id > 0)
    await dispatch.store.database.db
      .update(zonePlanning)
      .set({ consideredEventId: id })
      .where(eq(zonePlanning.zone, zone));
}
