import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { desc } from 'drizzle-orm';
import { breakdown } from '../../server/dispatch/breakdown.ts';
import { approve } from '../../server/dispatch/approve.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { moveStop } from '../../server/dispatch/move-stop.ts';
import { placesFor } from '../../server/dispatch/places.ts';
import { undo } from '../../server/dispatch/undo.ts';
import { planVersions } from '../../server/db/schema/index.ts';
import { completeIncident } from '../../server/incidents/complete.ts';
import { cancelIncident } from '../../server/incidents/cancel.ts';
import { departForStop } from '../../server/fleet/stop-depart.ts';
import { completeStop } from '../../server/fleet/stop-complete.ts';
import { updateTruck } from '../../server/fleet/update-truck.ts';
import { currentRules } from '../../server/rules/current.ts';
import { updateRules } from '../../server/rules/update.ts';
import type { Rules } from '../../shared/rules.ts';
import { finishAssignment } from '../../server/fleet/assignment-finish.ts';
import { createPlannerPool } from '../../server/planning/index.ts';
import { openRoom, work, type Room } from './room.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

const hash = async () =>
  (
    await room.database.db
      .select({ hash: planVersions.hash })
      .from(planVersions)
      .orderBy(desc(planVersions.version))
      .limit(1)
  )[0]?.hash;

async function rules(changed: Partial<Rules>): Promise<void> {
  const { rules: now } = await currentRules(room.database.db);
  await updateRules(room.store, room.admin, { rules: { ...now, ...changed } });
}

const currentDocument = async () =>
  (
    await room.database.db
      .select({ document: planVersions.document })
      .from(planVersions)
      .orderBy(desc(planVersions.version))
      .limit(1)
  )[0]!.document;

/** Two trucks with a route each: enough load that one alone would have to empty. */
async function twoRoutes() {
  await room.truck('posterior');
  for (let n = 0; n < 8; n++) await room.validated('zona_critica', 10 * n);
  await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
  await room.truck('lateral');
  for (let n = 0; n < 6; n++) await room.container(15 * n);
  const planned = (await room.plan()).routes[0]!;
  await room.setOut(planned.id);
  await generate(room.dispatch, room.supervisor, { zone: 'oriental', containers: true });
  const { routes } = await room.plan();
  expect(routes).toHaveLength(2);
  return { rear: routes[0]!, side: routes[1]! };
}

describe('generate', () => {
  it('refuses where nothing is validated, and where no truck is free', async () => {
    await expect(generate(room.dispatch, room.supervisor, { zone: 'oriental' })).rejects.toMatchObject({
      reason: 'nothing-validated',
    });
    await room.validated('acopio', 1);
    await expect(generate(room.dispatch, room.supervisor, { zone: 'oriental' })).rejects.toMatchObject({
      reason: 'no-truck-available',
    });
  });

  it('a truck that fills up goes to the landfill in mid-route and is empty at the end', async () => {
    await room.truck('posterior');
    for (let n = 0; n < 9; n++) await room.validated('animal_muerto', 10 * n);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const [route] = (await room.plan()).routes;
    const visits = route!.stops.filter((stop) => stop.kind === 'disposal');
    expect(visits.length).toBeGreaterThanOrEqual(2);
    for (const stop of route!.stops) expect(stop.loadAfter).toBeLessThanOrEqual(25);
    expect(route!.stops.at(-1)).toMatchObject({ kind: 'depot', loadAfter: 0 });
    expect(route!.geometry.coordinates.length).toBeGreaterThan(2);
  });

  it('two at once make one plan', async () => {
    await room.truck('posterior');
    for (let n = 0; n < 5; n++) await room.validated('animal_muerto', 10 * n);
    const both = await Promise.allSettled([
      generate(room.dispatch, room.supervisor, { zone: 'oriental' }),
      generate(room.dispatch, room.supervisor, { zone: 'oriental' }),
    ]);
    expect(both.filter((one) => one.status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    const { version, routes } = await room.plan();
    expect(version).toBe(1);
    expect(routes.flatMap(work)).toHaveLength(5);
  });
});

describe('where could it go, and at what price', () => {
  it('names the cheapest place on every live route of the zone, before anybody validates', async () => {
    const { rear, side } = await twoRoutes();
    const fresh = await room.reported('acopio', 33);
    const places = await placesFor(room.dispatch, { incidentId: fresh });
    expect(places.map((place) => place.routeId).sort()).toEqual([rear.id, side.id].sort());
    expect(places[0]!.seconds).toBeLessThanOrEqual(places[1]!.seconds!);
    expect(places[0]!.seconds).toBeGreaterThanOrEqual(600);
    expect(await room.proposals()).toEqual([]);
  });

  it('tells why a container cannot go to a rear loader', async () => {
    const { rear, side } = await twoRoutes();
    const container = work(side).find((stop) => stop.kind === 'container')!;
    const places = await placesFor(room.dispatch, { stopId: container.id });
    expect(places.find((place) => place.routeId === rear.id)).toMatchObject({
      refused: 'skill',
      seconds: null,
    });
  });
});

describe('moving a stop', () => {
  it('a dry run tells the price and changes nothing; the move is a new version; undo restores the plan', async () => {
    const { rear, side } = await twoRoutes();
    const stop = work(rear).at(-1)!;
    const before = await hash();
    const dry = await moveStop(room.dispatch, room.supervisor, {
      stopId: stop.id,
      toRouteId: side.id,
      dryRun: true,
    });
    expect(dry.version).toBeUndefined();
    expect(dry.diff.moved).toMatchObject([{ stopId: stop.id, fromRouteId: rear.id, toRouteId: side.id }]);
    expect(await hash()).toBe(before);

    const moved = await moveStop(room.dispatch, room.supervisor, { stopId: stop.id, toRouteId: side.id });
    expect(moved.version).toBe((await room.plan()).version);
    const home = (await room.plan()).routes.find((route) =>
      work(route).some((other) => other.id === stop.id),
    );
    expect(home!.id).toBe(side.id);

    await undo(room.store, room.supervisor, { version: moved.version! });
    expect(await hash()).toBe(before);
  });

  it('a supervisor may order overtime, is told how much, and only as far as the rules allow', async () => {
    await rules({ containerServiceS: 1_800 });
    const { rear, side } = await twoRoutes();
    const { startAt, stops } = (await currentDocument()).routes.find(({ routeId }) => routeId === side.id)!;
    const shiftS = (Date.parse(stops.at(-1)!.arrival) - Date.parse(startAt)) / 1_000 + 60;
    await updateTruck(room.store, room.admin, { truckId: side.truckId, shiftS: Math.round(shiftS) });
    const [first, second] = work(rear).map(({ id }) => id) as [number, number];

    await rules({ overtimeByHandMaxS: 0 });
    await expect(
      moveStop(room.dispatch, room.supervisor, { stopId: first, toRouteId: side.id }),
    ).rejects.toMatchObject({ reason: 'shift-exceeded', detail: { truckId: side.truckId } });

    await rules({ overtimeByHandMaxS: 3_600 });
    const moved = await moveStop(room.dispatch, room.supervisor, { stopId: first, toRouteId: side.id });
    expect(moved.diff.overtime).toMatchObject({ truckId: side.truckId });
    expect(moved.diff.overtime!.seconds).toBeGreaterThan(500);

    // What was ordered stays ordered: the next move is weighed against the shift, not against the last order.
    const again = await moveStop(room.dispatch, room.supervisor, {
      stopId: second,
      toRouteId: side.id,
      dryRun: true,
    });
    expect(again.diff.overtime!.seconds).toBeGreaterThan(moved.diff.overtime!.seconds);
    expect(again.diff.unassigned).toEqual([]);
  });

  it('a container does not go to a rear loader', async () => {
    const { rear, side } = await twoRoutes();
    const container = work(side).find((stop) => stop.kind === 'container')!;
    await expect(
      moveStop(room.dispatch, room.supervisor, { stopId: container.id, toRouteId: rear.id }),
    ).rejects.toMatchObject({ reason: 'skill-missing' });
  });

  it('a stop the truck has left for stays', async () => {
    const { rear, side } = await twoRoutes();
    const [first] = work(rear);
    await departForStop(room.store, room.supervisor, first!.id);
    await expect(
      moveStop(room.dispatch, room.supervisor, { stopId: first!.id, toRouteId: side.id }),
    ).rejects.toMatchObject({ reason: 'stop-frozen' });
  });

  it('an old screen may move what nobody touched, and is told where somebody did', async () => {
    const { rear, side } = await twoRoutes();
    const base = (await room.plan()).version;
    const [, second, third] = work(rear);
    await moveStop(room.dispatch, room.supervisor, {
      stopId: second!.id,
      toRouteId: side.id,
      baseVersion: base,
    });
    await expect(
      moveStop(room.dispatch, room.supervisor, { stopId: third!.id, toRouteId: side.id, baseVersion: base }),
    ).rejects.toMatchObject({ reason: 'stale-version' });
  });

  it('a later change of the same stop blocks the undo of the earlier and is named', async () => {
    const { rear, side } = await twoRoutes();
    const stop = work(rear).at(-1)!;
    const first = await moveStop(room.dispatch, room.supervisor, { stopId: stop.id, toRouteId: side.id });
    const second = await moveStop(room.dispatch, room.supervisor, { stopId: stop.id, toRouteId: rear.id });
    await expect(undo(room.store, room.supervisor, { version: first.version! })).rejects.toMatchObject({
      reason: 'stale-version',
      detail: { versions: [second.version] },
    });
  });
});

describe('undoing', () => {
  it('works after other steps and after the crew set out and served a stop: that stays, the plan is as before', async () => {
    const { rear, side } = await twoRoutes();
    const before = await hash();
    const stops = work(rear);
    const [own] = work(side);
    const elsewhere = { toRouteId: side.id };
    const first = await moveStop(room.dispatch, room.supervisor, { stopId: stops.at(-1)!.id, ...elsewhere });
    await room.setOut(side.id);
    await departForStop(room.store, room.supervisor, own!.id);
    const second = await moveStop(room.dispatch, room.supervisor, { stopId: stops.at(-3)!.id, ...elsewhere });
    await completeStop(room.store, room.supervisor, { stopId: own!.id });

    await undo(room.store, room.supervisor, { version: first.version! });
    const between = await room.plan();
    const routeOf = (plan: typeof between, stopId: number) =>
      plan.routes.find((route) => route.stops.some((stop) => stop.id === stopId))!.id;
    expect(routeOf(between, stops.at(-1)!.id)).toBe(rear.id);
    expect(routeOf(between, stops.at(-3)!.id)).toBe(side.id);

    await undo(room.store, room.supervisor, { version: second.version! });
    expect(await hash()).toBe(before);
    const served = work((await room.plan()).routes.find((route) => route.id === side.id)!)[0]!;
    expect(served).toMatchObject({ id: own!.id, state: 'done' });
  });
});

describe('a breakdown', () => {
  it('takes the truck out at once, keeps its load aboard, and proposes its stops to others', async () => {
    const { rear } = await twoRoutes();
    const helper = await room.truck('posterior');
    const [first, second] = work(rear);
    await departForStop(room.store, room.supervisor, first!.id);
    await completeStop(room.store, room.supervisor, { stopId: first!.id });
    await departForStop(room.store, room.supervisor, second!.id);

    const dry = await breakdown(room.dispatch, room.supervisor, { truckId: rear.truckId, dryRun: true });
    expect(dry.diff.moved.length).toBe(7);
    expect(await room.proposals()).toEqual([]);

    const real = await breakdown(room.dispatch, room.supervisor, { truckId: rear.truckId });
    expect(real.diff.moved.every((move) => move.reason === 'truck-out')).toBe(true);
    const given = (await room.plan()).routes[0]!.stops.find((stop) => stop.id === second!.id);
    expect(given!.state).toBe('planned');

    await approve(room.store, room.supervisor, { id: real.proposalId! });
    const { routes } = await room.plan();
    const broken = routes.find((route) => route.truckId === rear.truckId)!;
    expect(work(broken).map((stop) => stop.state)).toEqual(['done']);
    expect(broken.loadAboard).toBe(3);
    expect(routes.some((route) => route.truckId === helper || work(route).length > 6)).toBe(true);
  });
});

describe('a breakdown that nobody answers', () => {
  it('is proposed anew when its proposal expires', async () => {
    const { rear } = await twoRoutes();
    await room.truck('posterior');
    const reactor = await room.onDuty();
    const { proposalId } = await breakdown(room.dispatch, room.supervisor, { truckId: rear.truckId });
    room.later(16);
    room.store.bus.wake(0);
    await reactor.settled();
    const [again] = await room.proposals();
    expect(again!.id).not.toBe(proposalId);
    expect(again!.diff.moved.filter((move) => move.reason === 'truck-out').length).toBeGreaterThan(0);
    expect(room.problems).toEqual([]);
  });
});

describe('undo of a cancellation', () => {
  it('is refused: a cancelled incident does not come back, and nothing else changed', async () => {
    const { rear } = await twoRoutes();
    const stop = work(rear).at(-1)!;
    await cancelIncident(room.store, room.supervisor, { id: stop.incidentId!, reason: 'ya lo recogieron' });
    const { version } = await room.plan();
    const before = await hash();
    await expect(undo(room.store, room.supervisor, { version })).rejects.toMatchObject({
      reason: 'stop-frozen',
    });
    expect(await hash()).toBe(before);
    expect((await room.plan()).version).toBe(version);
  });
});

describe('two who ask at once', () => {
  it('are both answered: no search cancels another', async () => {
    const { rear } = await twoRoutes();
    await room.truck('posterior');
    const planner = createPlannerPool({ threads: 1 });
    const dispatch = { ...room.dispatch, planner };
    const ask = () => breakdown(dispatch, room.supervisor, { truckId: rear.truckId, dryRun: true });
    const answers = await Promise.all([ask(), ask(), ask()]);
    for (const { diff } of answers) expect(diff.moved).toHaveLength(8);
    await planner.close();
  });
});

describe('an incident settled at the desk', () => {
  it('before its route has left: the route still begins at the depot after the next change', async () => {
    await room.truck('posterior');
    const ids = [];
    for (let n = 0; n < 6; n++) ids.push(await room.validated('zona_critica', 10 * n));
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    await completeIncident(room.store, room.supervisor, { id: ids[2]! });
    await room.validated('animal_muerto', 25);
    const { proposalId } = await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    await approve(room.store, room.supervisor, { id: proposalId! });
    const [route] = (await room.plan()).routes;
    const open = route!.stops.filter((stop) => stop.state === 'planned');
    expect(open[0]!.kind).toBe('depot');
    expect(open.at(-1)!.kind).toBe('depot');
    expect(work(route!).filter((stop) => stop.state === 'planned')).toHaveLength(6);
  });
});

describe('closing a route', () => {
  it('completes only what was done; the rest is validated again and named', async () => {
    const { rear } = await twoRoutes();
    const [first, ...rest] = work(rear);
    await departForStop(room.store, room.supervisor, first!.id);
    await completeStop(room.store, room.supervisor, { stopId: first!.id });
    const assignmentId = (await room.plan()).routes.find((route) => route.id === rear.id)!.assignmentId!;
    const finished = await finishAssignment(room.store, room.supervisor, { id: assignmentId });
    expect(finished.unfinished.map((stop) => stop.stopId).sort()).toEqual(rest.map((stop) => stop.id).sort());
    const after = (await room.plan()).routes.find((route) => route.id === rear.id)!;
    expect(after.state).toBe('done');
    expect((await room.incident(first!.incidentId!)).state).toBe('completed');
    for (const stop of rest) expect((await room.incident(stop.incidentId!)).state).toBe('validated');
  });

  it('a cancelled incident leaves the plan', async () => {
    const { rear } = await twoRoutes();
    const stop = work(rear).at(-1)!;
    await cancelIncident(room.store, room.supervisor, { id: stop.incidentId!, reason: 'ya lo recogieron' });
    const after = (await room.plan()).routes.find((route) => route.id === rear.id)!;
    expect(work(after).map((other) => other.id)).not.toContain(stop.id);
    expect((await room.incident(stop.incidentId!)).state).toBe('cancelled');
  });
});
