import { and, eq, inArray, ne } from 'drizzle-orm';
import { PLANNER, type Actor } from '../../shared/actor.ts';
import { DEFAULT_ALTERNATIVE, type PlanKind, type ProposalAsked } from '../../shared/plan.ts';
import { DomainError } from '../../shared/errors.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { containers, proposals, trucks } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { fillAlternatives, storeAlternative } from './alternatives.ts';
import { approve } from './approve.ts';
import { closeProposals, type ProposalRow } from './close-proposals.ts';
import { nameStops } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { liveRouteOf } from './frame.ts';
import { lockPlan, materialise } from './make-current.ts';
import { anyOf, readSnapshot, type ContainerRow, type Snapshot } from './snapshot.ts';
import { prepare, searchFor, type Prepared, type Solved } from './solve.ts';

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
  /** The open proposal whose place this one takes, with what of it is still to be done in this question already. */
  replaces?: number;
  /** Gives the search up: something newer is to be answered. */
  abort?: AbortSignal;
  /** Runs in the transaction that stores the proposal; what it throws undoes that. */
  within?: (tx: Tx) => Promise<void>;
  /** Whether what was found is worth a proposal; left out: any change is. */
  isWorth?: (solved: Solved, snapshot: Snapshot) => boolean;
}

/** Another proposal of the zone, or a truck that went out, came between the question and its answer: ask again. */
const MOST_TRIES = 3;

/**
 * Computes a change to the zone's live routes and stores it as the zone's one open proposal; a newer one supersedes
 * it and takes along what waited in it. Nothing moves until it is approved, by a person or by the rule
 * `autoApproveBelow`. What is stored is the default of the slider; its other points follow in the background.
 *
 * @returns null when there is nothing to change
 */
export async function propose(
  dispatch: Dispatch,
  actor: Actor,
  asked: ProposeInput,
): Promise<{ proposalId: number; version?: number } | null> {
  for (let tries = 1; ; tries++) {
    try {
      return await proposeOnce(dispatch, actor, asked);
    } catch (error) {
      // Who weighs the zone anyway weighs it anew.
      if (!(error instanceof Overtaken) || asked.within !== undefined || tries >= MOST_TRIES) throw error;
    }
  }
}

async function proposeOnce(
  dispatch: Dispatch,
  actor: Actor,
  asked: ProposeInput,
): Promise<{ proposalId: number; version?: number } | null> {
  const snapshot = await readSnapshot(dispatch.store.database.db, dispatch.store.clock());
  const openIds = await openProposalIds(dispatch.store.database.db, asked.zone);
  const input = await withOpenProposal(dispatch.store, snapshot, asked);
  const prepared = await prepareChange(dispatch, snapshot, input);
  const solved = await searchChange(dispatch, prepared, input);
  if (solved.diff.moved.length === 0 && solved.draft.routes.length === 0) return null;
  if (asked.isWorth?.(solved, snapshot) === false) return null;
  const proposalId = await storeProposal(dispatch, actor, snapshot, input, solved, openIds);

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
  dispatch.onProposed?.(proposalId, () => fillAlternatives(dispatch, proposalId, prepared));
  return { proposalId };
}

/**
 * The change together with what the zone's open proposal was to do: superseding it must lose neither an incident nor
 * a container that waits, nor the stops of a truck that is out.
 */
export async function withOpenProposal(
  store: Store,
  snapshot: Snapshot,
  input: ProposeInput,
): Promise<ProposeInput> {
  const open = await store.database.db
    .select()
    .from(proposals)
    .where(and(eq(proposals.zone, input.zone), eq(proposals.state, 'open')));
  const waiting = open.filter((row) => row.id !== input.replaces).map(askedOf);
  const known = new Set((input.addContainers ?? []).map((container) => container.id));
  const containerIds = waiting.flatMap((asked) => asked.containerIds).filter((id) => !known.has(id));
  return {
    ...input,
    incidentIds: union(
      waiting.flatMap((asked) => asked.incidentIds),
      input.incidentIds,
    ),
    outTruckIds: union(
      input.outTruckIds ?? [],
      waiting.flatMap((asked) => asked.outTruckIds.filter((id) => isStranded(snapshot, id))),
    ),
    addContainers: [
      ...(input.addContainers ?? []),
      ...(await waitingContainers(store, snapshot, containerIds)),
    ],
    redrawTruckIds: union(
      input.redrawTruckIds ?? [],
      waiting.flatMap((asked) => asked.redrawTruckIds.filter((id) => liveRouteOf(snapshot, id) !== null)),
    ),
  };
}

/** What a stored proposal was asked to do; rows older than the column are read from what they answered. */
export function askedOf(proposal: ProposalRow): ProposalAsked {
  return (
    proposal.asked ?? {
      incidentIds: proposal.incidentIds,
      containerIds: [],
      outTruckIds: proposal.truckId === null ? [] : [proposal.truckId],
      redrawTruckIds: [],
    }
  );
}

/** A truck that is out and whose stops are still its own. */
export function isStranded(snapshot: Snapshot, truckId: number): boolean {
  return snapshot.trucks.get(truckId)?.state === 'out' && liveRouteOf(snapshot, truckId) !== null;
}

/** Those of the containers that the plan does not serve already. */
export async function waitingContainers(
  store: Store,
  snapshot: Snapshot,
  containerIds: readonly number[],
): Promise<ContainerRow[]> {
  if (containerIds.length === 0) return [];
  const served = new Set(
    [...snapshot.stops.values()].flatMap((stop) =>
      stop.containerId !== null && stop.routeId !== null && stop.state !== 'failed' ? [stop.containerId] : [],
    ),
  );
  const rows = await store.database.db
    .select()
    .from(containers)
    .where(and(inArray(containers.id, [...new Set(containerIds)]), eq(containers.active, true)));
  return rows.filter((row) => !served.has(row.id));
}

function union(one: readonly number[], other: readonly number[]): number[] {
  return [...new Set([...one, ...other])];
}

/** The search behind a proposal, stored nowhere: also what a dry run shows. */
export async function solveChange(
  dispatch: Dispatch,
  snapshot: Snapshot,
  input: ProposeInput,
): Promise<Solved> {
  return searchChange(dispatch, await prepareChange(dispatch, snapshot, input), input);
}

/** Frames a change with the trucks that may take part in it. */
export function prepareChange(
  dispatch: Dispatch,
  snapshot: Snapshot,
  input: ProposeInput,
): Promise<Prepared> {
  const out = input.outTruckIds ?? [];
  return prepare(dispatch, snapshot, {
    zone: input.zone,
    truckIds: trucksInPlay(snapshot, input.zone, out),
    addIncidents: input.incidentIds
      .map((id) => snapshot.incidents.get(id))
      .filter((incident) => incident !== undefined && incident.state === 'validated')
      .map((incident) => incident!),
    outTruckIds: out,
    addContainers: input.addContainers ?? [],
    redrawTruckIds: input.redrawTruckIds ?? [],
    abort: input.abort,
  });
}

function searchChange(dispatch: Dispatch, prepared: Prepared, input: ProposeInput): Promise<Solved> {
  return searchFor(dispatch, prepared, {
    stabilityS: input.stabilityS ?? prepared.snapshot.rules.stabilityS,
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
  openIds: readonly number[],
): Promise<number> {
  const { store } = dispatch;
  const at = new Date(store.clock());
  return commit(store, actor, async (tx, emit) => {
    // The plan's lock also serialises proposals: two made at once leave one open.
    await lockPlan(tx);
    await input.within?.(tx);
    await assertNotOvertaken(tx, input.zone, openIds, solved);
    const superseded = await closeProposals(tx, emit, actor, input.zone, 'superseded', at);
    const replaces = superseded[0] ?? input.replaces ?? null;
    const routes = await materialise(tx, solved.draft);
    const diff = nameStops(solved.diff, solved.draft, routes);
    const document = { routes, degraded: solved.draft.degraded };
    const [row] = await tx
      .insert(proposals)
      .values({
        zone: input.zone,
        baseVersion: snapshot.version,
        kind: input.kind,
        reason: input.reason,
        at,
        expiresAt: new Date(at.getTime() + snapshot.rules.proposalTtlS * 1_000),
        document,
        diff,
        incidentIds: diff.moved.flatMap((move) => (move.incidentId === undefined ? [] : [move.incidentId])),
        truckId: input.outTruckIds?.[0] ?? null,
        solveMs: solved.solveMs,
        asked: {
          incidentIds: [...input.incidentIds],
          containerIds: (input.addContainers ?? []).map((container) => container.id),
          outTruckIds: [...(input.outTruckIds ?? [])],
          redrawTruckIds: [...(input.redrawTruckIds ?? [])],
        },
        replaces,
      })
      .returning({ id: proposals.id });
    const proposalId = row!.id;
    await storeAlternative(tx, {
      proposalId,
      name: DEFAULT_ALTERNATIVE,
      stabilityS: input.stabilityS ?? snapshot.rules.stabilityS,
      base: snapshot.document,
      document,
      diff,
      solveMs: solved.solveMs,
      at,
    });
    emit({
      type: 'proposal.created',
      subject: { kind: 'proposal', id: proposalId },
      zone: input.zone,
      data: {
        kind: input.kind,
        reason: input.reason,
        baseVersion: snapshot.version,
        moved: diff.moved.length,
        costS: diff.cost.seconds,
        ...(replaces === null ? {} : { replaces }),
      },
    });
    return proposalId;
  });
}

/** The answer rests on what is no longer so; {@link propose} asks again. */
class Overtaken extends DomainError {
  constructor(detail: Record<string, unknown>) {
    super('stale-version', 'Something else of the zone was proposed meanwhile.', detail);
  }
}

/** A proposal nobody saw must not be superseded unread, nor stops be given to a truck that went out meanwhile. */
async function assertNotOvertaken(
  tx: Tx,
  zone: Zone,
  openIds: readonly number[],
  solved: Solved,
): Promise<void> {
  const open = await openProposalIds(tx, zone);
  const unseen = open.filter((id) => !openIds.includes(id));
  if (unseen.length > 0) throw new Overtaken({ proposalIds: unseen });
  const takers = solved.draft.routes.filter((route) => route.tail.length > 0).map((route) => route.truckId);
  const out = await tx
    .select({ id: trucks.id })
    .from(trucks)
    .where(and(anyOf(trucks.id, takers), ne(trucks.state, 'available')));
  if (out.length > 0) throw new Overtaken({ truckIds: out.map((row) => row.id) });
}

async function openProposalIds(reader: Pick<Tx, 'select'>, zone: Zone): Promise<number[]> {
  const rows = await reader
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(eq(proposals.zone, zone), eq(proposals.state, 'open')));
  return rows.map((row) => row.id);
}
