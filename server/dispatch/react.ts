import { eq, sql } from 'drizzle-orm';
import { PLANNER, SYSTEM } from '../../shared/actor.ts';
import { isDomainError } from '../../shared/errors.ts';
import type { EventType } from '../../shared/events.ts';
import { ZONES, type Zone } from '../../shared/rules.ts';
import { zonePlanning } from '../db/schema/index.ts';
import { headId } from '../events/read.ts';
import { activeClosures, crossesClosure } from './closures.ts';
import { decide, type Decision, type ZoneFacts } from './decide.ts';
import { inSpanCausedBy, tracesOf } from '../ops/spans.ts';
import type { Dispatch } from './dispatch.ts';
import { plannedRouteOf, remainingStops } from './frame.ts';
import { generate, idleTrucks, plannedRoutesIn, validatedIn } from './generate.ts';
import { holdLease, releaseLease } from './lease.ts';
import { expireProposals } from './close-proposals.ts';
import { propose } from './propose.ts';
import { proposeAnew, renewOvertaken } from './propose-anew.ts';
import { forgetPlaceTables } from './place-tables.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

const LEASE = 'dispatch';
const LEASE_S = 10;
/** Events that can give cause to plan; others need no look at the zone. */
const CAUSES: ReadonlySet<EventType> = new Set<EventType>([
  'incident.validated',
  'incident.unassigned',
  'stop.failed',
  'route.finished',
  'truck.returned',
  'rules.changed',
  'closure.created',
]);

export interface Reactor {
  /** Resolves when everything known at the call has been weighed: for tests and for an orderly stop. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface ReactorLog {
  info(about: object, message: string): void;
  error(about: object, message: string): void;
}

/**
 * Dispatch's own initiative: whenever events arrive, each zone is weighed against the rules and the first route or
 * the proposal follows. It looks at the state, not at single events, so that a restart or a lost wake changes
 * nothing; one instance leads at a time.
 */
export function startReactor(dispatch: Dispatch, holder: string, log: ReactorLog, tickMs = 2_000): Reactor {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let again = false;
  let busy = false;

  const pass = async (): Promise<void> => {
    const { database } = dispatch.store;
    if (!(await holdLease(database, LEASE, holder, LEASE_S))) return;
    if (await weighZones(dispatch, log, () => stopped)) again = true;
  };
  const run = (): void => {
    if (busy) {
      again = true;
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
  const unsubscribe = dispatch.store.bus.onWake(run);
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
      unsubscribe();
      clearInterval(timer);
      await running;
      await releaseLease(dispatch.store.database, LEASE, holder).catch(() => undefined);
    },
  };
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
    if (isStopped()) return false;
    try {
      await weighZone(dispatch, zone, log);
    } catch (error) {
      if (isDomainError(error, 'stale-version')) again = true;
      else log.error({ zone, err: error }, 'planning of a zone failed; it is tried again');
    }
  }
  return again;
}

/** Weighs one zone and acts. The mark is set before acting: a search that fails is not repeated for ever. */
async function weighZone(dispatch: Dispatch, zone: Zone, log: ReactorLog): Promise<void> {
  const { database, clock } = dispatch.store;
  const considered = await consideredUpTo(dispatch, zone);
  const head = await headId(database);
  if (head <= considered) return;
  const causes = await causesSince(dispatch, zone, considered);
  if (causes.length === 0) {
    await setConsidered(dispatch, zone, head);
    return;
  }
  const snapshot = await readSnapshot(database.db, clock());
  const redrawTruckIds = causes.some((cause) => cause.kind === 'closure')
    ? await trucksThroughClosures(dispatch, snapshot, zone)
    : [];
  const facts = factsOf(snapshot, zone, causes);
  const decision = decide(facts, snapshot.rules);
  await setConsidered(dispatch, zone, head);
  if (decision.action === 'none' && redrawTruckIds.length === 0) return;
  const startedMs = performance.now();
  try {
    await inSpanCausedBy(
      tracesOf(considered, head),
      'dispatch.plan',
      { 'epagal.zone': zone, 'epagal.action': decision.action },
      () => act(dispatch, snapshot, zone, decision, redrawTruckIds),
    );
  } catch (error) {
    if (isDomainError(error, 'stale-version')) await setConsidered(dispatch, zone, considered);
    throw error;
  }
  log.info(
    { zone, action: decision.action, ms: Math.round(performance.now() - startedMs) },
    'dispatch planned a zone',
  );
}

async function act(
  dispatch: Dispatch,
  snapshot: Snapshot,
  zone: Zone,
  decision: Decision,
  redrawTruckIds: readonly number[],
): Promise<void> {
  if (decision.action === 'generate') {
    await generate(dispatch, PLANNER, { zone, reason: 'threshold' });
    if (redrawTruckIds.length === 0) return;
  }
  const kind = decision.action === 'propose' ? decision.kind : 'closure';
  let incidentIds: number[] = [];
  if (decision.action === 'propose') {
    incidentIds =
      decision.incidentIds === 'all'
        ? validatedIn(snapshot, zone).map((incident) => incident.id)
        : decision.incidentIds;
  }
  await propose(dispatch, PLANNER, { zone, kind, reason: kind, incidentIds, redrawTruckIds });
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

interface Cause {
  kind: 'incident' | 'closure' | 'other';
  id: number;
}

async function causesSince(dispatch: Dispatch, zone: Zone, after: number): Promise<Cause[]> {
  const types = [...CAUSES].join(',');
  const rows = await dispatch.store.database.db.execute<{ kind: string; id: number }>(sql`
    select subject_kind as kind, subject_id as id from events
     where id > ${after} and type = any(${`{${types}}`}::text[]) and (zone is null or zone = ${zone})`);
  return rows.map((row) => ({
    kind: row.kind === 'incident' || row.kind === 'closure' ? row.kind : 'other',
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

async function setConsidered(dispatch: Dispatch, zone: Zone, eventId: number): Promise<void> {
  await dispatch.store.database.db
    .insert(zonePlanning)
    .values({ zone, consideredEventId: eventId })
    .onConflictDoUpdate({ target: zonePlanning.zone, set: { consideredEventId: eventId } });
}

/** What an expired proposal held is weighed anew with the next look at the zone. */
async function forgetConsidered(dispatch: Dispatch, zone: Zone): Promise<void> {
  const rows = await dispatch.store.database.db.execute<{ id: number }>(sql`
    select coalesce(min(e.id) - 1, 0) as id from events e join incidents i on i.id = e.subject_id
     where e.type = 'incident.validated' and e.subject_kind = 'incident' and i.zone = ${zone} and i.state = 'validated'`);
  const id = Number(rows[0]?.id ?? 0);
  if (id > 0) await setConsidered(dispatch, zone, id);
}
