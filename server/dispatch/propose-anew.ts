import { eq } from 'drizzle-orm';
import { PLANNER } from '../../shared/actor.ts';
import { DomainError, isDomainError } from '../../shared/errors.ts';
import type { PlanDocument } from '../../shared/plan.ts';
import type { Tx } from '../db/connect.ts';
import { planVersions, proposals } from '../db/schema/index.ts';
import { commit } from '../events/store.ts';
import { touchedSince } from './approve.ts';
import { activeClosures, crossesClosure } from './closures.ts';
import { closeProposals, type ProposalRow } from './close-proposals.ts';
import type { Dispatch } from './dispatch.ts';
import { askedOf, isStranded, propose, waitingContainers } from './propose.ts';
import { EMPTY_DOCUMENT, readCurrentPlan, readSnapshot, type Snapshot } from './snapshot.ts';

/**
 * Asks again what an open proposal was to do, as far as it is still to be done. The answer takes its place and is a
 * proposal of its own, to be approved like any other.
 *
 * @returns null where nothing is left to do
 * @throws DomainError `stale-version` when it was closed meanwhile
 */
async function proposeAnew(
  dispatch: Dispatch,
  former: ProposalRow,
): Promise<{ proposalId: number; version?: number } | null> {
  const { store } = dispatch;
  const snapshot = await readSnapshot(store.database.db, store.clock());
  const asked = askedOf(former);
  const incidentIds = asked.incidentIds.filter((id) => snapshot.incidents.get(id)?.state === 'validated');
  const outTruckIds = asked.outTruckIds.filter((id) => isStranded(snapshot, id));
  const addContainers = await waitingContainers(store, snapshot, asked.containerIds);
  const redrawTruckIds = await stillThroughClosures(dispatch, snapshot, asked.redrawTruckIds);
  const had = asked.incidentIds.length + asked.containerIds.length + asked.outTruckIds.length;
  const has = incidentIds.length + addContainers.length + outTruckIds.length;
  if (had + asked.redrawTruckIds.length > 0 && has + redrawTruckIds.length === 0) return null;
  return propose(dispatch, PLANNER, {
    zone: former.zone,
    kind: former.kind,
    reason: former.reason,
    incidentIds,
    outTruckIds,
    addContainers,
    redrawTruckIds,
    replaces: former.id,
    within: (tx) => assertStillOpen(tx, former.id),
  });
}

async function stillThroughClosures(
  dispatch: Dispatch,
  snapshot: Snapshot,
  truckIds: readonly number[],
): Promise<number[]> {
  if (truckIds.length === 0) return [];
  const closed = await activeClosures(dispatch.store.database, snapshot.nowMs);
  return snapshot.document.routes
    .filter((planned) => {
      const ahead = planned.stops.filter((stop) => snapshot.stops.get(stop.stopId)?.state === 'planned');
      return truckIds.includes(planned.truckId) && crossesClosure(ahead, closed);
    })
    .map((planned) => planned.truckId);
}

/** A renewal that failed is tried again after this. */
const TRY_AGAIN_MS = 60_000;

interface RenewalLog {
  error(about: object, message: string): void;
}

/**
 * Computes anew every open proposal that nobody can approve any more: its time is over, or another change reached its
 * routes first. It stays open until the one that takes its place is stored, in one transaction with that, so that a
 * crash or a failure in between loses nothing: the next look finds it again. One with nothing left to do is closed.
 *
 * @param notBefore when a proposal whose renewal failed is tried again, in ms of the store's clock; kept by the caller
 * @returns true when something came between and another look is worth it
 */
export async function renewProposals(
  dispatch: Dispatch,
  log: RenewalLog,
  notBefore = new Map<number, number>(),
): Promise<boolean> {
  let again = false;
  for (const proposal of await worthless(dispatch)) {
    const nowMs = dispatch.store.clock();
    if ((notBefore.get(proposal.id) ?? -Infinity) > nowMs) continue;
    try {
      await renew(dispatch, proposal);
      notBefore.delete(proposal.id);
    } catch (error) {
      if (isDomainError(error, 'stale-version')) again = true;
      else {
        notBefore.set(proposal.id, nowMs + TRY_AGAIN_MS);
        log.error(
          { proposalId: proposal.id, zone: proposal.zone, err: error },
          'a proposal could not be computed anew; it is tried again',
        );
      }
    }
  }
  return again;
}

async function renew(dispatch: Dispatch, former: ProposalRow): Promise<void> {
  if ((await proposeAnew(dispatch, former)) !== null) return;
  // This one alone: meanwhile another may have been made in its place, which nobody has read yet.
  await commit(dispatch.store, PLANNER, (tx, emit) => {
    const at = new Date(dispatch.store.clock());
    return closeProposals(tx, emit, PLANNER, former.zone, 'superseded', at, former.id);
  });
}

async function worthless(dispatch: Dispatch): Promise<ProposalRow[]> {
  const { database, clock } = dispatch.store;
  const open = await database.db.select().from(proposals).where(eq(proposals.state, 'open'));
  if (open.length === 0) return [];
  const current = await readCurrentPlan(database.db);
  const found: ProposalRow[] = [];
  for (const proposal of open) {
    const isOvertaken = async () =>
      proposal.baseVersion !== current.version &&
      touchedSince(
        await documentOf(dispatch, proposal.baseVersion),
        current.document,
        proposal.document.routes,
      ).length > 0;
    if (proposal.expiresAt.getTime() < clock() || (await isOvertaken())) found.push(proposal);
  }
  return found;
}

/** Somebody decided on it, or another took its place, while its successor was computed. */
async function assertStillOpen(tx: Tx, id: number): Promise<void> {
  const [row] = await tx.select({ state: proposals.state }).from(proposals).where(eq(proposals.id, id));
  if (row?.state !== 'open')
    throw new DomainError('stale-version', 'The proposal was closed meanwhile.', { id });
}

async function documentOf(dispatch: Dispatch, version: number): Promise<PlanDocument> {
  const [row] = await dispatch.store.database.db
    .select({ document: planVersions.document })
    .from(planVersions)
    .where(eq(planVersions.version, version));
  return row?.document ?? EMPTY_DOCUMENT;
}
