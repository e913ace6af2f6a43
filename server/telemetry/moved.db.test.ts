import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { addDevice, connectDevice, startTelemetryServer } from '../../tests/telemetry/telemetry-server.ts';
import { createLocalBus } from '../events/bus.ts';
import { eventsOf } from '../events/read.ts';
import { moveDevice } from '../fleet/move-device.ts';

const ADMIN = { kind: 'user', id: 1, role: 'admin', username: 'admin' } as const;
const fix = (t: number) => ({ t, lat: -0.9352, lon: -78.6155 });
let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.drop());

async function trucksOf(deviceId: number) {
  const rows = await database.sql<{ t: number; truckId: number }[]>`
    select round(extract(epoch from recorded_at) * 1000)::float8 as t, truck_id::float8 as "truckId"
      from tracks where device_id = ${deviceId} order by recorded_at`;
  return rows.map((row) => ({ ...row }));
}

describe('a device moved to another truck', () => {
  it('belongs to it at once, on every instance and without connecting anew; what it drove before stays', async () => {
    const here = await startTelemetryServer(database, { tickMs: 20 });
    const bus = createLocalBus();
    const there = await startTelemetryServer(database, { tickMs: 20, bus });
    const { deviceId, truckId, token } = await addDevice(database);
    const { truckId: otherId } = await addDevice(database);
    const clients = await Promise.all([
      connectDevice(here.wsUrl, token),
      connectDevice(there.wsUrl, token),
      connectDevice(here.wsUrl, token),
    ]);
    const t = Date.now() - 60_000;
    await clients[0]!.ask({ seq: 1, fixes: [fix(t)] });

    await moveDevice(here.store, ADMIN, { deviceId, truckId: otherId });
    bus.wake(1);
    const movedAt = Date.now();
    await expect
      .poll(async () => {
        const now = Date.now();
        const answers = clients.map((client, i) => client.ask({ seq: 2, fixes: [fix(now + i)] }));
        await Promise.all(answers);
        return (await trucksOf(deviceId)).slice(-3).map((row) => row.truckId);
      })
      .toEqual([otherId, otherId, otherId]);

    // Buffered before the move, sent after it: from either instance it is the former truck's.
    await clients[2]!.ask({ seq: 3, fixes: [fix(t + 1_000), fix(t - 86_400_000)] });
    await clients[1]!.ask({ seq: 3, fixes: [fix(t + 2_000)] });
    const before = (await trucksOf(deviceId)).filter((row) => row.t < movedAt - 50_000);
    expect(before.map((row) => row.truckId)).toEqual([truckId, truckId, truckId, truckId]);

    await expect.poll(() => here.telemetry.fleet.truck(otherId)?.state).toBe('stopped');
    // The former truck keeps its last place, and will grow stale.
    expect(here.telemetry.fleet.truck(truckId)).toMatchObject({ truckId, lat: -0.9352 });

    const again = await connectDevice(here.wsUrl, token);
    await again.ask({ seq: 4, fixes: [fix(t + 3_000)] });
    expect((await trucksOf(deviceId)).find((row) => row.t === t + 3_000)).toMatchObject({ truckId });
    for (const client of [...clients, again]) client.close();
    await Promise.all([here.close(), there.close()]);
  });

  it('may go back; each move is told once, and one to where it is changes nothing', async () => {
    const server = await startTelemetryServer(database);
    const { deviceId, truckId } = await addDevice(database);
    const { truckId: otherId } = await addDevice(database);
    const move = (to: number) => moveDevice(server.store, ADMIN, { deviceId, truckId: to });
    await move(otherId);
    await move(otherId);
    await move(truckId);
    const told = await eventsOf(database, 'device', deviceId);
    expect(told.map(({ type, data }) => [type, data])).toEqual([
      ['device.moved', { truckId: otherId, fromTruckId: truckId }],
      ['device.moved', { truckId, fromTruckId: otherId }],
    ]);
    await expect(move(999_999)).rejects.toMatchObject({ reason: 'not-found' });
    const operator = { ...ADMIN, role: 'operator' } as const;
    await expect(moveDevice(server.store, operator, { deviceId, truckId: otherId })).rejects.toMatchObject({
      reason: 'wrong-role',
    });
    await server.close();
  });
});
