import { and, eq, sql } from 'drizzle-orm';
import { PLANNER } from '../../shared/actor.ts';
import { DomainError, isDomainError } from '../../shared/errors.ts';
import type { EventType } from '../../shared/events.ts';
import { ZONES, type Zone } from '../../shared/rules.ts';
import type { Db, Tx } from '../db/connect.ts';
import { zonePlanning } from '../db/schema/index.ts';
import { headIdIn } from '../events/read.ts';
import { activeClosures, crossesClosure } from './closures.ts';
import { decide, type Decision, type ZoneFacts } from './decide.ts';
import { inSpanCausedBy, tracesOf } from '../ops/spans.ts';
import type { Dispatch } from './dispatch.ts';
import { liveRouteOf, plannedRouteOf, remainingStops } from './frame.ts';
import { PlannerCancelled } from '../planning/index.ts';
import { generate, idleTrucks, plannedRoutesIn, validatedIn } from './generate.ts';
import { proposeForLateTrucks } from './late-trucks.ts';
import { holdLease, releaseLease } from './lease.ts';
import { propose } from './propose.ts';
import { renewProposals } from './propose-anew.ts';
import { forgetPlaceTables } from './place-tables.ts';
import { snapshotIn, type Snapshot } from './snapshot.ts';

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
  const desk: Desk = emptyDesk();

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
        overtakenBy(database.db, underWay)
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
  /** When a proposal whose renewal failed is tried again. */
  renewNotBefore: Map<number, number>;
}

const emptyDesk = (): Desk => ({ underWay: null, restarts: new Map(), renewNotBefore: new Map() });

async function overtakenBy(
  reader: Pick<Tx, 'execute'>,
  { zone, sinceEventId }: Omit<UnderWay, 'abort'>,
): Promise<boolean> {
  const types = [...OVERTAKES].join(',');
  const rows = await reader.execute(sql`
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
  desk: Desk = emptyDesk(),
  leads: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<boolean> {
  let again = false;
  try {
    again = await renewProposals(dispatch, log, desk.renewNotBefore);
  } catch (error) {
    log.error({ err: error }, 'open proposals could not be looked at');
  }
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
  const { database } = dispatch.store;
  const { considered, head, causes, snapshot } = await look(dispatch, zone);
  if (head <= considered) return;
  if (snapshot === null) {
    await claim(database.db, zone, considered, head);
    return;
  }
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
  const mayRestart = (desk.restarts.get(zone) ?? 0) < MOST_RESTARTS;
  if (mayRestart) desk.underWay = { zone, sinceEventId: head, abort };
  const mark: Mark = { zone, from: considered, to: head, mayRestart };
  const startedMs = performance.now();
  try {
    await inSpanCausedBy(
      tracesOf(considered, head),
      'dispatch.plan',
      { 'epagal.zone': zone, 'epagal.action': decision.action },
      () => act(dispatch, snapshot, mark, decision, { redrawTruckIds, outTruckIds }, abort.signal),
    );
  } catch (error) {
    // What overtook it is weighed together with what it was for; anything else is not repeated for ever.
    if (!isDomainError(error, 'stale-version') && !(error instanceof PlannerCancelled)) {
      await claimUnlessOvertaken(database.db, mark).catch((overtaken: unknown) => {
        log.error({ zone, err: error }, 'planning of a zone failed; it is tried again with what is newer');
        throw overtaken;
      });
    }
    throw error;
  } finally {
    desk.underWay = null;
  }
  // Nothing was found that is worth a change.
  await claimUnlessOvertaken(database.db, mark);
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
  /** Whether an answer that something newer overtook is given up. */
  mayRestart: boolean;
}

async function act(
  dispatch: Dispatch,
  snapshot: Snapshot,
  mark: Mark,
  decision: Decision,
  given: { redrawTruckIds: readonly number[]; outTruckIds: readonly number[] },
  abort: AbortSignal,
): Promise<void> {
  const { zone } = mark;
  const { redrawTruckIds } = given;
  let isMarked = false;
  const within = async (tx: Tx): Promise<void> => {
    isMarked = await claim(tx, zone, mark.from, mark.to);
    if (!isMarked)
      throw new DomainError('stale-version', 'Another instance has answered this already.', { zone });
    // What came after the search, before this, is answered together with what it was for.
    if (mark.mayRestart && (await overtakenBy(tx, { zone, sinceEventId: mark.to })))
      throw new DomainError('stale-version', 'Something newer is to be answered too.', { zone });
  };
  if (decision.action === 'generate') {
    const isAll = redrawTruckIds.length + given.outTruckIds.length === 0;
    try {
      await generate(dispatch, PLANNER, { zone, reason: 'threshold', abort, within });
    } catch (error) {
      // That nobody can drive a first route is no reason to leave the rest unanswered.
      if (isAll || !isDomainError(error, 'no-truck-available')) throw error;
    }
    if (isMarked) mark.from = mark.to;
    if (isAll) return;
  }
  // The second half of an answer whose first is stored, and marked, is not given up: it would never be asked for again.
  const isSecondHalf = isMarked;
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
    ...(isSecondHalf ? {} : { abort, within }),
  });
  if (isMarked && proposed !== null) mark.from = mark.to;
}

/**
 * Marks what led to no answer. It may have led to none because of what came meanwhile — its truck broke down before
 * the search read the plan — and is then weighed together with that.
 *
 * @throws DomainError `stale-version`
 */
async function claimUnlessOvertaken(db: Db, { zone, from, to }: Mark): Promise<void> {
  if (from < to && (await overtakenBy(db, { zone, sinceEventId: to })))
    throw new DomainError('stale-version', 'Something newer is to be answered too.', { zone });
  await claim(db, zone, from, to);
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

interface Look {
  considered: number;
  head: number;
  causes: Cause[];
  /** Null without a cause. */
  snapshot: Snapshot | null;
}

/**
 * The zone's mark, what gave cause since, and the state of things, all as of one event: what is marked as weighed is
 * what was seen, and a cause that comes a moment later is not answered now and once more with the next look.
 */
async function look(dispatch: Dispatch, zone: Zone): Promise<Look> {
  const { database, clock } = dispatch.store;
  return database.db.transaction(
    async (tx): Promise<Look> => {
      const considered = await consideredUpTo(tx, zone);
      const head = await headIdIn(tx);
      const causes = head <= considered ? [] : await causesSince(tx, zone, considered);
      return {
        considered,
        head,
        causes,
        snapshot: causes.length === 0 ? null : await snapshotIn(tx, clock()),
      };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

async function causesSince(tx: Tx, zone: Zone, after: number): Promise<Cause[]> {
  const types = [...CAUSES].join(',');
  const rows = await tx.execute<{ kind: string; type: string; id: number }>(sql`
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

async function consideredUpTo(tx: Tx, zone: Zone): Promise<number> {
  const [row] = await tx.select().from(zonePlanning).where(eq(zonePlanning.zone, zone));
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
