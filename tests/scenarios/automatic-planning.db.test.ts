import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eq } from 'drizzle-orm';
import { approve } from '../../server/dispatch/approve.ts';
import { proposals } from '../../server/db/schema/index.ts';
import { breakdown } from '../../server/dispatch/breakdown.ts';
import { closeArea } from '../../server/dispatch/closures.ts';
import type { Dispatch } from '../../server/dispatch/dispatch.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { reject } from '../../server/dispatch/reject.ts';
import { planHistory } from '../../server/dispatch/history.ts';
import { weighZones } from '../../server/dispatch/react.ts';
import { currentRules } from '../../server/rules/current.ts';
import { updateRules } from '../../server/rules/update.ts';
import { planTruck } from '../../server/fleet/plan-truck.ts';
import { truckOut } from '../../server/fleet/truck-out.ts';
import { trackIncident } from '../../server/incidents/track.ts';
import { openRoom, work, type Room } from './room.ts';

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

describe('a zone without a planned route', () => {
  it('waits at exactly the threshold of 20 and gets a route of its own at 21, current at once', async () => {
    await room.truck('posterior');
    const reactor = await room.onDuty();
    for (let n = 0; n < 4; n++) await room.validated('animal_muerto', 10 * n);
    await reactor.settled();
    expect((await room.plan()).version).toBe(0);

    const last = await room.validated('acopio', 50);
    await reactor.settled();
    const plan = await room.plan();
    expect(plan.version).toBe(1);
    expect(plan.routes.flatMap(work)).toHaveLength(5);
    expect((await room.incident(last)).state).toBe('assigned');
    expect(await room.proposals()).toEqual([]);
    expect(room.problems).toEqual([]);
  });

  it('reports that nobody validated do not count', async () => {
    await room.truck('posterior');
    const reactor = await room.onDuty();
    for (let n = 0; n < 6; n++) await room.reported('animal_muerto', 10 * n);
    await reactor.settled();
    expect((await room.plan()).version).toBe(0);
  });

  it('the other zone is not touched', async () => {
    await room.truck('posterior', 'oriental');
    await room.truck('posterior', 'occidental');
    const reactor = await room.onDuty();
    for (let n = 0; n < 5; n++) await room.validated('animal_muerto', 10 * n, 'occidental');
    await reactor.settled();
    const { routes } = await room.plan();
    expect(routes.map((route) => route.zone)).toEqual(['occidental']);
  });
});

describe('a zone with a planned route', () => {
  async function planned(): Promise<void> {
    await room.truck('posterior');
    const reactor = await room.onDuty();
    for (let n = 0; n < 7; n++) await room.validated('zona_critica', 10 * n);
    await reactor.settled();
    expect((await room.plan()).version).toBe(1);
  }

  it('a dead animal is proposed into it and changes nothing until approved', async () => {
    await planned();
    const reactor = await room.onDuty();
    const animal = await room.validated('animal_muerto', 35);
    await reactor.settled();
    expect((await room.plan()).version).toBe(1);
    const [proposal] = await room.proposals();
    expect(proposal).toMatchObject({
      kind: 'recalculation',
      zone: 'oriental',
      baseVersion: 1,
      incidentIds: [animal],
    });
    expect(proposal!.diff.cost.seconds).toBeGreaterThan(0);
    expect((await room.incident(animal)).state).toBe('validated');

    const { version } = await approve(room.store, room.supervisor, { id: proposal!.id });
    expect(version).toBe(2);
    expect((await room.incident(animal)).state).toBe('assigned');
    expect(await room.proposals()).toEqual([]);
  });

  it('a rejected proposal is not made again for the same facts, and is for new ones', async () => {
    await planned();
    const reactor = await room.onDuty();
    await room.validated('animal_muerto', 35);
    await reactor.settled();
    const [first] = await room.proposals();
    await reject(room.store, room.supervisor, { id: first!.id, reason: 'ya va el turno noche' });
    await reactor.settled();
    expect(await room.proposals()).toEqual([]);

    await room.validated('animal_muerto', 45);
    await reactor.settled();
    expect((await room.proposals())[0]!.incidentIds).toHaveLength(2);
  });

  it('a search that fails while something newer comes is said, and both are answered', async () => {
    await planned();
    const first = await room.validated('animal_muerto', 35);
    let second: number | undefined;
    const failing: Dispatch = {
      ...room.dispatch,
      planner: {
        async solve(problem, options) {
          if (second !== undefined) return room.dispatch.planner.solve(problem, options);
          second = await room.validated('animal_muerto', 45);
          throw new Error('out of memory');
        },
      },
    };
    const said: unknown[] = [];
    const log = { info: () => undefined, error: (about: object) => void said.push(about) };
    while (await weighZones(failing, log));
    expect(said).toMatchObject([{ zone: 'oriental', err: { message: 'out of memory' } }]);
    expect([...(await room.proposals())[0]!.incidentIds].sort()).toEqual([first, second].sort());
  });

  it('a newer proposal supersedes the older: one open a zone', async () => {
    await planned();
    const reactor = await room.onDuty();
    await room.validated('animal_muerto', 35);
    await reactor.settled();
    const [first] = await room.proposals();
    await room.validated('animal_muerto', 45);
    await reactor.settled();
    const open = await room.proposals();
    expect(open).toHaveLength(1);
    expect(open[0]).toMatchObject({ replaces: first!.id });
  });

  it('the one somebody was deciding on stands when a newer arrives; the newer is then computed anew', async () => {
    await planned();
    const reactor = await room.onDuty();
    const one = await room.validated('animal_muerto', 35);
    await reactor.settled();
    const [first] = await room.proposals();
    const other = await room.validated('animal_muerto', 45);
    await reactor.settled();
    const [newer] = await room.proposals();
    await approve(room.store, room.supervisor, { id: first!.id });
    expect((await room.incident(one)).state).toBe('assigned');
    await reactor.settled();
    const [last] = await room.proposals();
    expect(last).toMatchObject({ replaces: newer!.id, incidentIds: [other] });
    await approve(room.store, room.supervisor, { id: last!.id });
    expect((await room.incident(other)).state).toBe('assigned');
    expect(room.problems).toEqual([]);
    for (const id of [first!.id, newer!.id]) {
      await expect(approve(room.store, room.supervisor, { id })).rejects.toMatchObject({
        reason: id === first!.id ? 'invalid-transition' : 'stale-version',
      });
    }
  });

  it('an expired proposal is never approved silently; it is computed anew', async () => {
    await planned();
    const reactor = await room.onDuty();
    await room.validated('animal_muerto', 35);
    await reactor.settled();
    const [old] = await room.proposals();
    room.later(16);
    await expect(approve(room.store, room.supervisor, { id: old!.id })).rejects.toMatchObject({
      reason: 'invalid-transition',
    });
    room.store.bus.wake(0);
    await reactor.settled();
    const [fresh] = await room.proposals();
    expect(fresh!.id).not.toBe(old!.id);
  });
});

describe('the rule that approves small changes by itself', () => {
  it("approves below both limits, in the planner's name, and leaves what is above to a person", async () => {
    await room.truck('posterior');
    const reactor = await room.onDuty();
    for (let n = 0; n < 7; n++) await room.validated('zona_critica', 10 * n);
    await reactor.settled();
    const { rules } = await currentRules(room.database.db);
    expect(rules.autoApproveBelow).toBeNull();
    const approveBelow = (costS: number) =>
      updateRules(room.store, room.admin, {
        rules: { ...rules, autoApproveBelow: { costS, movedStops: 1 } },
      });
    await approveBelow(6_000);
    await room.validated('animal_muerto', 35);
    await reactor.settled();
    expect((await room.plan()).version).toBe(2);
    expect((await planHistory(room.database))[0]).toMatchObject({ version: 2, actor: 'planner' });
    expect(await room.proposals()).toEqual([]);

    await approveBelow(60);
    const dear = await room.validated('animal_muerto', 45);
    await reactor.settled();
    expect((await room.proposals())[0]!.incidentIds).toEqual([dear]);
    expect((await room.plan()).version).toBe(2);
  });
});

describe('trucks on the road', () => {
  it('a dead animal goes into the running route as a proposal; what is done or driven to stays', async () => {
    await room.truck('posterior');
    const reactor = await room.onDuty();
    for (let n = 0; n < 7; n++) await room.validated('zona_critica', 10 * n);
    await reactor.settled();
    const [route] = (await room.plan()).routes;
    await room.setOut(route!.id);
    const [first] = work((await room.plan()).routes[0]!);
    const { departForStop } = await import('../../server/fleet/stop-depart.ts');
    await departForStop(room.store, room.supervisor, first!.id);

    const animal = await room.validated('animal_muerto', 5);
    await reactor.settled();
    const [proposal] = await room.proposals();
    expect(proposal).toMatchObject({ kind: 'insertion', incidentIds: [animal] });
    await approve(room.store, room.supervisor, { id: proposal!.id });
    const after = work((await room.plan()).routes[0]!);
    expect(after[0]).toMatchObject({ id: first!.id, state: 'enroute' });
    expect(after.map((stop) => stop.incidentId)).toContain(animal);

    // Whoever reported it is told a range, once a truck is on its round with it.
    const { code } = await room.incident(animal);
    const told = await trackIncident(room.store, code);
    expect(told.state).toBe('assigned');
    const { earliest, eta, latest } = told.arrival!;
    expect(Date.parse(earliest)).toBeLessThan(Date.parse(eta));
    expect(Date.parse(eta)).toBeLessThan(Date.parse(latest));
    expect(Date.parse(latest)).toBeGreaterThan(room.now());
  });

  it('a newer proposal takes along what waited in the one it supersedes', async () => {
    await room.truck('posterior');
    const reactor = await room.onDuty();
    for (let n = 0; n < 7; n++) await room.validated('zona_critica', 10 * n);
    await reactor.settled();
    const [route] = (await room.plan()).routes;
    await room.setOut(route!.id);
    const first = await room.validated('animal_muerto', 5);
    await reactor.settled();
    const second = await room.validated('animal_muerto', 15);
    await reactor.settled();
    const [both, ...others] = await room.proposals();
    expect(others).toEqual([]);
    expect([...both!.incidentIds].sort()).toEqual([first, second].sort());

    await room.truck('posterior');
    await breakdown(room.dispatch, room.supervisor, { truckId: route!.truckId });
    expect((await room.proposals())[0]!.incidentIds).toEqual(expect.arrayContaining([first, second]));
    const third = await room.validated('animal_muerto', 25);
    await reactor.settled();
    const [all] = await room.proposals();
    expect(all!.incidentIds).toEqual(expect.arrayContaining([first, second, third]));
    await approve(room.store, room.supervisor, { id: all!.id });
    const left = (await room.plan()).routes.find((one) => one.truckId === route!.truckId);
    expect(left === undefined ? [] : work(left)).toEqual([]);
  });
});

describe('a zone that gets a first route and needs a change at the same time', () => {
  const quiet = { info: () => undefined, error: () => undefined };

  /** One truck under way along the street, one idle, and enough waiting for a route of its own. */
  async function underWayAndIdle(): Promise<{ underWay: number; idle: number }> {
    const underWay = await room.truck('posterior');
    for (const number of [0, 50, 100]) await room.validated('acopio', number);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    await room.setOut((await room.plan()).routes[0]!.id);
    await weighZones(room.dispatch, quiet);
    const idle = await room.truck('posterior');
    for (let n = 0; n < 9; n++) await room.validated('zona_critica', 300 + 10 * n);
    return { underWay, idle };
  }

  const closeTheStreet = () =>
    closeArea(room.store, room.supervisor, {
      ring: [
        [-78.601, -0.932],
        [-78.599, -0.932],
        [-78.599, -0.934],
        [-78.601, -0.934],
      ],
      reason: 'Feria',
    });

  it('keeps the closed street in mind though something newer comes between the two answers', async () => {
    const { underWay, idle } = await underWayAndIdle();
    await closeTheStreet();
    let searches = 0;
    const { planner } = room.dispatch;
    room.dispatch.planner = {
      async solve(problem, options) {
        if (++searches === 2) await room.validated('acopio', 400);
        return planner.solve(problem, options);
      },
    };
    while (await weighZones(room.dispatch, quiet));
    expect((await room.plan()).routes.map((route) => route.truckId)).toContain(idle);
    expect(searches).toBeGreaterThan(1);
    const [open] = await room.database.db.select().from(proposals).where(eq(proposals.state, 'open'));
    expect(open!.asked!.redrawTruckIds).toEqual([underWay]);
  });

  it('proposes the way round a closed street also when no truck can drive the first route', async () => {
    const { underWay, idle } = await underWayAndIdle();
    await planTruck(room.store, room.supervisor, { truckId: idle, planning: 'excluded' });
    await closeTheStreet();
    while (await weighZones(room.dispatch, quiet));
    const [proposal] = await room.proposals();
    expect(proposal).toMatchObject({ kind: 'closure' });
    expect(proposal!.routes.map((route) => route.truckId)).toContain(underWay);
  });

  it('proposes who takes over from a truck that goes to the workshop', async () => {
    const { underWay } = await underWayAndIdle();
    const left = (await room.plan()).routes.filter((route) => route.truckId === underWay).flatMap(work);
    await truckOut(room.store, room.supervisor, { truckId: underWay, reason: 'taller' });
    while (await weighZones(room.dispatch, quiet));
    const [proposal] = await room.proposals();
    const moved = proposal!.diff.moved.map((move) => move.stopId);
    for (const stop of left) expect(moved).toContain(stop.id);
  });
});
