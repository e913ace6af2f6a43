import { and, eq, gte, inArray } from 'drizzle-orm';
import { actorLabel, type Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type {
  AlternativeName,
  Approval,
  PlanDiff,
  PlanDocument,
  PlannedRoute,
  StopState,
} from '../../shared/plan.ts';
import { DEFAULT_ALTERNATIVE, isFrozen } from '../../shared/plan.ts';
import type { Tx } from '../db/connect.ts';
import {
  incidents,
  planVersions,
  proposals,
  routes as routesTable,
  stops,
  trucks,
} from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { alternativeOf } from './alternatives.ts';
import type { ProposalRow } from './close-proposals.ts';
import { totalsOf } from './draft.ts';
import { lockPlan, makeCurrent } from './make-current.ts';
import { anyOf, EMPTY_DOCUMENT } from './snapshot.ts';

export interface ApproveInput {
  id: number;
  /** The point of the slider; the default when left out. */
  alternative?: AlternativeName | undefined;
}

/**
 * Makes a proposal the plan, in the alternative that was chosen. On an older base it is rebased: what was driven
 * meanwhile stays in front, the rest follows as proposed. A proposal that a newer one superseded while somebody was
 * deciding on it stands as long as its routes are untouched. It is refused where its routes were changed by somebody
 * else since, or where it would move a stop a truck has already left for.
 *
 * @throws DomainError `not-found` (also an alternative not computed yet), `invalid-transition` (no longer open),
 * `stale-version`, `stop-frozen`
 */
export async function approve(store: Store, actor: Actor, input: ApproveInput): Promise<{ version: number }> {
  return commit(store, actor, async (tx, emit) => {
    const current = await lockPlan(tx);
    const nowMs = store.clock();
    const proposal = await lockProposal(tx, input.id, nowMs);
    const name = input.alternative ?? DEFAULT_ALTERNATIVE;
    const chosen = await alternativeOf(tx, proposal, name);
    if (chosen === null) {
      throw new DomainError('not-found', 'This alternative is not computed yet.', {
        id: proposal.id,
        alternative: name,
      });
    }
    await assertUntouched(tx, current, proposal.baseVersion, chosen.document.routes);
    const version = await makeProposalCurrent(tx, emit, actor, current, proposal, {
      ...chosen,
      approval: { how: actor.kind === 'planner' ? 'auto' : 'whole', alternative: name, leftOut: [] },
      nowMs,
    });
    return { version };
  });
}

/**
 * The proposal, locked, as long as it can be decided on: open, or superseded within its time.
 *
 * @throws DomainError `not-found`, `invalid-transition`
 */
export async function lockProposal(tx: Tx, id: number, nowMs: number): Promise<ProposalRow> {
  const [proposal] = await tx.select().from(proposals).where(eq(proposals.id, id)).for('update');
  if (proposal === undefined) throw new DomainError('not-found', 'No such proposal.', { id });
  const isOver = proposal.expiresAt.getTime() <= nowMs;
  if (isOver || (proposal.state !== 'open' && proposal.state !== 'superseded')) {
    const state = proposal.state === 'open' ? 'expired' : proposal.state;
    throw new DomainError('invalid-transition', 'The proposal is no longer open.', { id, state });
  }
  return proposal;
}

export interface DecidedProposal {
  document: PlanDocument;
  diff: PlanDiff;
  approval: Approval;
  nowMs: number;
}

/**
 * What every way to approve ends in, under the plan's lock and after its routes were found untouched: what is driven
 * goes in front, the version is made, the proposal closed.
 *
 * @throws DomainError `stale-version`, `stop-frozen`
 */
export async function makeProposalCurrent(
  tx: Tx,
  emit: Emit,
  actor: Actor,
  current: { version: number; document: PlanDocument },
  proposal: ProposalRow,
  decided: DecidedProposal,
): Promise<number> {
  const { routes: proposed, degraded } = decided.document;
  const states = await stopStates(tx, [...proposed, ...current.document.routes]);
  assertNowhereElse(current.document, proposed, states);
  await assertTrucksFree(tx, current.document, proposed, states);
  const routes = await dropClosedIncidents(
    tx,
    proposed.map((route) => rebase(route, current.document, states)),
  );
  const version = await makeCurrent(
    tx,
    emit,
    actor,
    current,
    {
      kind: proposal.kind,
      reason: proposal.reason,
      routes,
      diff: decided.diff,
      degraded,
      proposalId: proposal.id,
      approval: decided.approval,
    },
    decided.nowMs,
  );
  const closed = await tx
    .update(proposals)
    .set({ state: 'approved', closedAt: new Date(decided.nowMs), closedBy: actor, version })
    .where(and(eq(proposals.id, proposal.id), inArray(proposals.state, ['open', 'superseded'])))
    .returning({ id: proposals.id });
  // A draft outlives its proposal: one that ended otherwise keeps its end.
  if (closed.length === 0) return version;
  emit({
    type: 'proposal.closed',
    subject: { kind: 'proposal', id: proposal.id },
    zone: proposal.zone,
    data: { state: 'approved', version, ...decided.approval },
  });
  return version;
}

/** A stop that another route took up meanwhile would be served twice. */
function assertNowhereElse(
  current: PlanDocument,
  proposed: readonly PlannedRoute[],
  states: ReadonlyMap<number, StopState>,
): void {
  const changed = new Set(proposed.map((route) => route.routeId));
  const elsewhere = new Set(
    current.routes
      .filter((route) => !changed.has(route.routeId))
      .flatMap((route) => route.stops.map((stop) => stop.stopId)),
  );
  const twice = proposed
    .flatMap((route) => route.stops)
    .filter((stop) => elsewhere.has(stop.stopId) && states.get(stop.stopId) === 'planned');
  if (twice.length > 0) {
    throw new DomainError('stale-version', 'Another change took up the same stops first.', {
      stopIds: twice.map((stop) => stop.stopId),
    });
  }
}

/** Puts what is driven by now in front; refuses to pull a stop from under a truck. */
export function rebase(
  proposed: PlannedRoute,
  current: PlanDocument,
  states: ReadonlyMap<number, StopState>,
): PlannedRoute {
  const now = current.routes.find((route) => route.routeId === proposed.routeId);
  const frozen = (now?.stops ?? []).filter((stop) => isFrozen(states.get(stop.stopId) ?? 'planned'));
  const wanted = new Set(proposed.stops.map((stop) => stop.stopId));
  const pulled = frozen.filter((stop) => !wanted.has(stop.stopId) && states.get(stop.stopId) === 'enroute');
  if (pulled.length > 0) {
    throw new DomainError('stop-frozen', 'A truck is already on its way to a stop this would move.', {
      stopIds: pulled.map((stop) => stop.stopId),
    });
  }
  const driven = new Set(frozen.map((stop) => stop.stopId));
  const own = (now?.stops ?? []).map((stop) => stop.stopId);
  const foreign = proposed.stops.filter(
    (stop) => isFrozen(states.get(stop.stopId) ?? 'planned') && !own.includes(stop.stopId),
  );
  if (foreign.length > 0) {
    throw new DomainError('stop-frozen', 'Another truck has already left for a stop this would move.', {
      stopIds: foreign.map((stop) => stop.stopId),
    });
  }
  const all = [...frozen, ...proposed.stops.filter((stop) => !driven.has(stop.stopId))];
  return { ...proposed, ...totalsOf(all, proposed.startAt), stops: all };
}

/** The routes a change rests on are as they were when it was computed. */
export async function assertUntouched(
  tx: Tx,
  current: { version: number; document: PlanDocument },
  baseVersion: number,
  changed: readonly PlannedRoute[],
): Promise<void> {
  if (baseVersion === current.version) return;
  const [row] = await tx
    .select({ document: planVersions.document })
    .from(planVersions)
    .where(eq(planVersions.version, baseVersion));
  const touched = touchedSince(row?.document ?? EMPTY_DOCUMENT, current.document, changed);
  if (touched.length > 0) {
    throw new DomainError('stale-version', 'Another change reached the same routes first.', {
      routeIds: touched.map((route) => route.routeId),
      baseVersion,
      currentVersion: current.version,
      ...(await lastToTouch(tx, baseVersion, touched)),
    });
  }
}

/** Those of the routes whose stops are no longer as they were in the base. */
export function touchedSince<Route extends { routeId: number }>(
  base: PlanDocument,
  current: PlanDocument,
  changed: readonly Route[],
): Route[] {
  return changed.filter((route) => orderIn(base, route.routeId) !== orderIn(current, route.routeId));
}

/** Who changed one of the routes last, and when: so that whoever is refused knows whom to ask. */
async function lastToTouch(
  tx: Tx,
  baseVersion: number,
  touched: readonly { routeId: number }[],
): Promise<{ by?: string; at?: string; version?: number }> {
  const rows = await tx
    .select({
      version: planVersions.version,
      actor: planVersions.actor,
      at: planVersions.at,
      document: planVersions.document,
    })
    .from(planVersions)
    .where(gte(planVersions.version, baseVersion))
    .orderBy(planVersions.version);
  let last: (typeof rows)[number] | undefined;
  for (let i = 1; i < rows.length; i++) {
    if (touchedSince(rows[i - 1]!.document, rows[i]!.document, touched).length > 0) last = rows[i];
  }
  return last === undefined
    ? {}
    : { by: actorLabel(last.actor), at: last.at.toISOString(), version: last.version };
}

function orderIn(document: PlanDocument, routeId: number): string {
  return (document.routes.find((route) => route.routeId === routeId)?.stops ?? [])
    .map((stop) => stop.stopId)
    .join();
}

/** Trucks that receive stops are in service and drive no other route. */
async function assertTrucksFree(
  tx: Tx,
  current: PlanDocument,
  proposed: readonly PlannedRoute[],
  states: ReadonlyMap<number, StopState>,
): Promise<void> {
  const receiving = proposed.filter((route) =>
    route.stops.some((stop) => states.get(stop.stopId) === 'planned'),
  );
  if (receiving.length === 0) return;
  const truckIds = receiving.map((route) => route.truckId);
  const out = await tx
    .select({ id: trucks.id })
    .from(trucks)
    .where(and(anyOf(trucks.id, truckIds), inArray(trucks.state, ['out', 'retired'])));
  // A truck out of service may keep what was its own; it receives nothing.
  const given = out.filter(({ id }) => {
    const route = receiving.find((candidate) => candidate.truckId === id)!;
    const own = current.routes.find((other) => other.routeId === route.routeId)?.stops ?? [];
    return route.stops.some(
      (stop) => states.get(stop.stopId) === 'planned' && !own.some((before) => before.stopId === stop.stopId),
    );
  });
  const busy = await tx
    .select({ id: routesTable.id, truckId: routesTable.truckId })
    .from(routesTable)
    .where(
      and(
        anyOf(routesTable.truckId, truckIds),
        eq(routesTable.current, true),
        inArray(routesTable.state, ['planned', 'running']),
      ),
    );
  const taken = busy.filter(
    (row) => !proposed.some((route) => route.routeId === row.id && route.truckId === row.truckId),
  );
  if (given.length + taken.length > 0) {
    throw new DomainError('stale-version', 'A truck that was to receive stops is out of service or busy.', {
      truckIds: [...given.map((row) => row.id), ...taken.map((row) => row.truckId)],
    });
  }
}

/** The state of every stop of these routes. */
export async function stopStates(tx: Tx, routes: readonly PlannedRoute[]): Promise<Map<number, StopState>> {
  const ids = routes.flatMap((route) => route.stops.map((stop) => stop.stopId));
  const rows = await tx.select({ id: stops.id, state: stops.state }).from(stops).where(anyOf(stops.id, ids));
  return new Map(rows.map((row) => [row.id, row.state]));
}

/** Incidents cancelled or completed since are left out; the rest of the proposal stands. */
async function dropClosedIncidents(tx: Tx, routes: PlannedRoute[]): Promise<PlannedRoute[]> {
  const ids = routes.flatMap((route) => route.stops.map((stop) => stop.stopId));
  const closed = await tx
    .select({ id: stops.id })
    .from(stops)
    .innerJoin(incidents, eq(incidents.id, stops.incidentId))
    .where(
      and(
        anyOf(stops.id, ids),
        inArray(stops.state, ['planned', 'enroute']),
        inArray(incidents.state, ['cancelled', 'completed']),
      ),
    );
  if (closed.length === 0) return routes;
  const gone = new Set(closed.map((row) => row.id));
  return routes.map((route) => {
    const kept = route.stops.filter((stop) => !gone.has(stop.stopId));
    return { ...route, ...totalsOf(kept, route.startAt), stops: kept };
  });
}
