import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { isFrozen, type PlanDiff, type PlannedRoute } from '../../shared/plan.ts';
import { commit } from '../events/store.ts';
import {
  bestPlaces,
  evaluate,
  pricedPlan,
  type PlannerSolution,
  type SequenceStep,
  type Sequences,
} from '../planning/index.ts';
import { assertUntouched, rebase, stopStates } from './approve.ts';
import { diffPlans } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { changedVehicles, draftPlan, type DraftPlan } from './draft.ts';
import {
  framePlanning,
  LANDFILL_ID,
  liveRouteOf,
  plannedRouteOf,
  type Frame,
  type FramedVehicle,
} from './frame.ts';
import { lockPlan, makeCurrent, materialise } from './make-current.ts';
import { readPicture } from './picture.ts';
import { placeTable } from './place-tables.ts';
import { withDisposals, type LandfillBetween } from './sequence.ts';
import { readSnapshot, type RouteRow, type Snapshot, type StopRow, type TruckRow } from './snapshot.ts';
import { presentSolution } from './solve.ts';

/** Which stop goes where. */
export interface Move {
  stopId: number;
  /** A live route, or */
  toRouteId?: number | undefined;
  /** a truck in service, also one that has no route yet. */
  toTruckId?: number | undefined;
  /** Place among the target route's stops as `plans.current` lists them, from 0; left out: where it costs least. */
  index?: number | undefined;
}

export interface MoveStopInput extends Move {
  toRouteId: number;
  dryRun?: boolean | undefined;
  baseVersion?: number | undefined;
}

/**
 * A supervisor moves one stop to another route, or to another place of its own. A dry run answers what it would
 * cost; otherwise it becomes the current version at once, with undo at hand.
 *
 * @throws DomainError `not-found`, `stop-frozen`, `stop-pinned`, `truck-locked`, `truck-excluded`,
 * `invalid-transition`, `skill-missing`, `capacity-exceeded`, `shift-exceeded`, `landfill-closed`, `stale-version`
 */
export async function moveStop(
  dispatch: Dispatch,
  actor: Actor,
  input: MoveStopInput,
): Promise<{ version?: number; diff: PlanDiff }> {
  const { store } = dispatch;
  const isDry = input.dryRun === true;
  const snapshot = isDry ? await readPicture(store) : await readSnapshot(store.database.db, store.clock());
  const weighed = await weighMove(dispatch, snapshot, input);
  if (input.baseVersion !== undefined && input.baseVersion !== snapshot.version) {
    await store.database.db.transaction((tx) =>
      assertUntouched(tx, snapshot, input.baseVersion!, weighed.touched),
    );
  }
  if (isDry) return { diff: weighed.diff };
  const move = { ...weighed, draft: await weighed.draw() };

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

export interface WeighedMove {
  /** Writes the routes with the way from stop to stop: not needed for a price. */
  draw(): Promise<DraftPlan>;
  diff: PlanDiff;
  touched: PlannedRoute[];
  /** Who takes the stop. */
  toTruckId: number;
}

/** What a move would do, stored nowhere: also on a picture that is not the plan, as a draft's. Errors as {@link moveStop}. */
export async function weighMove(dispatch: Dispatch, snapshot: Snapshot, input: Move): Promise<WeighedMove> {
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
  assertMarksAllow(stop, giver, truck);
  const outTruckIds = giver.state === 'available' ? [] : [giver.id];
  const frame = framePlanning({
    snapshot,
    truckIds: [...new Set([from.truckId, to.truckId])],
    addIncidents: [],
    addContainers: [],
    outTruckIds,
    positionOf: (truckId) => dispatch.positionOf(truckId),
  });
  const table = await placeTable(dispatch.roads, frame);
  const full = frame.toProblem(table, 0);
  // What a truck out of service still holds and nobody moves stays out of the reckoning.
  const held = new Set(frame.vehicles.flatMap((vehicle) => vehicle.steps.map((step) => step.id)));
  const problem = { ...full, jobs: full.jobs.filter((job) => job.id === stop.id || held.has(job.id)) };
  const before = presentSolution(problem);
  const sequences = orderedByHand(snapshot, frame, problem, stop, to, input.index);
  const after = evaluate(problem, sequences);
  const taker = frame.vehicles.find((vehicle) => vehicle.truck.id === to.truckId)!;
  const overtimeS = assertHoursKept(before, after, taker, snapshot.rules.overtimeByHandMaxS);
  const draw = async (): Promise<DraftPlan> => {
    const changed = changedVehicles(frame, after);
    const draft = await draftPlan(dispatch.roads, snapshot, frame, changed, [], to.zone);
    draft.degraded ||= table.degraded;
    const givenUp = plannedRouteOf(snapshot, from.id)!;
    if (outTruckIds.length > 0) draft.routes.push(withoutStop(givenUp, stop.id));
    return draft;
  };
  const diff = diffPlans(snapshot, frame, problem, before, after, []);
  if (overtimeS > 0) diff.overtime = { truckId: to.truckId, seconds: overtimeS };
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
    .map((routeId) => (routeId === null ? null : plannedRouteOf(snapshot, routeId)))
    .filter((route): route is PlannedRoute => route !== null);
  return { draw, diff, touched, toTruckId: to.truckId };
}

/** @throws DomainError `stop-pinned`, `truck-locked`, `truck-excluded` */
function assertMarksAllow(stop: StopRow, giver: TruckRow, taker: TruckRow): void {
  if (stop.pin === 'place' || (stop.pin === 'truck' && giver.id !== taker.id)) {
    throw new DomainError('stop-pinned', 'The stop is kept where it is.', {
      stopId: stop.id,
      truckId: giver.id,
      pin: stop.pin,
    });
  }
  const locked = [giver, taker].find((truck) => truck.state === 'available' && truck.planning === 'locked');
  if (locked !== undefined) {
    throw new DomainError('truck-locked', 'The route of this truck is kept as it is.', {
      truckId: locked.id,
    });
  }
  if (taker.planning === 'excluded' && taker.id !== giver.id) {
    throw new DomainError('truck-excluded', 'This truck gets no new work.', { truckId: taker.id });
  }
}

/**
 * Hours are hard for the planner. A supervisor may order overtime by hand, up to what the rules allow, and is told; a
 * closed landfill takes nobody's order. What was so before is not held against the move.
 *
 * @returns seconds past the end of the shift after the move; 0 when none were added
 * @throws DomainError `shift-exceeded`, `landfill-closed`
 */
function assertHoursKept(
  before: PlannerSolution,
  after: PlannerSolution,
  { truck, shiftEndS, overtimeMaxS }: FramedVehicle,
  overtimeByHandMaxS: number,
): number {
  const was = overrunsOf(before, truck.id, shiftEndS);
  const is = overrunsOf(after, truck.id, shiftEndS);
  if (is.landfillS > was.landfillS) {
    throw new DomainError('landfill-closed', 'The landfill would be closed by then.', {
      truckId: truck.id,
      seconds: is.landfillS,
    });
  }
  if (is.shiftS <= was.shiftS) return 0;
  if (is.shiftS > Math.max(overtimeMaxS, overtimeByHandMaxS)) {
    throw new DomainError('shift-exceeded', 'The truck would come home too long after its shift.', {
      truckId: truck.id,
      seconds: is.shiftS,
    });
  }
  return is.shiftS;
}

function overrunsOf(
  solution: PlannerSolution,
  truckId: number,
  shiftEndS: number,
): { shiftS: number; landfillS: number } {
  const overruns = { shiftS: 0, landfillS: 0 };
  for (const step of solution.routes.find((route) => route.vehicle === truckId)?.steps ?? []) {
    if (step.type === 'end') overruns.shiftS = Math.max(0, Math.round(step.arrival - shiftEndS));
    if (step.type !== 'disposal') continue;
    for (const violation of step.violations)
      if (violation.cause === 'delay') overruns.landfillS += violation.duration ?? 0;
  }
  return overruns;
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

/** A live route, or the one that a truck standing idle would begin. */
type Target = Pick<RouteRow, 'truckId' | 'zone' | 'state'> & { id: number | null };

function findMove(snapshot: Snapshot, input: Move): { stop: StopRow; from: RouteRow; to: Target } {
  const stop = snapshot.stops.get(input.stopId);
  const from = stop?.routeId == null ? undefined : snapshot.routes.get(stop.routeId);
  if (stop === undefined || from === undefined) {
    throw new DomainError('not-found', 'No such stop in the plan.', { stopId: input.stopId });
  }
  const to = targetOf(snapshot, from, input);
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

function targetOf(snapshot: Snapshot, from: RouteRow, { toRouteId, toTruckId }: Move): Target {
  if (toTruckId === undefined) {
    const to = toRouteId === undefined ? undefined : snapshot.routes.get(toRouteId);
    if (to !== undefined) return to;
    throw new DomainError('not-found', 'No such route in the plan.', { routeId: toRouteId });
  }
  const truck = snapshot.trucks.get(toTruckId);
  if (truck === undefined || truck.state === 'retired') {
    throw new DomainError('not-found', 'No such truck.', { truckId: toTruckId });
  }
  const begun = liveRouteOf(snapshot, truck.id);
  return begun ?? { id: null, truckId: truck.id, zone: from.zone, state: 'planned' };
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
  to: Target,
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
      ? cheapestPlace(
          withLongerShift(problem, to.truckId, snapshot.rules.overtimeByHandMaxS),
          without,
          stop.id,
          to.truckId,
          target.frozen,
        )
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
        landfillFor(frame, problem, vehicle),
      ),
    );
  }
  return without;
}

/** The landfill that costs the least way between two stops of a vehicle. */
function landfillFor(
  frame: Frame,
  problem: ReturnType<Frame['toProblem']>,
  vehicle: FramedVehicle,
): LandfillBetween {
  const seconds = problem.matrices.driving!.durations!;
  const startIndex = problem.vehicles.find((one) => one.id === vehicle.truck.id)?.start_index ?? 0;
  const placeOf = (step: SequenceStep | undefined, otherwise: number) =>
    step === undefined
      ? otherwise
      : step.type === 'disposal'
        ? step.id - LANDFILL_ID + 1
        : (frame.placeOf.get(step.id) ?? otherwise);
  return (before, after) => {
    const [from, to] = [placeOf(before, startIndex), placeOf(after, 0)];
    const way = (at: number) => seconds[from]![at]! + seconds[at]![to]!;
    return frame.landfills.reduce(
      (best, { id }, index) => (way(index + 1) < way(best - LANDFILL_ID + 1) ? id : best),
      LANDFILL_ID,
    );
  };
}

/** The problem as a person may order it: this truck may come home later. */
function withLongerShift(
  problem: ReturnType<Frame['toProblem']>,
  truckId: number,
  byS: number,
): ReturnType<Frame['toProblem']> {
  return {
    ...problem,
    vehicles: problem.vehicles.map((vehicle) =>
      vehicle.id === truckId && vehicle.time_window
        ? { ...vehicle, time_window: [vehicle.time_window[0], vehicle.time_window[1] + byS] as const }
        : vehicle,
    ),
  };
}

function cheapestPlace(
  problem: ReturnType<Frame['toProblem']>,
  sequences: Sequences,
  jobId: number,
  truckId: number,
  frozen: number,
): number {
  const best = bestPlaces(pricedPlan(problem, sequences), jobId).find(
    (price) => price.vehicleId === truckId && price.refused === undefined,
  );
  return best?.index ?? Math.max(frozen, sequences.get(truckId)?.length ?? 0);
}

/** From the index a screen counts by (all stops of the route) to that among the remaining steps. */
function placeOf(
  snapshot: Snapshot,
  target: FramedVehicle,
  stop: StopRow,
  index: number,
  length: number,
): number {
  const listed = (target.planned?.stops ?? []).filter((planned) => planned.stopId !== stop.id);
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
