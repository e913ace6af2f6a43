import { and, eq, inArray } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { PlanDocument, PlannedRoute, StopState } from '../../shared/plan.ts';
import { isFrozen } from '../../shared/plan.ts';
import type { Tx } from '../db/connect.ts';
import { incidents, planVersions, proposals, stops, trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { totalsOf } from './draft.ts';
import { lockPlan, makeCurrent } from './make-current.ts';
import { anyOf, EMPTY_DOCUMENT } from './snapshot.ts';

/**
 * Makes a proposal the plan. On an older base it is rebased: what was driven meanwhile stays in front, the rest
 * follows as proposed. It is refused where its routes were changed by somebody else since, or where it would move a
 * stop a truck has already left for.
 *
 * @throws DomainError `not-found`, `invalid-transition` (no longer open), `stale-version`, `stop-frozen`
 */
export async function approve(
  store: Store,
  actor: Actor,
  input: { id: number },
): Promise<{ version: number }> {
  return commit(store, actor, async (tx, emit) => {
    const current = await lockPlan(tx);
    const [proposal] = await tx.select().from(proposals).where(eq(proposals.id, input.id)).for('update');
    if (proposal === undefined) throw new DomainError('not-found', 'No such proposal.', { id: input.id });
    const nowMs = store.clock();
    if (proposal.state !== 'open' || proposal.expiresAt.getTime() <= nowMs) {
      const state = proposal.state === 'open' ? 'expired' : proposal.state;
      throw new DomainError('invalid-transition', 'The proposal is no longer open.', { id: input.id, state });
    }
    await assertUntouched(tx, current, proposal.baseVersion, proposal.document.routes);
    await assertTrucksInService(tx, proposal.document.routes);
    const states = await stopStates(tx, [...proposal.document.routes, ...current.document.routes]);
    const routes = await dropClosedIncidents(
      tx,
      proposal.document.routes.map((route) => rebase(route, current.document, states)),
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
        diff: proposal.diff,
        degraded: proposal.document.degraded,
        proposalId: proposal.id,
      },
      nowMs,
    );
    await tx
      .update(proposals)
      .set({ state: 'approved', closedAt: new Date(nowMs), closedBy: actor, version })
      .where(eq(proposals.id, proposal.id));
    emit({
      type: 'proposal.closed',
      subject: { kind: 'proposal', id: proposal.id },
      zone: proposal.zone,
      data: { state: 'approved', version },
    });
    return { version };
  });
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
  const base = row?.document ?? EMPTY_DOCUMENT;
  const touched = changed.filter(
    (route) => orderIn(base, route.routeId) !== orderIn(current.document, route.routeId),
  );
  if (touched.length > 0) {
    throw new DomainError('stale-version', 'Another change reached the same routes first.', {
      routeIds: touched.map((route) => route.routeId),
      baseVersion,
      currentVersion: current.version,
    });
  }
}

function orderIn(document: PlanDocument, routeId: number): string {
  return (document.routes.find((route) => route.routeId === routeId)?.stops ?? [])
    .map((stop) => stop.stopId)
    .join();
}

async function assertTrucksInService(tx: Tx, routes: readonly PlannedRoute[]): Promise<void> {
  const states = await stopStates(tx, routes);
  const receiving = routes.filter((route) =>
    route.stops.some((stop) => states.get(stop.stopId) === 'planned'),
  );
  if (receiving.length === 0) return;
  const out = await tx
    .select({ id: trucks.id })
    .from(trucks)
    .where(
      and(
        anyOf(
          trucks.id,
          receiving.map((route) => route.truckId),
        ),
        inArray(trucks.state, ['out', 'retired']),
      ),
    );
  if (out.length > 0) {
    throw new DomainError('stale-version', 'A truck that was to receive stops is out of service.', {
      truckIds: out.map((row) => row.id),
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
