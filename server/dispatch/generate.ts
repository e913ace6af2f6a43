import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { PlanKind } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { commit } from '../events/store.ts';
import { nameStops } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { liveRouteOf } from './frame.ts';
import { lockPlan, makeCurrent, materialise } from './make-current.ts';
import { propose } from './propose.ts';
import { dueContainers, readSnapshot, type IncidentRow, type Snapshot } from './snapshot.ts';
import { solve } from './solve.ts';
import { assertFirstRouteStillTrue } from './still-true.ts';

/** Nobody waits at the wheel for a first route: the search may take its time. */
const FIRST_ROUTE_S = 1;

export interface GenerateInput {
  zone: Zone;
  /** Also the containers that are due: the round a side loader drives every day. */
  containers?: boolean | undefined;
  reason?: string | undefined;
  /** Gives the search up: something newer is to be answered. */
  abort?: AbortSignal;
  /** Runs in the transaction that makes the routes current; what it throws undoes that. */
  within?: (tx: Tx) => Promise<void>;
}

/**
 * Makes a zone's first routes and makes them current at once: they disrupt nobody and can be undone. Where the zone
 * has a planned route already, the change is proposed instead and nothing moves until it is approved.
 *
 * @returns the version that is current afterwards
 * @throws DomainError `nothing-validated`, `no-truck-available`, `stale-version`
 */
export async function generate(
  dispatch: Dispatch,
  actor: Actor,
  input: GenerateInput,
): Promise<{ version: number; proposalId?: number }> {
  const { database, clock } = dispatch.store;
  const snapshot = await readSnapshot(database.db, clock());
  const waiting = validatedIn(snapshot, input.zone);
  const due = input.containers === true ? await dueContainers(database.db, input.zone, snapshot.nowMs) : [];
  if (waiting.length === 0 && due.length === 0) {
    throw new DomainError('nothing-validated', 'No validated incident waits in this zone.', {
      zone: input.zone,
    });
  }
  if (plannedRoutesIn(snapshot, input.zone).length > 0) {
    const proposed = await propose(dispatch, actor, {
      zone: input.zone,
      kind: 'recalculation',
      reason: input.reason ?? 'by-hand',
      incidentIds: waiting.map((incident) => incident.id),
      addContainers: due,
      ...(input.abort === undefined ? {} : { abort: input.abort }),
      ...(input.within === undefined ? {} : { within: input.within }),
    });
    return { version: snapshot.version, ...(proposed === null ? {} : { proposalId: proposed.proposalId }) };
  }
  const truckIds = idleTrucks(snapshot, input.zone);
  if (truckIds.length === 0) {
    throw new DomainError('no-truck-available', 'No truck is free for this zone.', { zone: input.zone });
  }
  const solved = await solve(dispatch, snapshot, {
    zone: input.zone,
    truckIds,
    addIncidents: waiting,
    addContainers: due,
    stabilityS: 0,
    abort: input.abort,
    ...('seconds' in dispatch.budget ? { budget: { seconds: FIRST_ROUTE_S } } : {}),
  });
  if (solved.draft.routes.length === 0) {
    throw new DomainError('no-truck-available', 'No truck can serve what waits in this zone.', {
      zone: input.zone,
      unassigned: solved.diff.unassigned,
    });
  }
  const kind: PlanKind = 'first-route';
  return commit(dispatch.store, actor, async (tx, emit) => {
    const current = await lockPlan(tx);
    await input.within?.(tx);
    const incidentIds = solved.draft.routes.flatMap((route) =>
      route.tail.flatMap((stop) => (stop.incidentId === null ? [] : [stop.incidentId])),
    );
    await assertFirstRouteStillTrue(
      tx,
      input.zone,
      solved.draft.routes.map((route) => route.truckId),
      incidentIds,
    );
    const routes = await materialise(tx, solved.draft);
    const diff = nameStops(solved.diff, solved.draft, routes);
    const version = await makeCurrent(
      tx,
      emit,
      actor,
      current,
      { kind, reason: input.reason ?? 'by-hand', routes, diff, degraded: solved.draft.degraded },
      clock(),
    );
    return { version };
  });
}

/** Validated incidents of a zone, the gravest and the most pressing first. */
export function validatedIn(snapshot: Snapshot, zone: Zone): IncidentRow[] {
  return [...snapshot.incidents.values()]
    .filter((incident) => incident.zone === zone && incident.state === 'validated')
    .sort((a, b) => b.severity - a.severity || a.windowEnd.getTime() - b.windowEnd.getTime() || a.id - b.id);
}

export function plannedRoutesIn(snapshot: Snapshot, zone: Zone): number[] {
  return [...snapshot.routes.values()]
    .filter((route) => route.current && route.zone === zone && route.state === 'planned')
    .map((route) => route.id);
}

/** Trucks that could take a first route of the zone: in service, without a live route, bound to no other zone. */
export function idleTrucks(snapshot: Snapshot, zone: Zone): number[] {
  return [...snapshot.trucks.values()]
    .filter(
      (truck) =>
        truck.state === 'available' &&
        (truck.zone === null || truck.zone === zone) &&
        liveRouteOf(snapshot, truck.id) === null,
    )
    .map((truck) => truck.id)
    .sort((a, b) => a - b);
}
