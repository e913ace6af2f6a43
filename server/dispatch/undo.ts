import { eq, gt } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { PlanDiff, PlanDocument, PlannedRoute, PlannedStop, StopState } from '../../shared/plan.ts';
import { isFrozen } from '../../shared/plan.ts';
import type { Tx } from '../db/connect.ts';
import { incidents, planVersions, stops } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { totalsOf } from './draft.ts';
import { lockPlan, makeCurrent } from './make-current.ts';
import { revertChange } from './revert.ts';
import { anyOf, EMPTY_DOCUMENT } from './snapshot.ts';

/**
 * Takes back the change that made version N, as a new version; later changes stay. What was driven meanwhile stays
 * too. Where a later change moved the same stops, it is refused and the later versions are named.
 *
 * @throws DomainError `not-found`, `stale-version` with `versions`, `stop-frozen` when nothing is left to take back
 */
export async function undo(
  store: Store,
  actor: Actor,
  input: { version: number },
): Promise<{ version: number }> {
  return commit(store, actor, async (tx, emit) => {
    const current = await lockPlan(tx);
    const made = await versionDocument(tx, input.version);
    if (made === null) throw new DomainError('not-found', 'No such version.', { version: input.version });
    const before =
      made.parent === null
        ? EMPTY_DOCUMENT
        : ((await versionDocument(tx, made.parent))?.document ?? EMPTY_DOCUMENT);
    const states = await statesOf(tx, [before, made.document, current.document]);
    const reverted = revertChange(before, made.document, current.document, states);
    if (reverted.conflicts.length > 0) {
      throw new DomainError('stale-version', 'Later changes rest on this one.', {
        versions: await versionsThatMoved(tx, input.version, reverted.conflicts),
        stopIds: reverted.conflicts,
      });
    }
    const open = await dropClosed(tx, reverted.routes);
    const routes = open.filter((route) => isAnother(route, current.document, states)).map(withTotals);
    if (routes.length === 0) {
      throw new DomainError(
        'stop-frozen',
        'Nothing is left to take back: it was driven or closed meanwhile.',
        {
          version: input.version,
          stopIds: reverted.frozen,
        },
      );
    }
    const version = await makeCurrent(
      tx,
      emit,
      actor,
      current,
      {
        kind: 'undo',
        reason: `undo:${input.version}`,
        routes,
        diff: diffOf(current.document, routes, states),
        undoes: input.version,
      },
      store.clock(),
    );
    return { version };
  });
}

/** Whether what is still to drive of a route would differ from what the current version says. */
function isAnother(
  route: PlannedRoute,
  current: PlanDocument,
  states: ReadonlyMap<number, StopState>,
): boolean {
  const ahead = (stops: readonly PlannedStop[]) =>
    stops
      .map((stop) => stop.stopId)
      .filter((id) => !isFrozen(states.get(id) ?? 'planned'))
      .join();
  const now = current.routes.find((other) => other.routeId === route.routeId);
  return ahead(route.stops) !== ahead(now?.stops ?? []) || (now === undefined && route.stops.length > 0);
}

function withTotals(route: PlannedRoute): PlannedRoute {
  return { ...route, ...totalsOf(route.stops, route.startAt) };
}

async function versionDocument(
  tx: Tx,
  version: number,
): Promise<{ parent: number | null; document: PlanDocument } | null> {
  const [row] = await tx
    .select({ parent: planVersions.parent, document: planVersions.document })
    .from(planVersions)
    .where(eq(planVersions.version, version));
  return row ?? null;
}

async function statesOf(tx: Tx, documents: readonly PlanDocument[]): Promise<Map<number, StopState>> {
  const ids = documents.flatMap((document) =>
    document.routes.flatMap((route) => route.stops.map((stop) => stop.stopId)),
  );
  const rows = await tx
    .select({ id: stops.id, state: stops.state })
    .from(stops)
    .where(anyOf(stops.id, [...new Set(ids)]));
  return new Map(rows.map((row) => [row.id, row.state]));
}

/** The later versions whose document places any of these stops elsewhere than the one before it did. */
async function versionsThatMoved(tx: Tx, after: number, stopIds: readonly number[]): Promise<number[]> {
  const rows = await tx
    .select({ version: planVersions.version, document: planVersions.document })
    .from(planVersions)
    .where(gt(planVersions.version, after - 1))
    .orderBy(planVersions.version);
  const named: number[] = [];
  for (let i = 1; i < rows.length; i++) {
    const earlier = routeByStop(rows[i - 1]!.document);
    const later = routeByStop(rows[i]!.document);
    if (stopIds.some((id) => earlier.get(id) !== later.get(id))) named.push(rows[i]!.version);
  }
  return named;
}

function routeByStop(document: PlanDocument): Map<number, number> {
  return new Map(document.routes.flatMap((route) => route.stops.map((stop) => [stop.stopId, route.routeId])));
}

/** Stops of incidents that were cancelled or completed meanwhile do not come back. */
async function dropClosed(tx: Tx, routes: readonly PlannedRoute[]): Promise<PlannedRoute[]> {
  const ids = routes.flatMap((route) => route.stops.map((stop) => stop.stopId));
  const rows = await tx
    .select({ id: stops.id, stop: stops.state, incident: incidents.state })
    .from(stops)
    .innerJoin(incidents, eq(incidents.id, stops.incidentId))
    .where(anyOf(stops.id, ids));
  const gone = new Set(
    rows
      .filter((row) => !isFrozen(row.stop) && (row.incident === 'cancelled' || row.incident === 'completed'))
      .map((row) => row.id),
  );
  return routes.map((route) => ({
    ...route,
    stops: route.stops.filter((stop: PlannedStop) => !gone.has(stop.stopId)),
  }));
}

function diffOf(
  current: PlanDocument,
  routes: readonly PlannedRoute[],
  states: ReadonlyMap<number, StopState>,
): PlanDiff {
  const before = routeByStop(current);
  const after = new Map(before);
  for (const [stopId, routeId] of before) {
    if (routes.some((route) => route.routeId === routeId)) after.delete(stopId);
  }
  for (const route of routes) for (const stop of route.stops) after.set(stop.stopId, route.routeId);
  const moved = [...new Set([...before.keys(), ...after.keys()])]
    .filter((stopId) => before.get(stopId) !== after.get(stopId) && states.get(stopId) === 'planned')
    .map((stopId) => ({
      stopId,
      fromRouteId: before.get(stopId) ?? null,
      toRouteId: after.get(stopId) ?? null,
      reason: 'undo',
    }));
  const sum = (list: readonly PlannedRoute[], key: 'durationS' | 'distanceM') =>
    list.reduce((total, route) => total + (route.stops.length === 0 ? 0 : route[key]), 0);
  const was = current.routes.filter((route) => routes.some((other) => other.routeId === route.routeId));
  return {
    moved,
    later: [],
    cost: {
      seconds: Math.round(sum(routes, 'durationS') - sum(was, 'durationS')),
      metres: Math.round(sum(routes, 'distanceM') - sum(was, 'distanceM')),
    },
    unassigned: [],
  };
}
