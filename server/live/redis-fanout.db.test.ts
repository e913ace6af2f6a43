import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../tests/database/cluster.ts';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { hasRedis, startTestRedis, type TestRedis } from '../../tests/database/redis.ts';
import { addDevice, connectDevice, startTelemetryServer } from '../../tests/telemetry/telemetry-server.ts';
import { openRedisLink, type RedisLink } from '../events/redis-link.ts';
import { silentLog } from '../ops/log.ts';

const LAT = -0.9352;
const LON = -78.6155;

describe.skipIf(!hasRedis())('positions between instances', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let port: number;
  beforeAll(async () => {
    database = await openTestDatabase();
    port = await freePort();
    redis = await startTestRedis(port);
  });
  afterAll(async () => {
    await redis?.stop();
    await database?.drop();
  });

  it("reach the other's screens, go on without Redis, and are whole again when it is back", async () => {
    const links: RedisLink[] = [];
    const start = async () => {
      const link = openRedisLink(redis.url, silentLog());
      links.push(link);
      await link.settled(60_000);
      return startTelemetryServer(database, { redis: link, tickMs: 20, tallyMs: 50 });
    };
    const [one, other] = [await start(), await start()];
    const device = await addDevice(database);
    const client = await connectDevice(one.wsUrl, device.token);
    let seq = 0;
    const send = async () => {
      const t = Date.now();
      expect(await client.ask({ seq: ++seq, t, lat: LAT, lon: LON })).toMatchObject({ stored: 1 });
      return t;
    };
    const shownBy = (server: typeof one) => () => server.telemetry.fleet.truck(device.truckId)?.t;

    const first = await send();
    await expect.poll(shownBy(other), { timeout: 60_000 }).toBe(first);

    // What the one counts of its devices the other shows as well.
    await client.ask({ seq: ++seq, t: Date.now() + 600_000, lat: LAT, lon: LON });
    const healthAt = async (server: typeof one) =>
      (await server.telemetry.deviceHealth()).find(({ deviceId }) => deviceId === device.deviceId);
    await expect
      .poll(() => healthAt(other), { timeout: 60_000 })
      .toMatchObject({ isConnected: true, stored: 1, rejected: { future: 1 }, rejectedShare: 0.5 });

    await redis.stop('kill');
    const second = await send();
    expect(shownBy(one)()).toBe(second);
    expect(shownBy(other)()).toBe(first);

    redis = await startTestRedis(port);
    await expect.poll(shownBy(other), { timeout: 60_000 }).toBe(second);
    const third = await send();
    await expect.poll(shownBy(other), { timeout: 60_000 }).toBe(third);

    const late = await start();
    expect(shownBy(late)()).toBe(third);
    client.close();
    for (const server of [one, other, late]) await server.close();
    for (const link of links) link.close();
  });
});
