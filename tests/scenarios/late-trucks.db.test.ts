import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../server/dispatch/generate.ts';
import { openPromises } from '../../server/dispatch/promises.ts';
import { weighZones } from '../../server/dispatch/react.ts';
import { departForStop } from '../../server/fleet/stop-depart.ts';
import { planTruck } from '../../server/fleet/plan-truck.ts';
import { openRoom, work, type Room } from './room.ts';

const quiet = { info: () => undefined, error: () => undefined };

describe('a truck that stands where it should have gone on', () => {
  let room: Room;
  beforeAll(async () => {
    room = await openRoom();
  });
  afterAll(() => room.close());

  it('endangers a promise, is noticed, and and a change that reaches it sooner is proposed, once', async () => {
    await room.truck('posterior');
    await room.truck('posterior');
    for (const number of [0, 300]) await room.validated('acopio', number);
    const animal = await room.validated('animal_muerto', 340);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const [late] = (await room.plan()).routes;
    await room.setOut(late!.id);
    await departForStop(room.store, room.supervisor, work(late!)[0]!.id);
    for (const number of [420, 440]) await room.validated('acopio', number);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    await room.setOut((await room.plan()).routes.at(-1)!.id);
    await weighZones(room.dispatch, quiet);
    const keepOf = async () =>
      (await openPromises(room.dispatch)).find((promise) => promise.incidentId === animal)!;
    expect((await keepOf()).keep).toBeGreaterThan(0.9);
    expect(await room.proposals()).toHaveLength(0);

    // An hour and a half later it has still not finished its first stop.
    room.later(92);
    const [worst] = await openPromises(room.dispatch);
    expect(worst).toMatchObject({ incidentId: animal, planned: { truckId: late!.truckId } });
    expect(worst!.keep).toBeLessThan(0.5);
    await weighZones(room.dispatch, quiet);
    const [proposal] = await room.proposals();
    expect(proposal).toMatchObject({ kind: 'recalculation', reason: `late:${late!.truckId}` });
    const sooner = proposal!.routes
      .flatMap((route) => route.stops)
      .find((stop) => stop.incidentId === animal)!;
    const gainedS = (Date.parse(worst!.planned!.eta) - Date.parse(sooner.eta)) / 1_000;
    expect(gainedS).toBeGreaterThan(60);
    room.later(1);
    await weighZones(room.dispatch, quiet);
    expect((await room.proposals()).map((open) => open.id)).toEqual([proposal!.id]);
  });
});

describe('an incident no truck can take', () => {
  let room: Room;
  beforeAll(async () => {
    room = await openRoom();
  });
  afterAll(() => room.close());

  it('is listed first, with the truck that would take it if it were let', async () => {
    await room.truck('posterior');
    await room.truck('posterior');
    await room.validated('acopio', 0);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const [route] = (await room.plan()).routes;
    await room.setOut(route!.id);
    const waiting = await room.validated('zona_critica', 40);
    const fits = (await openPromises(room.dispatch))[0]!;
    expect(fits).toMatchObject({ incidentId: waiting, keep: 0, planned: null });
    expect(fits.waiting).toMatchObject({ truckId: route!.truckId });
    expect((fits.waiting as { keep: number }).keep).toBeGreaterThan(0.9);

    await planTruck(room.store, room.supervisor, { truckId: route!.truckId, planning: 'locked' });
    const [stopped] = await openPromises(room.dispatch);
    expect(stopped!.waiting).toMatchObject({ reason: 'no-route' });
    const { lifts } = stopped!.waiting as { lifts: { rule: string; truckId: number; kept: string }[] };
    expect(lifts.map(({ rule, kept, truckId }) => ({ rule, kept, truckId }))).toEqual([
      { rule: 'truck', kept: 'locked', truckId: route!.truckId },
    ]);
    await planTruck(room.store, room.supervisor, { truckId: route!.truckId, planning: 'open' });
  });
});
