import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eq } from 'drizzle-orm';
import type { PlanDiff, RouteView } from '../../shared/plan.ts';
import { approve } from '../../server/dispatch/approve.ts';
import { breakdown } from '../../server/dispatch/breakdown.ts';
import type { Dispatch } from '../../server/dispatch/dispatch.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { alternativesOf } from '../../server/dispatch/proposals.ts';
import { propose } from '../../server/dispatch/propose.ts';
import { trucks } from '../../server/db/schema/index.ts';
import { openRoom, work, type Room } from './room.ts';

/** A shift in which a side loader empties two dozen containers of the street and goes to the landfill twice. */
const SHIFT_S = 3 * 3_600;

let room: Room;
let filling: (() => Promise<void>)[];
beforeEach(async () => {
  room = await openRoom();
  filling = [];
  room.dispatch.onProposed = (_id, fill) => void filling.push(fill);
});
afterEach(() => room.close());

async function shiftOf(truckIds: readonly number[], shiftS: number) {
  for (const id of truckIds) await room.database.db.update(trucks).set({ shiftS }).where(eq(trucks.id, id));
}

/** Two side loaders under way, with more containers due than both can empty: their shifts are full to the brim. */
async function fullDay(): Promise<{ broken: RouteView; serving: RouteView }> {
  const truckIds = [await room.truck('lateral'), await room.truck('lateral')];
  await shiftOf(truckIds, SHIFT_S);
  for (let n = 0; n < 70; n++) await room.container((n * 37) % 211);
  await generate(room.dispatch, room.supervisor, { zone: 'oriental', containers: true });
  const { routes } = await room.plan();
  for (const route of routes) await room.setOut(route.id);
  const [broken, serving] = routes as [RouteView, RouteView];
  expect(routes.flatMap(work).length).toBeLessThan(70);
  return { broken, serving };
}

const droppedBy = (diff: PlanDiff, truckId: number) =>
  diff.moved.filter((move) => move.fromTruckId === truckId && move.toTruckId === null).length;
const takenBy = (diff: PlanDiff, truckId: number) =>
  diff.moved.filter((move) => move.fromTruckId !== truckId && move.toTruckId === truckId).length;

describe('a truck breaks down on a full day', () => {
  it('where no shift has room, the other truck keeps its round: nothing is dropped to serve as many elsewhere', async () => {
    const { broken, serving } = await fullDay();
    const { diff } = await breakdown(room.dispatch, room.supervisor, {
      truckId: broken.truckId,
      dryRun: true,
    });
    expect(droppedBy(diff, serving.truckId)).toBe(0);
  });

  it('where the other shift has an hour to spare, it takes what fits and drops nothing', async () => {
    const { broken, serving } = await fullDay();
    await shiftOf([serving.truckId], SHIFT_S + 3_600);
    const { diff } = await breakdown(room.dispatch, room.supervisor, {
      truckId: broken.truckId,
      dryRun: true,
    });
    expect(droppedBy(diff, serving.truckId)).toBe(0);
    expect(takenBy(diff, serving.truckId)).toBeGreaterThan(3);
    expect(takenBy(diff, serving.truckId)).toBeLessThan(work(broken).length);
  });

  it('a dead animal takes the place of containers where the shift is full', async () => {
    await fullDay();
    const animal = await room.validated('animal_muerto', 21);
    const proposed = await propose(room.dispatch, room.supervisor, {
      zone: 'oriental',
      kind: 'insertion',
      reason: 'insertion',
      incidentIds: [animal],
    });
    const { diff } = (await room.proposals()).find(({ id }) => id === proposed!.proposalId)!;
    expect(diff.unassigned).toEqual([]);
    expect(diff.moved.find((move) => move.incidentId === animal)?.toTruckId).toBeTypeOf('number');
    const dropped = diff.moved.filter((move) => move.toTruckId === null);
    expect(dropped.length).toBeGreaterThan(0);
    expect(dropped.length).toBeLessThanOrEqual(5);
    expect(dropped.every((move) => move.incidentId === undefined)).toBe(true);
  });
});

describe('the three answers when a truck breaks down on a full day', () => {
  it('never out of order: what was searched badly for the least disruption gives its place to the default', async () => {
    const { broken, serving } = await fullDay();
    await shiftOf([serving.truckId], SHIFT_S + 3_600);
    const dispatch: Dispatch = {
      ...room.dispatch,
      planner: {
        // Both ends of the slider are searched as if moving cost nothing and nothing were planned, and hardly at all.
        solve: (problem, options) =>
          options.background === true
            ? room.dispatch.planner.solve(
                {
                  ...problem,
                  options: { ...problem.options, stability: 0 },
                  vehicles: problem.vehicles.map((vehicle) => ({ ...vehicle, steps: [] })),
                },
                { ...options, iterations: 1 },
              )
            : room.dispatch.planner.solve(problem, options),
      },
    };
    const { proposalId } = await breakdown(dispatch, room.supervisor, { truckId: broken.truckId });
    for (const fill of filling.splice(0)) await fill();
    const [minimal, balanced, maximal] = await alternativesOf(room.database, proposalId!);
    expect(minimal!.hash).toBe(balanced!.hash);
    expect(minimal!.diff).toEqual(balanced!.diff);
    expect(minimal!.stabilityS).toBeGreaterThan(balanced!.stabilityS);
    expect(maximal!.diff.moved.length).toBeGreaterThanOrEqual(balanced!.diff.moved.length);
    await approve(room.store, room.supervisor, { id: proposalId!, alternative: 'minimal' });
  });
});
