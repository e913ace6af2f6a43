import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../shared/actor.ts';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import {
  addDevice,
  connectDevice,
  startTelemetryServer,
  type TelemetryServer,
  type TestDevice,
} from '../../tests/telemetry/telemetry-server.ts';
import { createLocalBus } from '../events/bus.ts';
import { commit } from '../events/store.ts';
import { createGateway } from './gateway.ts';
import type { Intake } from './intake.ts';

let database: TestDatabase;
let server: TelemetryServer;
const open: TestDevice[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  server = await startTelemetryServer(database, { tickMs: 20 });
});
afterAll(async () => {
  await server?.close();
  await database?.drop();
});
afterEach(() => {
  for (const device of open.splice(0)) device.socket.terminate();
});

async function device(how: 'header' | 'query' = 'header') {
  const ids = await addDevice(database);
  const client = await connectDevice(server.wsUrl, ids.token, how);
  open.push(client);
  return { ...ids, client };
}

async function rowsOf(deviceId: number) {
  return database.sql<{ t: number; lat: number; lon: number; speed: number | null; flag: string | null }[]>`
    select round(extract(epoch from recorded_at) * 1000)::float8 as t, ST_Y(geom) as lat, ST_X(geom) as lon, speed, flag
      from tracks where device_id = ${deviceId} order by recorded_at`;
}

const LAT = -0.9352;
const LON = -78.6155;
const fix = (t: number, more: object = {}) => ({ t, lat: LAT, lon: LON, ...more });

describe('who may come in', () => {
  it('lets in a token in the header', async () => {
    const { client } = await device('header');
    expect(await client.ask({ seq: 1, fixes: [fix(Date.now())] })).toMatchObject({ ack: 1, stored: 1 });
  });

  it('lets in a token in the query', async () => {
    const { client } = await device('query');
    expect(await client.ask({ seq: 1, fixes: [] })).toEqual({
      ack: 1,
      stored: 0,
      duplicate: 0,
      rejected: [],
    });
  });

  it.each([
    ['an unknown token', 'nobody'],
    ['no token', null],
  ])('accepts and closes %s with 4401', async (_name, token) => {
    const client = await connectDevice(server.wsUrl, token);
    expect((await client.closed).code).toBe(4401);
  });

  it.each(['header', 'query'] as const)(
    'neither looks up nor remembers a token in the %s that is longer than any of ours',
    async (how) => {
      const asked: string[] = [];
      const gateway = createGateway({
        authenticate: async (token) => (asked.push(token), null),
        intake: {} as Intake,
        clock: Date.now,
        log: { warn: () => undefined },
      });
      const http = createServer();
      gateway.attach(http);
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
      const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/gps`;
      for (const token of ['x'.repeat(512), 'x'.repeat(513)]) {
        const client = await connectDevice(url, token, how);
        expect((await client.closed).code).toBe(4401);
      }
      expect(asked.map((token) => token.length)).toEqual([512]);
      await gateway.close(100);
      http.close();
    },
  );

  it('closes a revoked device at once, here and in another instance, and lets it in no more', async () => {
    const bus = createLocalBus();
    const other = await startTelemetryServer(database, { bus });
    const ids = await addDevice(database);
    const clients = await Promise.all([
      connectDevice(server.wsUrl, ids.token),
      connectDevice(other.wsUrl, ids.token),
    ]);
    await commit(server.store, SYSTEM, async (tx, emit) => {
      await tx.execute(`update devices set revoked_at = now() where id = ${ids.deviceId}`);
      emit({ type: 'device.revoked', subject: { kind: 'device', id: ids.deviceId } });
    });
    expect((await clients[0]!.closed).code).toBe(4401);
    // The other instance hears of it through its bus.
    bus.wake(1);
    expect((await clients[1]!.closed).code).toBe(4401);
    const again = await connectDevice(server.wsUrl, ids.token);
    expect((await again.closed).code).toBe(4401);
    await other.close();
  });

  it('answers 404 on other paths', async () => {
    await expect(connectDevice(server.wsUrl.replace('/gps', '/other'), 'x')).rejects.toThrow('404');
  });

  it('keeps at most four sockets a device, the newest', async () => {
    const ids = await addDevice(database);
    const clients: TestDevice[] = [];
    for (let i = 0; i < 5; i++) clients.push(await connectDevice(server.wsUrl, ids.token));
    open.push(...clients);
    expect((await clients[0]!.closed).code).toBe(4409);
    expect(await clients[4]!.ask({ seq: 1, fixes: [] })).toMatchObject({ ack: 1 });
  });
});

describe('frames and their answers', () => {
  const now = Date.now();
  const table: [string, unknown, object][] = [
    [
      'a frame',
      { seq: 17, fixes: [fix(now, { speed: 6.1 })] },
      { ack: 17, stored: 1, duplicate: 0, rejected: [] },
    ],
    ['a bare fix', { seq: 3, ...fix(now) }, { ack: 3, stored: 1, duplicate: 0, rejected: [] }],
    [
      'a bare fix without a place',
      { seq: 4, t: now },
      { ack: 4, stored: 0, rejected: [{ index: 0, reason: 'malformed' }] },
    ],
    ['an empty frame', { seq: 0, fixes: [] }, { ack: 0, stored: 0, duplicate: 0, rejected: [] }],
    [
      'the same fix twice in a frame',
      { seq: 1, fixes: [fix(now), fix(now)] },
      { ack: 1, stored: 1, duplicate: 1, rejected: [] },
    ],
    [
      'every reason, by index',
      {
        seq: 2,
        fixes: [
          fix(now),
          { t: now },
          fix(now, { lat: 91 }),
          { t: now, lat: 0, lon: 0 },
          fix(now + 600_000),
          fix(now - 8 * 86_400_000),
          fix(now - 1_000, { accuracy: 500 }),
          fix(now - 2_000),
        ],
      },
      {
        ack: 2,
        stored: 2,
        duplicate: 0,
        rejected: [
          { index: 1, reason: 'malformed' },
          { index: 2, reason: 'out-of-range' },
          { index: 3, reason: 'out-of-range' },
          { index: 4, reason: 'future' },
          { index: 5, reason: 'too-old' },
          { index: 6, reason: 'low-accuracy' },
        ],
      },
    ],
    ['no JSON', 'hello', { error: 'not-json' }],
    ['JSON that is no frame', '[1]', { error: 'bad-frame' }],
    ['a frame without a number', '{"fixes":[]}', { error: 'bad-frame' }],
    ['fixes that are no list', '{"seq":1,"fixes":{}}', { error: 'bad-frame' }],
  ];
  it.each(table)('%s', async (_name, frame, answer) => {
    const { client } = await device();
    expect(await client.ask(frame)).toMatchObject(answer);
  });

  it('has committed what it acknowledges', async () => {
    const { client, deviceId } = await device();
    const t = Date.now() - 5_000;
    await client.ask({
      seq: 1,
      fixes: [fix(t, { speed: 6.1, heading: 184, accuracy: 5, battery: 0.9, ignition: true })],
    });
    expect(await rowsOf(deviceId)).toMatchObject([
      { t, lat: LAT, lon: LON, speed: expect.closeTo(6.1, 3), flag: null },
    ]);
  });

  it('stores a buffer once, whatever the order and however often it is sent', async () => {
    const { client, deviceId } = await device();
    const t0 = Date.now() - 3_600_000;
    const buffer = Array.from({ length: 1_000 }, (_, i) => fix(t0 + i * 1_000));
    const reversed = buffer.toReversed();
    expect(await client.ask({ seq: 1, fixes: reversed.slice(0, 400) })).toMatchObject({
      stored: 400,
      duplicate: 0,
    });
    expect(await client.ask({ seq: 2, fixes: buffer })).toMatchObject({ stored: 600, duplicate: 400 });
    expect(await client.ask({ seq: 3, fixes: reversed })).toMatchObject({ stored: 0, duplicate: 1_000 });
    expect(await rowsOf(deviceId)).toHaveLength(1_000);
  });

  it('stores a jump, flags it, and keeps it out of the latest position', async () => {
    const { client, deviceId, truckId } = await device();
    const t = Date.now() - 10_000;
    const answer = await client.ask({ seq: 1, fixes: [fix(t), fix(t + 1_000, { lat: -0.5 })] });
    expect(answer).toEqual({ ack: 1, stored: 2, duplicate: 0, rejected: [] });
    expect((await rowsOf(deviceId)).map((row) => row.flag)).toEqual([null, 'jump']);
    expect(server.telemetry.fleet.truck(truckId)).toMatchObject({ t, lat: LAT });
  });

  it('never moves a truck back in time', async () => {
    const { client, truckId } = await device();
    const t = Date.now();
    await client.ask({ seq: 1, fixes: [fix(t)] });
    await client.ask({ seq: 2, fixes: [fix(t - 60_000, { lat: -0.9 })] });
    expect(server.telemetry.fleet.truck(truckId)).toMatchObject({ t, lat: LAT });
  });

  it('closes 1009 above a thousand fixes and above 256 KiB', async () => {
    const [many, big] = [await device(), await device()];
    many.client.send(
      JSON.stringify({ seq: 1, fixes: Array.from({ length: 1_001 }, (_, i) => fix(now - i)) }),
    );
    expect((await many.client.closed).code).toBe(1009);
    big.client.send(`{"seq":1,"fixes":[],"x":"${'y'.repeat(256 * 1024)}"}`);
    expect((await big.client.closed).code).toBe(1009);
    expect(await rowsOf(many.deviceId)).toHaveLength(0);
  });

  it('answers nine frames that are no JSON and closes 4400 at the tenth', async () => {
    const { client } = await device();
    for (let i = 0; i < 9; i++) expect(await client.ask('nonsense')).toEqual({ error: 'not-json' });
    expect(await client.ask({ seq: 1, fixes: [] })).toMatchObject({ ack: 1 });
    client.send('nonsense');
    expect((await client.closed).code).toBe(4400);
  });

  it('survives noise: bytes of any kind, text or binary', async () => {
    for (let i = 0; i < 20; i++) {
      const { client } = await device();
      for (let j = 0; j < 9; j++)
        client.socket.send(randomBytes(1 + ((i * 31 + j * 17) % 200)), { binary: j % 2 === 0 });
      const answers = [];
      for (let j = 0; j < 9; j++) answers.push(await client.next());
      expect(answers.every((answer) => 'error' in answer || 'ack' in answer)).toBe(true);
      expect(await client.ask({ seq: 9, fixes: [] })).toMatchObject({ ack: 9 });
      client.socket.terminate();
    }
  });
});

describe('limits', () => {
  it('pauses a device above its rate and stores all the same', async () => {
    const paused = await startTelemetryServer(database, {
      gateway: { rate: { framesPerS: 50, frameBurst: 20 } },
    });
    const ids = await addDevice(database);
    const client = await connectDevice(paused.wsUrl, ids.token);
    const t = Date.now() - 60_000;
    const startedAt = performance.now();
    for (let i = 0; i < 60; i++) client.send(JSON.stringify({ seq: i, fixes: [fix(t + i)] }));
    const seen = new Set<unknown>();
    for (let i = 0; i < 60; i++) seen.add((await client.next()).ack);
    // The first chunk is read whole; what it owes is then waited for.
    client.send(JSON.stringify({ seq: 99, fixes: [] }));
    await client.next();
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(seen.size).toBe(60);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    client.close();
    await paused.close();
  });

  it('closes 4429 who still floods, and nobody else', async () => {
    const guarded = await startTelemetryServer(database, {
      gateway: { rate: { framesPerS: 20, frameBurst: 50, floodAfterMs: 1_000, probeMs: 1_000 } },
    });
    const [flood, backlog] = [await addDevice(database), await addDevice(database)];
    const [flooding, patient] = [
      await connectDevice(guarded.wsUrl, flood.token),
      await connectDevice(guarded.wsUrl, backlog.token),
    ];
    const t = Date.now() - 3_600_000;
    for (let i = 0; i < 1_500; i++) patient.send(JSON.stringify({ seq: i, fixes: [fix(t + i)] }));
    let seq = 0;
    const flooder = setInterval(() => {
      for (let i = 0; i < 20; i++) flooding.send(JSON.stringify({ seq: seq++, fixes: [] }));
    }, 20);
    const { code } = await flooding.closed;
    clearInterval(flooder);
    expect(code).toBe(4429);
    const acked = new Set<unknown>();
    while (acked.size < 1_500) acked.add((await patient.next()).ack);
    expect(patient.socket.readyState).toBe(patient.socket.OPEN);
    expect(guarded.telemetry.stats().gateway.floods).toBe(1);
    patient.close();
    await guarded.close();
  });

  it('drops a peer that answers no ping', async () => {
    const pinging = await startTelemetryServer(database, { gateway: { pingEveryMs: 50 } });
    const ids = await addDevice(database);
    const { port } = new URL(pinging.httpUrl);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `GET /gps HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nAuthorization: Bearer ${ids.token}\r\n\r\n`,
    );
    socket.resume();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await expect
      .poll(() => pinging.telemetry.stats().gateway)
      .toMatchObject({ accepted: 1, deadPeers: 1, connected: 0 });
    await pinging.close();
  });

  it('pauses every device while the queue is above high water, and loses nothing', async () => {
    const small = await startTelemetryServer(database, {
      ingest: { highWaterRows: 300, lowWaterRows: 100, batchRows: 50 },
      gateway: { rate: { framesPerS: 10_000, frameBurst: 10_000, fixesPerDay: 1e9 } },
    });
    const ids = await addDevice(database);
    const client = await connectDevice(small.wsUrl, ids.token);
    const t = Date.now() - 3_600_000;
    for (let i = 0; i < 40; i++) {
      client.send(
        JSON.stringify({ seq: i, fixes: Array.from({ length: 50 }, (_, j) => fix(t + i * 1_000 + j)) }),
      );
    }
    for (let i = 0; i < 40; i++) expect(await client.next()).toMatchObject({ stored: 50 });
    const { pressures, queued, queuedMax } = small.telemetry.stats().ingest;
    expect(pressures).toBeGreaterThan(0);
    expect(queued).toBe(0);
    expect(queuedMax).toBeLessThan(2_000);
    expect(await rowsOf(ids.deviceId)).toHaveLength(2_000);
    client.close();
    await small.close();
  });
});

describe('a database that fails', () => {
  it('delays acknowledgements and loses nothing', async () => {
    const { client, deviceId } = await device();
    const t = Date.now() - 3_600_000;
    const frames = 60;
    const answers: Record<string, unknown>[] = [];
    for (let i = 0; i < frames; i++) {
      client.send(JSON.stringify({ seq: i, fixes: [fix(t + i * 1_000), fix(t + i * 1_000 + 500)] }));
      if (i % 20 === 10) {
        answers.push(await client.next());
        // A fault of the server's own, in the middle of it; on the embedded database there is no other session.
        await database.db.execute(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and application_name = 'epagal-bulk'`,
        );
      }
    }
    while (answers.length < frames) answers.push(await client.next());
    expect(answers.map((answer) => answer.ack).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: frames }, (_, i) => i),
    );
    // Connections of the pool may still be dead: the reader asks until one lives.
    await expect.poll(() => rowsOf(deviceId).catch(() => [])).toHaveLength(frames * 2);
    // As many at once as the pool has, several times over: none of its connections is a dead one afterwards.
    const all = () => Promise.all(Array.from({ length: 12 }, () => database.sql`select 1`));
    await expect
      .poll(() =>
        all()
          .then(all)
          .then(
            () => 'alive',
            () => 'dead',
          ),
      )
      .toBe('alive');
  });

  it('makes the day it lacks', async () => {
    const { client, deviceId } = await device();
    const t = Date.now() - 6 * 86_400_000;
    const day = new Date(t).toISOString().slice(0, 10).replaceAll('-', '');
    await database.sql.unsafe(`drop table tracks_${day}`);
    expect(await client.ask({ seq: 1, fixes: [fix(t)] })).toMatchObject({ stored: 1 });
    expect(await rowsOf(deviceId)).toHaveLength(1);
  });
});

describe('retention', () => {
  it('drops days past it, and fixes of such days are too old', async () => {
    const short = await startTelemetryServer(database, { retentionDays: 2 });
    const ids = await addDevice(database);
    const client = await connectDevice(short.wsUrl, ids.token);
    const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    const answer = await client.ask({
      seq: 1,
      fixes: [fix(midnight - 2 * 86_400_000), fix(midnight - 2 * 86_400_000 - 1)],
    });
    expect(answer).toMatchObject({ stored: 1, rejected: [{ index: 1, reason: 'too-old' }] });
    client.close();
    await short.close();
    await server.close();
    server = await startTelemetryServer(database, { tickMs: 20 });
  });
});

describe('a stop', () => {
  it('acknowledges what was read, says goodbye, and writes the latest positions', async () => {
    const stopping = await startTelemetryServer(database);
    const ids = await addDevice(database);
    const client = await connectDevice(stopping.wsUrl, ids.token);
    const t = Date.now() - 1_000;
    client.send(JSON.stringify({ seq: 5, fixes: [fix(t)] }));
    const answer = client.next();
    await answer;
    const startedAt = performance.now();
    await stopping.close();
    expect((await client.closed).code).toBe(1001);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    const [latest] = await database.sql<{ t: number }[]>`
      select round(extract(epoch from recorded_at) * 1000)::float8 as t from device_latest where device_id = ${ids.deviceId}`;
    expect(latest).toEqual({ t });
    const [seen] = await database.sql<{ seen: boolean }[]>`
      select last_seen_at is not null as seen from devices where id = ${ids.deviceId}`;
    expect(seen).toEqual({ seen: true });
  });

  it('finds the fleet where it was after a start', async () => {
    const { client, truckId } = await device();
    const t = Date.now() - 1_000;
    await client.ask({ seq: 1, fixes: [fix(t, { heading: 90 }), fix(t + 500, { lat: -0.5 })] });
    const restarted = await startTelemetryServer(database);
    expect(restarted.telemetry.fleet.truck(truckId)).toMatchObject({ t, lat: LAT, heading: 90 });
    await restarted.close();
  });
});
