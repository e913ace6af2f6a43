import { expect, inject, it } from 'vitest';
import { ensureTrackPartitions } from '../../server/db/track-partitions.ts';
import { freePort } from '../database/cluster.ts';
import { openTestDatabase, testDatabaseKind } from '../database/open.ts';
import { hasRedis, startTestRedis } from '../database/redis.ts';
import { countLost } from '../telemetry/crash.ts';
import { startLoad } from '../telemetry/load.ts';
import { addDevice } from '../telemetry/telemetry-server.ts';
import { seedFleet } from './fleet.ts';
import { startInstance, type Instance } from './instance.ts';

const ROUNDS = 4;
const DEVICES = 30;
const DAY_MS = 86_400_000;

it.runIf(testDatabaseKind() === 'postgres' && hasRedis())(
  'two servers are killed in turn under load, Redis with every other one: no acknowledged fix is lost or doubled',
  async () => {
    const source = inject('testDatabase');
    const database = await openTestDatabase();
    const [named] = await database.sql<{ name: string }[]>`select current_database() as name`;
    const databaseUrl = `${source.kind === 'postgres' ? source.server : ''}/${named!.name}`;
    await ensureTrackPartitions(
      database.sql,
      new Date(Date.now() - 7 * DAY_MS),
      new Date(Date.now() + DAY_MS),
    );
    const fleet = await seedFleet(database, 1);
    const devices: { deviceId: number; token: string }[] = [];
    for (let i = 0; i < DEVICES; i++) devices.push(await addDevice(database));
    const port = await freePort();
    let redis = await startTestRedis(port);
    const start = () => startInstance({ databaseUrl, redisUrl: redis.url });
    const instances: [Instance, Instance] = [await start(), await start()];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const victim = round % 2;
        const fromMs = Date.now() - 6 * DAY_MS + round * 5 * 3_600_000;
        const wanted = { fromMs, fixesPerFrame: 10, framesInFlight: 4 };
        // The same devices at both: each fix is sent to the one or the other, and those of the victim move over.
        const loads = await Promise.all(
          instances.map(({ wsUrl }, which) =>
            startLoad({ ...wanted, wsUrl, devices, fromMs: fromMs + which * 500 }),
          ),
        );
        await Promise.all(loads.map((load) => load.more(3_000)));
        if (round % 4 === 1) await redis.stop('kill');
        await instances[victim]!.kill();
        await loads[1 - victim]!.more(3_000);
        loads[victim]!.close();
        await loads[1 - victim]!.settle();
        loads[1 - victim]!.close();
        for (const load of loads) expect(await countLost(database, load.acknowledged)).toBe(0);
        if (round % 4 === 1) redis = await startTestRedis(port);
        instances[victim] = await start();
        await expect
          .poll(
            async () =>
              (await Promise.all(instances.map((one) => one.health()))).map((answer) => answer?.status),
            { timeout: 60_000 },
          )
          .toEqual(['healthy', 'healthy']);
        const made = await instances[victim]!.call(
          'fleet.createContainer',
          { code: `R-${round}`, lat: -0.93, lon: -78.6 },
          fleet.admin.token,
        );
        expect(made.status).toBe(200);
      }
      // Dense and in order of commit, whoever died meanwhile.
      const [log] = await database.sql<{ count: number; last: number; head: number }[]>`
        select count(*)::int as count, max(id)::int as last, (select last_id::int from event_head) as head from events`;
      expect(log).toEqual({ count: log!.head, last: log!.head, head: log!.head });
    } finally {
      for (const instance of instances) if (instance.isRunning()) await instance.kill();
      await redis.stop('kill');
      await database.drop();
    }
  },
);
