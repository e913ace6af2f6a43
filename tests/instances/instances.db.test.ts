import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { DomainEvent } from '../../shared/events.ts';
import type { LiveTruck } from '../../shared/telemetry.ts';
import { reportIncident } from '../../server/incidents/report.ts';
import { freePort } from '../database/cluster.ts';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../database/open.ts';
import { hasRedis, startTestRedis, type TestRedis } from '../database/redis.ts';
import { bestOf } from '../patience.ts';
import { addDevice, connectDevice, type TestDevice } from '../telemetry/telemetry-server.ts';
import type { EventStream } from './event-stream.ts';
import { seedFleet } from './fleet.ts';
import { startInstance, type Instance } from './instance.ts';

const [LAT, LON] = [-0.9352, -78.6155];
const EAST = -78.6;
const WEST = -78.63;
const SLOW = 60_000;

/**
 * Two whole servers, each a process as `npm start` makes it, on one PostgreSQL and one Redis, that are killed and
 * started again. The steps build on each other, like a bad day does.
 */
describe.runIf(testDatabaseKind() === 'postgres' && hasRedis())('several servers', () => {
  let database: TestDatabase;
  let databaseUrl: string;
  let redis: TestRedis;
  let redisPort: number;
  let fleet: Awaited<ReturnType<typeof seedFleet>>;
  let a: Instance;
  let b: Instance;
  const open: { close(): void }[] = [];
  const start = () => startInstance({ databaseUrl, redisUrl: redis.url });

  beforeAll(async () => {
    const source = inject('testDatabase');
    database = await openTestDatabase();
    const [named] = await database.sql<{ name: string }[]>`select current_database() as name`;
    databaseUrl = `${source.kind === 'postgres' ? source.server : ''}/${named!.name}`;
    redisPort = await freePort();
    redis = await startTestRedis(redisPort);
    fleet = await seedFleet(database, 4);
    a = await start();
  }, 240_000);
  afterAll(async () => {
    for (const one of open) one.close();
    for (const instance of [a, b]) if (instance?.isRunning()) await instance.kill();
    await redis?.stop('kill');
    await database?.drop();
  });

  async function leader(): Promise<string | null> {
    const [row] = await database.sql<{ holder: string }[]>`
      select holder from leases where name = 'dispatch' and expires_at > now()`;
    return row?.holder ?? null;
  }

  async function device(
    instance: Instance,
  ): Promise<{ truckId: number; deviceId: number; client: TestDevice }> {
    const ids = await addDevice(database);
    const client = await connectDevice(instance.wsUrl, ids.token);
    open.push({ close: () => client.socket.terminate() });
    return { ...ids, client };
  }

  /** The stream as an operator reads it, its greeting passed over. */
  async function watch(
    instance: Instance,
    path: string,
    headers?: Record<string, string>,
  ): Promise<EventStream> {
    const stream = await instance.stream(path, await fleet.operator(), headers);
    open.push(stream);
    expect((await stream.next())?.event).toBe('connected');
    return stream;
  }

  /** Reads the stream until it shows the truck at this instant. Resolves with when it did. */
  async function shows(stream: EventStream, truckId: number, t: number): Promise<number> {
    for (;;) {
      const message = await stream.next();
      if (!message?.data) throw new Error('the stream has ended');
      const { trucks } = message.data as { trucks: LiveTruck[] };
      if (trucks.some((truck) => truck.truckId === truckId && truck.t === t)) return performance.now();
    }
  }

  async function readIds(stream: EventStream, until: number): Promise<number[]> {
    const ids: number[] = [];
    while ((ids.at(-1) ?? 0) < until) {
      const message = await stream.next();
      if (!message?.data) throw new Error('the stream has ended');
      ids.push((message.data as DomainEvent).id);
    }
    return ids;
  }

  const healthOf = (instance: Instance) =>
    expect.poll(() => instance.health().then((answer) => answer && [answer.status, answer.redis]), {
      timeout: SLOW,
    });

  it('start one after the other: the first leads, both are healthy', async () => {
    await expect.poll(leader, { timeout: SLOW }).not.toBeNull();
    b = await start();
    for (const instance of [a, b]) await healthOf(instance).toEqual(['healthy', 'ok']);
  });

  it('show a truck of the one on the other within a second', async () => {
    const { client, truckId } = await device(a);
    const screen = await watch(b, 'live.trucks');
    let seq = 0;
    const tookMs = await bestOf(20, 1_000, async () => {
      const t = Date.now();
      const shown = shows(screen, truckId, t);
      expect(await client.ask({ seq: ++seq, t, lat: LAT, lon: LON })).toMatchObject({ stored: 1 });
      const ackedAt = performance.now();
      return (await shown) - ackedAt;
    });
    expect(tookMs).toBeLessThan(1_000);
  });

  it('give every screen each event once and in order, also one that goes on at the other server', async () => {
    const [onA, onB] = [await watch(a, 'live.events'), await watch(b, 'live.events')];
    const [head] = await database.sql<{ id: number }[]>`select last_id::float8 as id from event_head`;
    const from = head!.id;
    const make = (n: number) =>
      (n % 2 ? a : b).call(
        'fleet.createContainer',
        { code: `C-${n}`, lat: -0.93 - n * 0.0001, lon: EAST },
        fleet.admin.token,
      );
    const first = await Promise.all(Array.from({ length: 20 }, (_, n) => make(n)));
    expect(first.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const half = from + 20;
    const expected = (to: number) => Array.from({ length: to - from }, (_, i) => from + 1 + i);
    expect(await readIds(onA, half)).toEqual(expected(half));
    const seenOnB = await readIds(onB, half - 7);
    onB.close();
    await Promise.all(Array.from({ length: 20 }, (_, n) => make(100 + n)));
    const resumed = await watch(a, 'live.events', { 'last-event-id': String(seenOnB.at(-1)) });
    expect([...seenOnB, ...(await readIds(resumed, half + 20))]).toEqual(expected(half + 20));
  });

  it('close a device that the other one revoked', async () => {
    const tookMs = await bestOf(5, 2_000, async () => {
      const { client, deviceId } = await device(b);
      const startedAt = performance.now();
      expect((await a.call('fleet.revokeDevice', { deviceId }, fleet.admin.token)).status).toBe(200);
      expect((await client.closed).code).toBe(4401);
      return performance.now() - startedAt;
    });
    expect(tookMs).toBeLessThan(2_000);
  });

  it('know at once that the other one moved a device to another truck', async () => {
    const { client, deviceId } = await device(b);
    const { truckId: otherId } = await addDevice(database);
    const moved = await a.call('fleet.moveDevice', { deviceId, truckId: otherId }, fleet.admin.token);
    expect(moved.status).toBe(200);
    const screen = await watch(a, 'live.trucks');
    let t = Date.now();
    // The word is on its way; the first fix after it may still be the former truck's.
    const shown = (async () => {
      for (;;) {
        const { trucks } = (await screen.next())!.data as { trucks: LiveTruck[] };
        if (trucks.some((truck) => truck.truckId === otherId)) return;
      }
    })();
    for (let seq = 1, isShown = false; !isShown; seq++) {
      t = Math.max(t + 1, Date.now());
      await client.ask({ seq, t, lat: LAT, lon: LON });
      isShown = await Promise.race([
        shown.then(() => true),
        new Promise<false>((r) => setTimeout(r, 100, false)),
      ]);
      expect(seq).toBeLessThan(600);
    }
  });

  it('end a stream at once when its person signs out at the other one', async () => {
    const tookMs = await bestOf(5, 5_000, async () => {
      const token = await fleet.operator();
      const streams = await Promise.all([b.stream('live.trucks', token), b.stream('live.events', token)]);
      for (const stream of streams) expect((await stream.next())?.event).toBe('connected');
      const startedAt = performance.now();
      expect((await a.call('auth.logout', undefined, token)).status).toBe(200);
      for (const stream of streams) await stream.ended;
      return performance.now() - startedAt;
    });
    expect(tookMs).toBeLessThan(5_000);
  });

  it('plan a zone once; when the one that leads is killed the other one takes over, and devices go on there', async () => {
    const crowd = async (instance: Instance, lon: number) => {
      const ids = await Promise.all(
        Array.from({ length: 5 }, (_, n) =>
          reportIncident(
            fleet.store,
            { kind: 'citizen' },
            {
              type: 'animal_muerto',
              lat: -0.93 - n * 0.002,
              lon,
            },
          ),
        ),
      );
      for (const { id } of ids) {
        expect((await instance.call('incidents.validate', { id }, fleet.supervisor.token)).status).toBe(200);
      }
    };
    const plannedIn = async (zone: string) => {
      const rows = await database.sql<{ id: number }[]>`select id from routes where zone = ${zone}`;
      return rows.length;
    };
    const versions = async () =>
      (await database.sql`select 1 from events where type = 'plan.current'`).length;

    await crowd(b, EAST);
    await expect.poll(() => plannedIn('oriental'), { timeout: SLOW }).toBe(1);
    const before = await leader();

    const ids = await addDevice(database);
    const onA = await connectDevice(a.wsUrl, ids.token);
    const t = Date.now() - 10_000;
    expect(await onA.ask({ seq: 1, fixes: [{ t, lat: LAT, lon: LON }] })).toMatchObject({ stored: 1 });
    await a.kill();
    await onA.closed;

    // The device does what devices do: it goes where it is served, with what was not acknowledged and a bit before.
    const onB = await connectDevice(b.wsUrl, ids.token);
    const again = [t, t + 1_000, t + 2_000].map((at) => ({ t: at, lat: LAT, lon: LON }));
    expect(await onB.ask({ seq: 2, fixes: again })).toMatchObject({ stored: 2, duplicate: 1 });
    onB.close();

    await crowd(b, WEST);
    await expect.poll(() => plannedIn('occidental'), { timeout: SLOW }).toBe(1);
    expect(await leader()).not.toBe(before);
    expect(await plannedIn('oriental')).toBe(1);
    expect(await versions()).toBe(2);
    a = await start();
  }, 180_000);

  it('go on alone without Redis, say so, and find each other again by themselves', async () => {
    for (const instance of [a, b]) await healthOf(instance).toEqual(['healthy', 'ok']);
    const [onA, onB] = [await device(a), await device(b)];
    const screen = await watch(b, 'live.trucks');
    const events = await watch(b, 'live.events');
    await redis.stop('kill');
    for (const instance of [a, b]) await healthOf(instance).toEqual(['degraded', 'down']);

    // Its own truck at once; the other's is stored, and shown when Redis is back.
    const t = Date.now();
    const own = shows(screen, onB.truckId, t);
    const others = shows(await watch(b, 'live.trucks'), onA.truckId, t);
    for (const { client } of [onA, onB]) {
      expect(await client.ask({ seq: 1, t, lat: LAT, lon: LON })).toMatchObject({ stored: 1 });
    }
    await own;

    // What the other one commits is found by looking.
    let made = 0;
    const tookMs = await bestOf(3, 10_000, async () => {
      const [head] = await database.sql<{ id: number }[]>`select last_id::float8 as id from event_head`;
      const startedAt = performance.now();
      const container = { code: `LATE-${++made}`, lat: LAT, lon: EAST };
      expect((await a.call('fleet.createContainer', container, fleet.admin.token)).status).toBe(200);
      expect((await readIds(events, head!.id + 1)).at(-1)).toBe(head!.id + 1);
      return performance.now() - startedAt;
    });
    expect(tookMs).toBeLessThan(10_000);

    // The gate neither opens nor closes: this server's own count decides.
    const refused: string[] = [];
    for (let n = 0; n < 31 && refused.length === 0; n++) {
      const { reason } = await b.call('incidents.report', { type: 'acopio', lat: LAT, lon: EAST }, null);
      if (reason !== null) refused.push(reason);
      else expect(n).toBeLessThan(30);
    }
    expect(refused).toEqual(['too-many-requests']);

    redis = await startTestRedis(redisPort);
    await others;
    for (const instance of [a, b]) await healthOf(instance).toEqual(['healthy', 'ok']);
  }, 180_000);

  it('stop cleanly, having complained of nothing but the lost Redis', async () => {
    for (const instance of [a, b]) {
      const strange = instance.complaints.filter((line) => !/Redis/.test(line));
      expect(strange).toEqual([]);
      expect(await instance.stop()).toBe(0);
    }
  });
});
