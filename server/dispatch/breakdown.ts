import { actorLabel, type Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { EMPTY_DIFF, type PlanDiff } from '../../shared/plan.ts';
import { planDiffOf } from './proposals.ts';
import { commit } from '../events/store.ts';
import { lockPlanHead } from '../fleet/lock-plan-head.ts';
import { takeTruckOut } from '../fleet/truck-out.ts';
import type { Dispatch } from './dispatch.ts';
import { liveRouteOf } from './frame.ts';
import { propose, solveChange, withOpenProposal } from './propose.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

/**
 * A truck fails. It goes out of service at once, the stop it was driving to is given back, its load stays aboard;
 * who takes its stops is a proposal. A dry run shows that proposal and stores nothing.
 *
 * @throws DomainError `not-found`
 */
export async function breakdown(
  dispatch: Dispatch,
  actor: Actor,
  input: { truckId: number; dryRun?: boolean | undefined },
): Promise<{ proposalId?: number; diff: PlanDiff }> {
  const { store } = dispatch;
  let snapshot = await readSnapshot(store.database.db, store.clock());
  const truck = snapshot.trucks.get(input.truckId);
  if (truck === undefined || truck.state === 'retired') {
    throw new DomainError('not-found', 'No such truck.', { truckId: input.truckId });
  }
  if (input.dryRun === true) {
    const without = asOut(snapshot, truck.id);
    const change = changeFor(without, truck.id, actor);
    if (change === null) return { diff: EMPTY_DIFF };
    return {
      diff: (await solveChange(dispatch, without, await withOpenProposal(store, without, change))).diff,
    };
  }
  await commit(store, actor, async (tx, emit) => {
    await lockPlanHead(tx);
    await takeTruckOut(tx, emit, store.clock(), truck.id, 'breakdown');
  });
  snapshot = await readSnapshot(store.database.db, store.clock());
  const change = changeFor(snapshot, truck.id, actor);
  if (change === null) return { diff: EMPTY_DIFF };
  const proposed = await propose(dispatch, actor, change);
  if (proposed === null) return { diff: EMPTY_DIFF };
  return { proposalId: proposed.proposalId, diff: await planDiffOf(store.database, proposed.proposalId) };
}

function changeFor(snapshot: Snapshot, truckId: number, actor: Actor) {
  const route = liveRouteOf(snapshot, truckId);
  if (route === null) return null;
  return {
    zone: route.zone,
    kind: 'breakdown' as const,
    reason: `breakdown:${truckId}:${actorLabel(actor)}`,
    incidentIds: [],
    outTruckIds: [truckId],
  };
}

/** The picture as it would be with the truck out: for the dry run, without touching a row. */
function asOut(snapshot: Snapshot, truckId: number): Snapshot {
  const trucks = new Map(snapshot.trucks);
  trucks.set(truckId, { ...trucks.get(truckId)!, state: 'out', planning: 'open' });
  const route = liveRouteOf(snapshot, truckId);
  const stopRows = new Map(snapshot.stops);
  for (const [id, stop] of stopRows) {
    if (stop.routeId === route?.id && (stop.state === 'enroute' || stop.state === 'planned'))
      stopRows.set(id, { ...stop, state: 'planned', pin: null });
  }
  return { ...snapshot, trucks, stops: stopRows };
}
