import { eq } from 'drizzle-orm';
import { PLANNER } from '../../shared/actor.ts';
import type { PlanDocument } from '../../shared/plan.ts';
import { planVersions, proposals } from '../db/schema/index.ts';
import { commit } from '../events/store.ts';
import { touchedSince } from './approve.ts';
import { activeClosures, crossesClosure } from './closures.ts';
import { closeProposals, type ProposalRow } from './close-proposals.ts';
import type { Dispatch } from './dispatch.ts';
import { askedOf, isStranded, propose, waitingContainers } from './propose.ts';
import { EMPTY_DOCUMENT, readCurrentPlan, readSnapshot, type Snapshot } from './snapshot.ts';

/**
 * Asks again what a proposal was to do — as far as it is still to be done — because its time is over or another
 * change reached its routes first. The answer is a proposal of its own, to be approved like any other.
 *
 * @returns null where nothing is left to do
 */
export async function proposeAnew(
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

/**
 * Open proposals whose routes another change reached first: nobody could approve them any more. Each is computed
 * anew; one with nothing left to do is closed.
 */
export async function renewOvertaken(dispatch: Dispatch): Promise<void> {
  const { database } = dispatch.store;
  const open = await database.db.select().from(proposals).where(eq(proposals.state, 'open'));
  if (open.length === 0) return;
  const current = await readCurrentPlan(database.db);
  for (const proposal of open) {
    if (proposal.baseVersion === current.version) continue;
    const base = await documentOf(dispatch, proposal.baseVersion);
    if (touchedSince(base, current.document, proposal.document.routes).length === 0) continue;
    if ((await proposeAnew(dispatch, proposal)) !== null) continue;
    // This one alone: meanwhile another may have been made in its place, which nobody has read yet.
    await commit(dispatch.store, PLANNER, (tx, emit) =>
      closeProposals(
        tx,
        emit,
        PLANNER,
        proposal.zone,
        'superseded',
        new Date(dispatch.store.clock()),
        proposal.id,
      ),
    );
  }
}

async function documentOf(dispatch: Dispatch, version: number): Promise<PlanDocument> {
  const [row] = await dispatch.store.database.db
    .select({ document: planVersions.document })
    .from(planVersions)
    .where(eq(planVersions.version, version));
  return row?.document ?? EMPTY_DOCUMENT;
}
