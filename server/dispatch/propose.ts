import { and, eq, inArray, lt } from 'drizzle-orm';
import { PLANNER, type Actor } from '../../shared/actor.ts';
import type { PlanKind, ProposalState } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { proposals } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { approve } from './approve.ts';
import { nameStops } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { liveRouteOf } from './frame.ts';
import { lockPlan, materialise } from './make-current.ts';
import { readSnapshot, type ContainerRow, type Snapshot } from './snapshot.ts';
import { solve, type Solved } from './solve.ts';
import { stopsOfIncidents } from './still-true.ts';

export interface ProposeInput {
  zone: Zone;
  kind: PlanKind;
  reason: string;
  /** Validated incidents to be taken up. */
  incidentIds: readonly number[];
  /** Trucks whose remaining stops are to be given to others. */
  outTruckIds?: readonly number[];
  /** Containers to be taken up beside the incidents. */
  addContainers?: readonly ContainerRow[];
  /** Trucks whose way leads through a street that was closed. */
  redrawTruckIds?: readonly number[];
  stabilityS?: number;
}

/**
 * Computes a change to the zone's live routes and stores it as the zone's one open proposal; a newer one supersedes
 * it and takes along the incidents that waited in it. Nothing moves until it is approved, by a person or by the rule
 * `autoApproveBelow`.
 *
 * @returns null when there is nothing to change
 */
export async function propose(
  dispatch: Dispatch,
  actor: Actor,
  asked: ProposeInput,
): Promise<{ proposalId: number; version?: number } | null> {
  const snapshot = await readSnapshot(dispatch.store.database.db, dispatch.store.clock());
  const input = await withOpenProposal(dispatch.store, snapshot, asked);
  const solved = await solveChange(dispatch, snapshot, input);
  if (solved.diff.moved.length === 0 && solved.draft.routes.length === 0) return null;
  const proposalId = await storeProposal(dispatch, actor, snapshot, input, solved);

  const limit = snapshot.rules.autoApproveBelow;
  if (
    limit !== null &&
    solved.diff.cost.seconds <= limit.costS &&
    solved.diff.moved.length <= limit.movedStops &&
    solved.diff.unassigned.length === 0
  ) {
    const { version } = await approve(dispatch.store, PLANNER, { id: proposalId });
    return { proposalId, version };
  }
  return { proposalId };
}

/**
 * The change together with what the zone's open proposal was to do: superseding it must lose neither an incident that
 * waits nor the stops of a truck that is out.
 */
export async function withOpenProposal(
  store: Store,
  snapshot: Snapshot,
  input: ProposeInput,
): Promise<ProposeInput> {
  const open = await store.database.db
    .select({ incidentIds: proposals.incidentIds, document: proposals.document })
    .from(proposals)
    .where(and(eq(proposals.zone, input.zone), eq(proposals.state, 'open')));
  const incidentIds = open.flatMap((proposal) => proposal.incidentIds);
  const outTruckIds = open
    .flatMap((proposal) => proposal.document.routes.map((route) => route.truckId))
    .filter((id) => snapshot.trucks.get(id)?.state === 'out' && liveRouteOf(snapshot, id) !== null);
  return {
    ...input,
    incidentIds: [...new Set([...incidentIds, ...input.incidentIds])],
    outTruckIds: [...new Set([...(input.outTruckIds ?? []), ...outTruckIds])],
  };
}

/** The search behind a proposal, stored nowhere: also what a dry run shows. */
export async function solveChange(
  dispatch: Dispatch,
  snapshot: Snapshot,
  input: ProposeInput,
): Promise<Solved> {
  const out = input.outTruckIds ?? [];
  return solve(dispatch, snapshot, {
    zone: input.zone,
    truckIds: trucksInPlay(snapshot, input.zone, out),
    addIncidents: input.incidentIds
      .map((id) => snapshot.incidents.get(id))
      .filter((incident) => incident !== undefined && incident.state === 'validated')
      .map((incident) => incident!),
    outTruckIds: out,
    addContainers: input.addContainers ?? [],
    redrawTruckIds: input.redrawTruckIds ?? [],
    ...(input.stabilityS === undefined ? {} : { stabilityS: input.stabilityS }),
  });
}

/** Trucks with a live route in the zone; where one fails, also those that stand idle. */
function trucksInPlay(snapshot: Snapshot, zone: Zone, out: readonly number[]): number[] {
  return [...snapshot.trucks.values()]
    .filter((truck) => {
      if (truck.state !== 'available' || out.includes(truck.id)) return false;
      const route = liveRouteOf(snapshot, truck.id);
      if (route !== null) return route.zone === zone;
      return out.length > 0 && (truck.zone === null || truck.zone === zone);
    })
    .map((truck) => truck.id)
    .sort((a, b) => a - b);
}

async function storeProposal(
  dispatch: Dispatch,
  actor: Actor,
  snapshot: Snapshot,
  input: ProposeInput,
  solved: Solved,
): Promise<number> {
  const { store } = dispatch;
  return commit(store, actor, async (tx, emit) => {
    // The plan's lock also serialises proposals: two made at once leave one open.
    await lockPlan(tx);
    await closeProposals(tx, emit, actor, input.zone, 'superseded', new Date(store.clock()));
    const incidentIds = solved.draft.routes.flatMap((route) =>
      route.tail.flatMap((stop) => (stop.incidentId === null ? [] : [stop.incidentId])),
    );
    const routes = await materialise(tx, solved.draft);
    const diff = nameStops(solved.diff, routes, await stopsOfIncidents(tx, incidentIds));
    const [row] = await tx
      .insert(proposals)
      .values({
        zone: input.zone,
        baseVersion: snapshot.version,
        kind: input.kind,
        reason: input.reason,
        at: new Date(store.clock()),
        expiresAt: new Date(store.clock() + snapshot.rules.proposalTtlS * 1_000),
        document: { routes, degraded: solved.draft.degraded },
        diff,
        incidentIds: diff.moved.flatMap((move) => (move.incidentId === undefined ? [] : [move.incidentId])),
        truckId: input.outTruckIds?.[0] ?? null,
        solveMs: solved.solveMs,
      })
      .returning({ id: proposals.id });
    emit({
      type: 'proposal.created',
      subject: { kind: 'proposal', id: row!.id },
      zone: input.zone,
      data: {
        kind: input.kind,
        reason: input.reason,
        baseVersion: snapshot.version,
        moved: diff.moved.length,
        costS: diff.cost.seconds,
      },
    });
    return row!.id;
  });
}

/** Closes whatever proposal of the zone is open, with this outcome. */
export async function closeProposals(
  tx: Tx,
  emit: Emit,
  actor: Actor,
  zone: Zone,
  state: Exclude<ProposalState, 'open'>,
  at: Date,
): Promise<void> {
  const closed = await tx
    .update(proposals)
    .set({ state, closedAt: at, closedBy: actor })
    .where(and(eq(proposals.zone, zone), eq(proposals.state, 'open')))
    .returning({ id: proposals.id });
  for (const row of closed) {
    emit({ type: 'proposal.closed', subject: { kind: 'proposal', id: row.id }, zone, data: { state } });
  }
}

export interface ExpiredProposal {
  zone: Zone;
  reason: string;
  /** The truck whose stops it gave to others. */
  truckId: number | null;
}

/** Ends proposals whose time is over. @returns them, so that what they were for is looked at again */
export async function expireProposals(dispatch: Dispatch, actor: Actor): Promise<ExpiredProposal[]> {
  const now = new Date(dispatch.store.clock());
  const [due] = await dispatch.store.database.db
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(inArray(proposals.state, ['open']), lt(proposals.expiresAt, now)))
    .limit(1);
  if (due === undefined) return [];
  return commit(dispatch.store, actor, async (tx, emit) => {
    const closed = await tx
      .update(proposals)
      .set({ state: 'expired', closedAt: now, closedBy: actor })
      .where(and(eq(proposals.state, 'open'), lt(proposals.expiresAt, now)))
      .returning({
        id: proposals.id,
        zone: proposals.zone,
        reason: proposals.reason,
        truckId: proposals.truckId,
      });
    for (const row of closed) {
      emit({
        type: 'proposal.closed',
        subject: { kind: 'proposal', id: row.id },
        zone: row.zone,
        data: { state: 'expired' },
      });
    }
    return closed;
  });
}
