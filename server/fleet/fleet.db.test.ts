import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDomainError, type ErrorReason } from '../../shared/errors.ts';
import {
  buyTruck,
  hireDriver,
  openHouse,
  PASSWORD,
  planRoute,
  type House,
} from '../../tests/regression/house.ts';
import { authenticateDevice, deviceByUniqueId } from '../access/devices.ts';
import { eventsOf } from '../events/read.ts';
import { createContainer } from './create-container.ts';
import { createDriver } from './create-driver.ts';
import { createTruck } from './create-truck.ts';
import { listContainers } from './list-containers.ts';
import { listTrucks } from './list-trucks.ts';
import { registerDevice } from './register-device.ts';
import { revokeDevice } from './revoke-device.ts';
import { truckOut } from './truck-out.ts';
import { truckReturned } from './truck-returned.ts';
import { updateContainer } from './update-container.ts';
import { updateDriver } from './update-driver.ts';
import { updateTruck } from './update-truck.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
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

describe('trucks', () => {
  it('get the capacity of their type, unless told otherwise', async () => {
    const { store, actors } = house;
    const truck = (plate: string, type: 'lateral' | 'posterior', capacity?: number) =>
      createTruck(store, actors.admin, { plate, type, capacity });
    expect((await truck('ABC-101', 'posterior')).capacity).toBe(25);
    expect((await truck('abc-102 ', 'lateral')).capacity).toBe(15);
    expect((await truck('ABC-103', 'lateral', 18)).capacity).toBe(18);
    expect((await listTrucks(store)).map(({ plate }) => plate)).toContain('ABC-102');
    expect(await reasonOf(truck('ABC-101', 'posterior'))).toBe('already-exists');
    expect(await reasonOf(createTruck(store, actors.supervisor, { plate: 'ABC-104', type: 'lateral' }))).toBe(
      'wrong-role',
    );
  });

  it('go out and return by their states alone', async () => {
    const { store, actors } = house;
    const { id: truckId } = await buyTruck(house);
    const both = [
      truckOut(store, actors.supervisor, { truckId }),
      truckOut(store, actors.admin, { truckId }),
    ];
    expect((await Promise.all(both.map(reasonOf))).sort()).toEqual(['invalid-transition', 'nothing']);
    expect((await truckReturned(store, actors.supervisor, truckId)).state).toBe('available');
    expect(await reasonOf(truckReturned(store, actors.supervisor, truckId))).toBe('invalid-transition');
    expect(await reasonOf(truckOut(store, actors.operator, { truckId }))).toBe('wrong-role');
  });

  it('with a live route are not retired; a plate that is taken is refused', async () => {
    const { store, actors } = house;
    const [one, two] = [await buyTruck(house), await buyTruck(house)];
    const route = await planRoute(house, one.id, []);
    expect((await listTrucks(store)).find(({ id }) => id === one.id)?.routeId).toBe(route.routeId);
    expect(await reasonOf(updateTruck(store, actors.admin, { truckId: one.id, retired: true }))).toBe(
      'truck-busy',
    );
    expect(await reasonOf(updateTruck(store, actors.admin, { truckId: two.id, plate: one.plate }))).toBe(
      'already-exists',
    );
    expect((await updateTruck(store, actors.admin, { truckId: two.id, retired: true })).state).toBe(
      'retired',
    );
    expect(await reasonOf(registerDevice(store, actors.admin, { truckId: two.id, name: 'x' }))).toBe(
      'not-found',
    );
  });
});

describe('devices', () => {
  it('are known by a token shown once and stored only as its hash', async () => {
    const { store, actors, database } = house;
    const { id: truckId } = await buyTruck(house);
    const { deviceId, token } = await registerDevice(store, actors.admin, {
      truckId,
      name: 'GPS',
      uniqueId: 'imei-1',
    });
    expect(token).toMatch(/^dev_[\w-]{43}$/);
    expect(await authenticateDevice(database, token)).toMatchObject({
      id: deviceId,
      truckId,
      kind: 'tracker',
    });
    expect(await deviceByUniqueId(database, 'imei-1')).toMatchObject({ id: deviceId });
    expect(await authenticateDevice(database, `${token}x`)).toBeNull();
    const dump = JSON.stringify(await database.sql`select * from devices`);
    const log = JSON.stringify(await database.sql`select * from events`);
    expect(dump + log + JSON.stringify(await listTrucks(store))).not.toContain(token.slice(4));
    expect(
      await reasonOf(registerDevice(store, actors.admin, { truckId, name: 'other', uniqueId: 'imei-1' })),
    ).toBe('already-exists');
  });

  it('revoked, are unknown at once, and the event is told once', async () => {
    const { store, actors, database } = house;
    const { id: truckId } = await buyTruck(house);
    const { deviceId, token } = await registerDevice(store, actors.admin, {
      truckId,
      name: 'GPS',
      uniqueId: 'imei-2',
    });
    const first = await revokeDevice(store, actors.admin, deviceId);
    expect(await revokeDevice(store, actors.admin, deviceId)).toEqual(first);
    expect(await authenticateDevice(database, token)).toBeNull();
    expect(await deviceByUniqueId(database, 'imei-2')).toBeNull();
    const told = (await eventsOf(database, 'device', deviceId)).map(({ type }) => type);
    expect(told).toEqual(['device.registered', 'device.revoked']);
    expect(await reasonOf(revokeDevice(store, actors.admin, 999_999))).toBe('not-found');
  });
});

describe('drivers', () => {
  it('come with an account, a licence and a valid cédula', async () => {
    const { driver } = await hireDriver(house);
    expect(driver).toMatchObject({ licence: 'C', state: 'available', zonePreference: null });
    const again = {
      name: 'Otra',
      cedula: driver.cedula,
      licence: 'D' as const,
      username: 'otra',
      password: PASSWORD,
    };
    expect(await reasonOf(createDriver(house.store, house.actors.admin, again))).toBe('already-exists');
    await expect(
      createDriver(house.store, house.actors.admin, { ...again, cedula: '1710034066' }),
    ).rejects.toThrow('cédula');
    // The half-made account went with the refused driver.
    const [left] = await house.database.sql`select count(*)::int as n from users where username = 'otra'`;
    expect(left!.n).toBe(0);
  });

  it('are never set free while they drive', async () => {
    const { store, actors, database } = house;
    const { driver } = await hireDriver(house, 1);
    await database.sql`update drivers set state = 'busy' where id = ${driver.id}`;
    const set = updateDriver(store, actors.admin, { driverId: driver.id, state: 'available' });
    expect(await reasonOf(set)).toBe('driver-busy');
  });

  it('leave no name, number or cédula in the event log', async () => {
    const log = JSON.stringify(await house.database.sql`select * from events where subject_kind = 'driver'`);
    expect(log).not.toMatch(/Driver \d|1710034065/);
  });
});

describe('containers', () => {
  it('get their zone by their place and the rule for their load', async () => {
    const { store, actors } = house;
    const made = await createContainer(store, actors.admin, { code: 'C-1', lat: -0.93, lon: -78.63 });
    expect(made).toMatchObject({ zone: 'occidental', load: 1, everyDays: 1, active: true });
    const moved = await updateContainer(store, actors.admin, { containerId: made.id, lon: -78.6, load: 2 });
    expect(moved).toMatchObject({ zone: 'oriental', load: 2, lat: -0.93 });
    expect(await listContainers(store, { zone: 'occidental' })).toEqual([]);
    const far = createContainer(store, actors.admin, { code: 'C-2', lat: 0, lon: -78.6 });
    expect(await reasonOf(far)).toBe('outside-service-area');
    const twin = createContainer(store, actors.admin, { code: 'C-1', lat: -0.93, lon: -78.6 });
    expect(await reasonOf(twin)).toBe('already-exists');
  });
});
