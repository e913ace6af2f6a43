import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { isFrozen, type PlanDiff, type PlannedRoute } from '../../shared/plan.ts';
import { commit } from '../events/store.ts';
import { evaluate, insertionPrices, type SequenceStep, type Sequences } from '../planning/index.ts';
import { assertUntouched, rebase, stopStates } from './approve.ts';
import { diffPlans } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { changedVehicles, draftPlan, type DraftPlan } from './draft.ts';
import { framePlanning, plannedRouteOf, type Frame, type FramedVehicle } from './frame.ts';
import { lockPlan, makeCurrent, materialise } from './make-current.ts';
import { withDisposals } from './sequence.ts';
import { readSnapshot, type RouteRow, type Snapshot, type StopRow } from './snapshot.ts';
import { presentSolution } from './solve.ts';

export interface MoveStopInput {
  stopId: number;
  toRouteId: number;
  /** Place among the target route's stops as `plans.current` lists them, from 0; left out: where it costs least. */
  index?: number | undefined;
  dryRun?: boolean | undefined;
  baseVersion?: number | undefined;
}

/**
 * A supervisor moves one stop to another route, or to another place of its own. A dry run answers what it would
 * cost; otherwise it becomes the current version at once, with undo at hand.
 *
 * @throws DomainError `not-found`, `stop-frozen`, `invalid-transition`, `skill-missing`, `capacity-exceeded`,
 * `stale-version`
 */
export async function moveStop(
  dispatch: Dispatch,
  actor: Actor,
  input: MoveStopInput,
): Promise<{ version?: number; diff: PlanDiff }> {
  const { store } = dispatch;
  const snapshot = await readSnapshot(store.database.db, store.clock());
  const move = await weighMove(dispatch, snapshot, input);
  if (input.baseVersion !== undefined && input.baseVersion !== snapshot.version) {
    await store.database.db.transaction((tx) =>
      assertUntouched(tx, snapshot, input.baseVersion!, move.touched),
    );
  }
  if (input.dryRun === true) return { diff: move.diff };

  return commit(store, actor, async (tx, emit) => {
    const current = await lockPlan(tx);
    await assertUntouched(tx, current, snapshot.version, move.touched);
    const drafted = await materialise(tx, move.draft);
    const states = await stopStates(tx, [...drafted, ...current.document.routes]);
    if (isFrozen(states.get(input.stopId) ?? 'planned')) throw frozenError(input.stopId);
    const version = await makeCurrent(
      tx,
      emit,
      actor,
      current,
      {
        kind: 'move',
        reason: 'by-hand',
        routes: drafted.map((route) => rebase(route, current.document, states)),
        diff: move.diff,
        degraded: move.draft.degraded,
      },
      store.clock(),
    );
    return { version, diff: move.diff };
  });
}

interface WeighedMove {
  draft: DraftPlan;
  diff: PlanDiff;
  touched: PlannedRoute[];
}

async function weighMove(dispatch: Dispatch, snapshot: Snapshot, input: MoveStopInput): Promise<WeighedMove> {
  const { stop, from, to } = findMove(snapshot, input);
  const truck = snapshot.trucks.get(to.truckId)!;
  if (truck.state !== 'available') {
    throw new DomainError('invalid-transition', 'The truck is out of service.', { truckId: truck.id });
  }
  if (stop.kind === 'container' && truck.type !== 'lateral') {
    throw new DomainError('skill-missing', 'Containers need a side loader.', { truckId: truck.id });
  }
  if (stop.load > truck.capacity) {
    throw new DomainError('capacity-exceeded', 'The stop alone is more than the truck carries.', {
      truckId: truck.id,
      load: stop.load,
      capacity: truck.capacity,
    });
  }
  const giver = snapshot.trucks.get(from.truckId)!;
  const outTruckIds = giver.state === 'available' ? [] : [giver.id];
  const frame = framePlanning({
    snapshot,
    truckIds: [...new Set([from.truckId, to.truckId])],
    addIncidents: [],
    addContainers: [],
    outTruckIds,
    positionOf: (truckId) => dispatch.positionOf(truckId),
  });
  const table = await dispatch.roads.table(frame.points);
  const full = frame.toProblem(table, 0);
  // What a truck out of service still holds and nobody moves stays out of the reckoning.
  const held = new Set(frame.vehicles.flatMap((vehicle) => vehicle.steps.map((step) => step.id)));
  const problem = { ...full, jobs: full.jobs.filter((job) => job.id === stop.id || held.has(job.id)) };
  const before = presentSolution(problem);
  const sequences = orderedByHand(snapshot, frame, problem, stop, to, input.index);
  const after = evaluate(problem, sequences);
  const changed = changedVehicles(frame, after);
  const draft = await draftPlan(dispatch.roads, snapshot, frame, changed, [], to.zone);
  draft.degraded ||= table.degraded;
  const givenUp = plannedRouteOf(snapshot, from.id)!;
  if (outTruckIds.length > 0) draft.routes.push(withoutStop(givenUp, stop.id));
  const diff = diffPlans(snapshot, frame, problem, before, after, []);
  if (!diff.moved.some((moved) => moved.stopId === stop.id)) {
    // Its new place within the route is the whole change: named as a move, not twice.
    diff.reordered = [];
    diff.moved.push({
      stopId: stop.id,
      fromRouteId: from.id,
      toRouteId: to.id,
      reason: 'by-hand',
      ...(stop.incidentId === null ? {} : { incidentId: stop.incidentId }),
      fromTruckId: from.truckId,
      toTruckId: to.truckId,
      seconds: diff.cost.seconds,
      metres: diff.cost.metres,
    });
  }
  for (const moved of diff.moved) {
    if (moved.stopId === stop.id)
      Object.assign(moved, { fromRouteId: from.id, fromTruckId: from.truckId, reason: 'by-hand' });
  }
  const touched = [from.id, to.id]
    .map((routeId) => plannedRouteOf(snapshot, routeId))
    .filter((route): route is PlannedRoute => route !== null);
  return { draft, diff, touched };
}

function withoutStop(planned: PlannedRoute, stopId: number) {
  return {
    routeId: planned.routeId,
    truckId: planned.truckId,
    zone: planned.zone,
    startAt: planned.startAt,
    kept: planned.stops.filter((other) => other.stopId !== stopId),
    tail: [],
  };
}

function findMove(snapshot: Snapshot, input: MoveStopInput): { stop: StopRow; from: RouteRow; to: RouteRow } {
  const stop = snapshot.stops.get(input.stopId);
  const from = stop?.routeId == null ? undefined : snapshot.routes.get(stop.routeId);
  const to = snapshot.routes.get(input.toRouteId);
  if (stop === undefined || from === undefined) {
    throw new DomainError('not-found', 'No such stop in the plan.', { stopId: input.stopId });
  }
  if (to === undefined) {
    throw new DomainError('not-found', 'No such route in the plan.', { routeId: input.toRouteId });
  }
  if (isFrozen(stop.state)) throw frozenError(stop.id);
  if (stop.kind === 'depot' || stop.kind === 'disposal') {
    throw new DomainError('invalid-transition', 'Depot and landfill visits follow the route.', {
      stopId: stop.id,
    });
  }
  for (const route of [from, to]) {
    if (route.state !== 'planned' && route.state !== 'running') {
      throw new DomainError('invalid-transition', 'The route is closed.', {
        routeId: route.id,
        state: route.state,
      });
    }
  }
  return { stop, from, to };
}

function frozenError(stopId: number): DomainError {
  return new DomainError('stop-frozen', 'The stop is done or a truck is on its way to it.', { stopId });
}

/** The sequences after the move; the landfill visits are laid anew where the load asks for them. */
function orderedByHand(
  snapshot: Snapshot,
  frame: Frame,
  problem: ReturnType<Frame['toProblem']>,
  stop: StopRow,
  to: RouteRow,
  index: number | undefined,
): Sequences {
  const loads = new Map(problem.jobs.map((job) => [job.id, job.pickup[0] ?? 0]));
  const stepsOf = (vehicle: FramedVehicle): SequenceStep[] =>
    vehicle.steps.flatMap((step) =>
      step.type === 'job' || step.type === 'disposal' ? [{ type: step.type, id: step.id! }] : [],
    );
  const without: Sequences = new Map(
    frame.vehicles.map((vehicle) => [
      vehicle.truck.id,
      stepsOf(vehicle).filter((step) => step.type !== 'job' || step.id !== stop.id),
    ]),
  );
  const target = frame.vehicles.find((vehicle) => vehicle.truck.id === to.truckId)!;
  const room = without.get(to.truckId)!;
  const at =
    index === undefined
      ? cheapestPlace(problem, without, stop.id, to.truckId, target.frozen)
      : placeOf(snapshot, target, stop, index, room.length);
  room.splice(at, 0, { type: 'job', id: stop.id });
  for (const vehicle of frame.vehicles) {
    without.set(
      vehicle.truck.id,
      withDisposals(
        without.get(vehicle.truck.id)!,
        vehicle.frozen,
        vehicle.truck.loadAboard,
        vehicle.truck.capacity,
        (jobId) => loads.get(jobId) ?? 0,
      ),
    );
  }
  return without;
}

function cheapestPlace(
  problem: ReturnType<Frame['toProblem']>,
  sequences: Sequences,
  jobId: number,
  truckId: number,
  frozen: number,
): number {
  const prices = insertionPrices(problem, sequences, jobId).filter((price) => price.vehicleId === truckId);
  const open = prices.filter((price) => price.refused === undefined).sort((a, b) => a.costS - b.costS);
  return open[0]?.index ?? Math.max(frozen, sequences.get(truckId)?.length ?? 0);
}

/** From the index a screen counts by (all stops of the route) to that among the remaining steps. */
function placeOf(
  snapshot: Snapshot,
  target: FramedVehicle,
  stop: StopRow,
  index: number,
  length: number,
): number {
  const listed = target.planned!.stops.filter((planned) => planned.stopId !== stop.id);
  const behind = listed.findIndex((planned) => {
    const row = snapshot.stops.get(planned.stopId)!;
    return row.kind !== 'depot' && (row.state === 'planned' || row.state === 'enroute');
  });
  const first = behind < 0 ? listed.length : behind;
  const place = index - first;
  const depotFirst = snapshot.stops.get(listed[0]?.stopId ?? -1)?.kind === 'depot';
  if (place < target.frozen && !(target.frozen === 0 && depotFirst && index >= 0 && target.atDepot)) {
    throw new DomainError('stop-frozen', 'That place is already behind the truck.', { index });
  }
  return Math.min(Math.max(place, target.frozen), length);
}
