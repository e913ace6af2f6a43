import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isDomainError, type ErrorReason } from '../../shared/errors.ts';
import type { TruckView } from '../../shared/fleet.ts';
import {
  buyTruck,
  hireDriver,
  openHouse,
  planRoute,
  validatedIncident,
  type House,
} from '../../tests/regression/house.ts';
import type { UserActor } from '../api/trpc.ts';
import { routes, stops, trucks } from '../db/schema/index.ts';
import { eventsOf } from '../events/read.ts';
import { getIncident } from '../incidents/get.ts';
import { cancelAssignment } from './assignment-cancel.ts';
import { createAssignment } from './assignment-create.ts';
import { finishAssignment } from './assignment-finish.ts';
import { startAssignment } from './assignment-start.ts';
import { listDrivers } from './list-drivers.ts';
import { completeStop } from './stop-complete.ts';
import { departForStop } from './stop-depart.ts';
import { failStop } from './stop-fail.ts';
import { truckOut } from './truck-out.ts';

let house: House;
let ana: { actor: UserActor; id: number };
let luis: { actor: UserActor; id: number };
beforeAll(async () => {
  house = await openHouse();
  const [a, l] = [await hireDriver(house, 0), await hireDriver(house, 1)];
  ana = { actor: a.actor, id: a.driver.id };
  luis = { actor: l.actor, id: l.driver.id };
});
afterAll(() => house.close());

async function reasonOf(promise: Promise<unknown>): Promise<ErrorReason | 'nothing' | 'unknown'> {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    return isDomainError(error) ? error.reason : 'unknown';
  }
}

let truck: TruckView;
let incidents: { id: number; lat: number; lon: number; severity: number }[];
let route: Awaited<ReturnType<typeof planRoute>>;
let assignmentId: number;

/** Each test drives a route of its own: three incidents, assigned to Ana. */
beforeEach(async () => {
  const { database } = house;
  await database.sql`delete from assignments`;
  await database.sql`update drivers set state = 'available'`;
  truck = await buyTruck(house);
  incidents = [
    await validatedIncident(house),
    await validatedIncident(house),
    await validatedIncident(house),
  ];
  route = await planRoute(house, truck.id, incidents);
  ({ id: assignmentId } = await createAssignment(house.store, house.actors.supervisor, {
    routeId: route.routeId,
    driverId: ana.id,
    scheduledStart: '2026-03-02T06:00:00-05:00',
  }));
});

const start = () => startAssignment(house.store, ana.actor, assignmentId);
const aboard = async () =>
  (await house.database.db.select().from(trucks).where(eq(trucks.id, truck.id)))[0]!.loadAboard;
const stateOf = async (i: number) => (await getIncident(house.store, incidents[i]!.id)).state;

describe('an assignment', () => {
  it('keeps the scheduled start apart from the actual one', async () => {
    const started = await start();
    expect(started).toMatchObject({ state: 'started', scheduledStart: '2026-03-02T11:00:00.000Z' });
    expect(started.startedAt).toBe(new Date(house.clock.nowMs).toISOString());
    const drivers = await listDrivers(house.store, { state: 'busy' });
    expect(drivers.map(({ id }) => id)).toEqual([ana.id]);
  });

  it('one driver has one live route, one route one driver', async () => {
    const other = await planRoute(house, (await buyTruck(house)).id, []);
    const assign = (routeId: number, driverId: number) =>
      createAssignment(house.store, house.actors.supervisor, { routeId, driverId });
    expect(await reasonOf(assign(other.routeId, ana.id))).toBe('driver-busy');
    expect(await reasonOf(assign(route.routeId, luis.id))).toBe('already-exists');
    const both = [assign(other.routeId, luis.id), assign(other.routeId, luis.id)].map(reasonOf);
    expect((await Promise.all(both)).sort()).toEqual(['driver-busy', 'nothing']);
  });

  it('is started by its own driver or a supervisor, once', async () => {
    expect(await reasonOf(startAssignment(house.store, luis.actor, assignmentId))).toBe('not-yours');
    expect(await reasonOf(startAssignment(house.store, house.actors.operator, assignmentId))).toBe(
      'wrong-role',
    );
    const both = await Promise.all([
      reasonOf(start()),
      reasonOf(startAssignment(house.store, house.actors.supervisor, assignmentId)),
    ]);
    expect(both.sort()).toEqual(['invalid-transition', 'nothing']);
  });

  it('does not start with a driver who left the service meanwhile', async () => {
    await house.database.sql`update drivers set state = 'inactive' where id = ${ana.id}`;
    expect(await reasonOf(start())).toBe('driver-inactive');
  });

  it('does not start with a truck that is out', async () => {
    await truckOut(house.store, house.actors.supervisor, { truckId: truck.id });
    expect(await reasonOf(start())).toBe('truck-busy');
  });

  it('cancelled counts as cancelled; the driver is free and the route waits', async () => {
    await start();
    const cancelled = await cancelAssignment(house.store, house.actors.supervisor, assignmentId);
    expect(cancelled.state).toBe('cancelled');
    expect(await reasonOf(finishAssignment(house.store, ana.actor, { id: assignmentId }))).toBe(
      'invalid-transition',
    );
    expect(await listDrivers(house.store, { state: 'busy' })).toEqual([]);
    const again = await createAssignment(house.store, house.actors.supervisor, {
      routeId: route.routeId,
      driverId: luis.id,
    });
    expect((await startAssignment(house.store, luis.actor, again.id)).state).toBe('started');
  });

  it('finished, completes only what is done and names the rest, which is validated again', async () => {
    await start();
    await completeStop(house.store, ana.actor, { stopId: route.incidentStopIds[0]! });
    await departForStop(house.store, ana.actor, route.incidentStopIds[1]!);
    const finished = await finishAssignment(house.store, ana.actor, { id: assignmentId, notes: 'llovía' });
    expect(finished).toMatchObject({ state: 'completed', notes: 'llovía' });
    expect(finished.unfinished.map(({ incidentId }) => incidentId)).toEqual([
      incidents[1]!.id,
      incidents[2]!.id,
    ]);
    expect(await Promise.all([stateOf(0), stateOf(1), stateOf(2)])).toEqual([
      'completed',
      'validated',
      'validated',
    ]);
    const [row] = await house.database.db.select().from(routes).where(eq(routes.id, route.routeId));
    expect(row).toMatchObject({ state: 'done' });
    expect(row!.finishedAt).not.toBeNull();
    expect(await listDrivers(house.store, { state: 'busy' })).toEqual([]);
    const open = await house.database.db.select().from(stops).where(eq(stops.routeId, route.routeId));
    expect(open.filter(({ state }) => state === 'planned' || state === 'enroute')).toEqual([]);
    const told = (await eventsOf(house.database, 'route', route.routeId)).map(({ type }) => type);
    expect(told).toEqual(['route.started', 'route.finished']);
  });
});

describe('a stop', () => {
  it('is driven only on a running route, by its own driver', async () => {
    const stopId = route.incidentStopIds[0]!;
    expect(await reasonOf(departForStop(house.store, ana.actor, stopId))).toBe('invalid-transition');
    await start();
    expect(await reasonOf(departForStop(house.store, luis.actor, stopId))).toBe('not-yours');
    expect(await reasonOf(departForStop(house.store, house.actors.operator, stopId))).toBe('wrong-role');
    expect(await reasonOf(departForStop(house.store, ana.actor, 999_999))).toBe('not-yours');
    expect(await reasonOf(departForStop(house.store, house.actors.supervisor, 999_999))).toBe('not-found');
    expect((await departForStop(house.store, ana.actor, stopId)).state).toBe('enroute');
  });

  it('a truck drives to one at a time', async () => {
    await start();
    const [one, two] = route.incidentStopIds as [number, number];
    const both = [departForStop(house.store, ana.actor, one), departForStop(house.store, ana.actor, two)];
    expect((await Promise.all(both.map(reasonOf))).sort()).toEqual(['invalid-transition', 'nothing']);
  });

  it('done completes its incident and fills the truck; the landfill empties it', async () => {
    await start();
    const [one, two] = route.incidentStopIds as [number, number];
    const done = await completeStop(house.store, ana.actor, { stopId: one });
    expect(done).toMatchObject({ state: 'done', incidentId: incidents[0]!.id });
    await completeStop(house.store, house.actors.supervisor, { stopId: two });
    expect(await Promise.all([stateOf(0), stateOf(1), stateOf(2)])).toEqual([
      'completed',
      'completed',
      'assigned',
    ]);
    expect(await aboard()).toBe(6);
    const disposal = route.stopIds[route.stopIds.length - 2]!;
    await completeStop(house.store, ana.actor, { stopId: disposal });
    expect(await aboard()).toBe(0);
  });

  it('sent again with its clientId changes nothing; another stop with it is refused', async () => {
    await start();
    const [one, two] = route.incidentStopIds as [number, number];
    const input = { stopId: one, clientId: 'phone-1' };
    const answers = await Promise.all([
      completeStop(house.store, ana.actor, input),
      completeStop(house.store, ana.actor, input),
    ]);
    house.clock.nowMs += 60_000;
    const late = await completeStop(house.store, ana.actor, input);
    expect(answers[0]).toEqual(late);
    expect(answers[1]).toEqual(late);
    expect(await aboard()).toBe(3);
    const told = await eventsOf(house.database, 'stop', one);
    expect(told.filter(({ type }) => type === 'stop.completed')).toHaveLength(1);
    expect(await reasonOf(completeStop(house.store, ana.actor, { stopId: two, clientId: 'phone-1' }))).toBe(
      'already-exists',
    );
    expect(await reasonOf(completeStop(house.store, ana.actor, { stopId: one }))).toBe('invalid-transition');
  });

  it('sent again after the route was finished still answers the same', async () => {
    await start();
    const input = { stopId: route.incidentStopIds[0]!, clientId: 'phone-2' };
    const done = await completeStop(house.store, ana.actor, input);
    await finishAssignment(house.store, ana.actor, { id: assignmentId });
    expect(await completeStop(house.store, ana.actor, input)).toEqual(done);
  });

  it('failed gives its incident back and loads nothing', async () => {
    await start();
    const input = { stopId: route.incidentStopIds[0]!, reason: 'calle cerrada', clientId: 'phone-3' };
    const failed = await failStop(house.store, ana.actor, input);
    expect(failed).toMatchObject({ state: 'failed', failReason: 'calle cerrada' });
    expect(await failStop(house.store, ana.actor, input)).toEqual(failed);
    expect(await stateOf(0)).toBe('validated');
    expect(await aboard()).toBe(0);
    expect(await reasonOf(completeStop(house.store, ana.actor, { stopId: failed.id }))).toBe(
      'invalid-transition',
    );
  });

  it('done and failed at once: one wins', async () => {
    await start();
    const stopId = route.incidentStopIds[0]!;
    const both = await Promise.all([
      reasonOf(completeStop(house.store, ana.actor, { stopId })),
      reasonOf(failStop(house.store, house.actors.supervisor, { stopId, reason: 'no hay nada' })),
    ]);
    expect(both.sort()).toEqual(['invalid-transition', 'nothing']);
    expect(['completed', 'validated']).toContain(await stateOf(0));
  });

  it('on its way is given back when the truck goes out of service, and the load stays aboard', async () => {
    await start();
    const [one, two] = route.incidentStopIds as [number, number];
    await completeStop(house.store, ana.actor, { stopId: one });
    await departForStop(house.store, ana.actor, two);
    const out = await truckOut(house.store, house.actors.supervisor, {
      truckId: truck.id,
      reason: 'embrague',
    });
    expect(out).toMatchObject({ state: 'out', loadAboard: 3 });
    const [row] = await house.database.db.select().from(stops).where(eq(stops.id, two));
    expect(row).toMatchObject({ state: 'planned', departedAt: null });
  });
});
