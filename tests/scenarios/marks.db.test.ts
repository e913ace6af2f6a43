import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approve } from '../../server/dispatch/approve.ts';
import { breakdown } from '../../server/dispatch/breakdown.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { moveStop } from '../../server/dispatch/move-stop.ts';
import { placesFor } from '../../server/dispatch/places.ts';
import { propose } from '../../server/dispatch/propose.ts';
import { undo } from '../../server/dispatch/undo.ts';
import { updateRules } from '../../server/rules/update.ts';
import { pinStop } from '../../server/fleet/pin-stop.ts';
import { planTruck } from '../../server/fleet/plan-truck.ts';
import { currentRules } from '../../server/rules/current.ts';
import type { RouteView, StopView } from '../../shared/plan.ts';
import { openRoom, work, type Room } from './room.ts';

/** Two trucks on the road east of the river: the first has the near end of the street, the second the far end. */
async function twoTrucksAtWork(room: Room): Promise<{ near: RouteView; far: RouteView }> {
  for (const type of ['posterior', 'posterior'] as const) await room.truck(type);
  // The first is on the road when the second is planned.
  for (const numbers of [
    [0, 20, 40],
    [600, 620, 640],
  ]) {
    for (const number of numbers) await room.validated('acopio', number);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    await room.setOut((await room.plan()).routes.at(-1)!.id);
  }
  const [near, far] = (await room.plan()).routes;
  return { near: near!, far: far! };
}

/** The rules of these scenarios: a short shift, so that the work is shared. */
async function withRules(room: Room, change: object): Promise<void> {
  const { rules } = await currentRules(room.database.db);
  await updateRules(room.store, room.admin, { rules: { ...rules, thresholdSeverity: 1_000, ...change } });
}

const ids = (stops: readonly StopView[]) => stops.map((stop) => stop.id);
const routeOf = (routes: readonly RouteView[], stopId: number) =>
  routes.find((route) => route.stops.some((stop) => stop.id === stopId))?.id;

describe('a stop a supervisor keeps where it is', () => {
  let room: Room;
  let near: RouteView;
  let far: RouteView;
  beforeAll(async () => {
    room = await openRoom();
    await withRules(room, { capacityByTruckType: { posterior: 9, lateral: 9 } });
    ({ near, far } = await twoTrucksAtWork(room));
  });
  afterAll(() => room.close());

  it('is not moved by hand, nor by an undo, and says so', async () => {
    const stop = work(near).at(-1)!;
    await pinStop(room.store, room.supervisor, { stopId: stop.id, pin: 'truck' });
    await expect(
      moveStop(room.dispatch, room.supervisor, { stopId: stop.id, toRouteId: far.id }),
    ).rejects.toMatchObject({ reason: 'stop-pinned' });
    const places = await placesFor(room.dispatch, { stopId: stop.id });
    expect(places.find((place) => place.routeId === far.id)).toMatchObject({ refused: 'pinned' });
    expect(places.find((place) => place.routeId === near.id)).toMatchObject({ refused: null });

    await pinStop(room.store, room.supervisor, { stopId: stop.id, pin: null });
    const { version } = await moveStop(room.dispatch, room.supervisor, {
      stopId: stop.id,
      toRouteId: far.id,
    });
    await pinStop(room.store, room.supervisor, { stopId: stop.id, pin: 'truck' });
    await expect(undo(room.store, room.supervisor, { version: version! })).rejects.toMatchObject({
      reason: 'stop-pinned',
    });
    await pinStop(room.store, room.supervisor, { stopId: stop.id, pin: null });
    await undo(room.store, room.supervisor, { version: version! });
    expect(routeOf((await room.plan()).routes, stop.id)).toBe(near.id);
  });

  it('in its place: an urgent incident goes behind it, though before it would be nearer', async () => {
    const [first, second] = work((await room.plan()).routes.find((route) => route.id === near.id)!);
    await pinStop(room.store, room.supervisor, { stopId: second!.id, pin: 'place' });
    expect(
      (await room.plan()).routes.flatMap((route) => route.stops).find((s) => s.id === second!.id),
    ).toMatchObject({
      pin: 'place',
    });
    const urgent = await room.validated('animal_muerto', 2);
    const proposed = await propose(room.dispatch, room.supervisor, {
      zone: 'oriental',
      kind: 'insertion',
      reason: 'insertion',
      incidentIds: [urgent],
    });
    await approve(room.store, room.supervisor, { id: proposed!.proposalId });
    const route = (await room.plan()).routes.find((one) => one.id === near.id)!;
    expect(ids(work(route)).slice(0, 2)).toEqual([first!.id, second!.id]);
    await pinStop(room.store, room.supervisor, { stopId: second!.id, pin: null });
  });

  it('a proposal made before the pin is not approved over it', async () => {
    const proposed = await propose(room.dispatch, room.supervisor, {
      zone: 'oriental',
      kind: 'recalculation',
      reason: 'by-hand',
      incidentIds: [await room.validated('animal_muerto', 300)],
      stabilityS: 0,
    });
    const [proposal] = await room.proposals();
    expect(proposal!.id).toBe(proposed!.proposalId);
    const receiver = proposal!.routes[0]!;
    await planTruck(room.store, room.supervisor, { truckId: receiver.truckId, planning: 'locked' });
    await expect(approve(room.store, room.supervisor, { id: proposal!.id })).rejects.toMatchObject({
      reason: 'truck-locked',
    });
    await planTruck(room.store, room.supervisor, { truckId: receiver.truckId, planning: 'open' });
    await approve(room.store, room.supervisor, { id: proposal!.id });
  });

  it('is let go when its truck is out of service: its work has to go to others', async () => {
    const route = (await room.plan()).routes.find((one) => work(one).length > 2)!;
    const stop = work(route).at(-1)!;
    await pinStop(room.store, room.supervisor, { stopId: stop.id, pin: 'truck' });
    const { diff } = await breakdown(room.dispatch, room.supervisor, { truckId: route.truckId });
    expect(diff.moved.map((move) => move.stopId)).toContain(stop.id);
    const after = (await room.plan()).routes.flatMap((one) => one.stops).find((one) => one.id === stop.id)!;
    expect(after.pin).toBeUndefined();
  });
});

describe('a truck a supervisor keeps out of re-plans', () => {
  let room: Room;
  let near: RouteView;
  let far: RouteView;
  beforeAll(async () => {
    room = await openRoom();
    await withRules(room, { capacityByTruckType: { posterior: 9, lateral: 9 } });
    ({ near, far } = await twoTrucksAtWork(room));
  });
  afterAll(() => room.close());

  it('locked: an urgent incident beside it goes to the other', async () => {
    await planTruck(room.store, room.supervisor, { truckId: near.truckId, planning: 'locked' });
    const before = ids((await room.plan()).routes.find((route) => route.id === near.id)!.stops);
    const urgent = await room.validated('animal_muerto', 10);
    const places = await placesFor(room.dispatch, { incidentId: urgent });
    expect(places.find((place) => place.routeId === near.id)).toMatchObject({ refused: 'locked' });
    const proposed = await propose(room.dispatch, room.supervisor, {
      zone: 'oriental',
      kind: 'insertion',
      reason: 'insertion',
      incidentIds: [urgent],
    });
    await approve(room.store, room.supervisor, { id: proposed!.proposalId });
    const routes = (await room.plan()).routes;
    expect(ids(routes.find((route) => route.id === near.id)!.stops)).toEqual(before);
    const [mine] = work(routes.find((route) => route.id === far.id)!).filter((s) => s.incidentId === urgent);
    expect(mine).toBeDefined();
    await expect(
      moveStop(room.dispatch, room.supervisor, { stopId: mine!.id, toRouteId: near.id }),
    ).rejects.toMatchObject({ reason: 'truck-locked' });
  });

  it('excluded: it keeps its work, may give it away, and gets none', async () => {
    await planTruck(room.store, room.supervisor, { truckId: near.truckId, planning: 'excluded' });
    const urgent = await room.validated('animal_muerto', 18);
    const places = await placesFor(room.dispatch, { incidentId: urgent });
    expect(places.find((place) => place.routeId === near.id)).toMatchObject({ refused: 'excluded' });
    const proposed = await propose(room.dispatch, room.supervisor, {
      zone: 'oriental',
      kind: 'insertion',
      reason: 'insertion',
      incidentIds: [urgent],
    });
    const [proposal] = await room.proposals();
    expect(proposal!.diff.moved.find((move) => move.incidentId === urgent)!.toTruckId).toBe(far.truckId);
    await approve(room.store, room.supervisor, { id: proposed!.proposalId });
    const stop = work((await room.plan()).routes.find((route) => route.id === far.id)!).at(-1)!;
    const move = (toRouteId: number) =>
      moveStop(room.dispatch, room.supervisor, { stopId: stop.id, toRouteId });
    await expect(move(near.id)).rejects.toMatchObject({ reason: 'truck-excluded' });
    await planTruck(room.store, room.supervisor, { truckId: near.truckId, planning: 'open' });
    await move(near.id);
    const given = await move(far.id);
    await planTruck(room.store, room.supervisor, { truckId: near.truckId, planning: 'excluded' });
    await expect(undo(room.store, room.supervisor, { version: given.version! })).rejects.toMatchObject({
      reason: 'truck-excluded',
    });
    await planTruck(room.store, room.supervisor, { truckId: near.truckId, planning: 'open' });
    await undo(room.store, room.supervisor, { version: given.version! });
  });

  it('excluded while it waits at the depot: the first route goes to another', async () => {
    const [one, other] = [
      await room.truck('posterior', 'occidental'),
      await room.truck('posterior', 'occidental'),
    ];
    await planTruck(room.store, room.supervisor, { truckId: one, planning: 'excluded' });
    await room.validated('zona_critica', 5, 'occidental');
    await generate(room.dispatch, room.supervisor, { zone: 'occidental' });
    const route = (await room.plan()).routes.find((candidate) => candidate.zone === 'occidental')!;
    expect(route.truckId).toBe(other);
  });
});

describe('hours', () => {
  let room: Room;
  beforeAll(async () => {
    room = await openRoom();
  });
  afterAll(() => room.close());

  it('a crew pauses within its hours, and what follows is later by it', async () => {
    await withRules(room, { breaks: [{ fromS: 1_800, untilS: 5_400, durationS: 1_800 }] });
    await room.truck('posterior');
    for (const number of [0, 100, 200, 300]) await room.validated('acopio', number);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const route = (await room.plan()).routes[0]!;
    const paused = route.stops.filter((stop) => stop.pauseS !== undefined);
    expect(paused.map((stop) => stop.pauseS)).toEqual([1_800]);
    const at = route.stops.indexOf(paused[0]!);
    const before = route.stops[at - 1]!;
    const gapS = (Date.parse(paused[0]!.eta) - Date.parse(before.eta)) / 1_000;
    expect(gapS).toBeGreaterThanOrEqual(1_800 + before.serviceS);
  });

  it('the nearer of two landfills is used', async () => {
    await withRules(room, {
      breaks: [],
      otherLandfills: [{ name: 'Norte', lat: -0.93, lon: -78.599, serviceS: 600, hours: null }],
    });
    await room.truck('posterior');
    await room.validated('acopio', 4);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' }).catch(() => undefined);
    const [proposal] = await room.proposals();
    await approve(room.store, room.supervisor, { id: proposal!.id });
    const landfills = (await room.plan()).routes.flatMap((route) =>
      route.stops.filter((stop) => stop.kind === 'disposal'),
    );
    expect(landfills.map((stop) => stop.lon)).toContain(-78.599);
  });
});
