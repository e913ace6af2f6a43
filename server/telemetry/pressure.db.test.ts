import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../../tests/database/open.ts';
import {
  addDevice,
  connectDevice,
  startTelemetryServer,
  type TestDevice,
} from '../../tests/telemetry/telemetry-server.ts';
import { silentLog } from '../ops/log.ts';
import { UNACKED_HIGH_FIXES } from './device-share.ts';
import { createGateway } from './gateway.ts';
import type { Ingest } from './ingest.ts';
import { createIntake } from './intake.ts';

const fix = (t: number) => ({ t, lat: -0.9352, lon: -78.6155 });
const nothingIn = { submit: () => undefined } as unknown as Ingest;
let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.drop());

function percentile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * p)]!;
}

/** Sends one live fix after the other and returns how long each answer took, in ms. */
async function liveLatencies(clients: readonly TestDevice[], rounds: number): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      clients.map(async (client, i) => {
        const startedAt = performance.now();
        await client.ask({ seq: round, fixes: [fix(Date.now() + i)] });
        took.push(performance.now() - startedAt);
      }),
    );
  }
  return took;
}

/** A thousand fixes each, on each of four sockets: more than one device may have under way. */
const FLOOD_FRAMES = testDatabaseKind() === 'postgres' ? 12 : 8;

describe('a flood from one device', () => {
  it('holds up nobody else: it is paused by itself, long before the senders are paused together', async () => {
    const server = await startTelemetryServer(database, { gateway: { rate: { fixesPerDay: 1e9 } } });
    const mad = await addDevice(database);
    const others = await Promise.all(Array.from({ length: 8 }, () => addDevice(database)));
    const clients = await Promise.all(others.map(({ token }) => connectDevice(server.wsUrl, token)));
    await liveLatencies(clients, 2);

    // Four sockets, each with far more in the air than the queue of all devices may hold.
    const floods = await Promise.all([0, 1, 2, 3].map(() => connectDevice(server.wsUrl, mad.token)));
    const from = Date.now() - 3 * 86_400_000;
    let acked = 0;
    const startedAt = performance.now();
    for (const [which, flood] of floods.entries()) {
      flood.socket.on('message', () => (acked += 1));
      for (let seq = 0; seq < FLOOD_FRAMES; seq++) {
        const t = from + (which * FLOOD_FRAMES + seq) * 1_000_000;
        flood.send(
          JSON.stringify({ seq, fixes: Array.from({ length: 1_000 }, (_, i) => fix(t + i * 1_000)) }),
        );
      }
    }
    const during = await liveLatencies(clients, 4);
    const { ingest, gateway } = server.telemetry.stats();
    expect(gateway.connected).toBe(12);
    expect(acked, 'the flood must outlast the look at the others').toBeLessThan(4 * FLOOD_FRAMES);
    expect(ingest.pressures).toBe(0);
    // What a device may have under way, the frame that went past it, what four sockets had read in one go (two frames at
    // most: one is about as long as a read), and a fix of each of the others.
    expect(ingest.queuedMax).toBeLessThanOrEqual(UNACKED_HIGH_FIXES + 1_000 + 4 * 2_000 + others.length);
    await expect.poll(() => acked, { timeout: 100_000 }).toBe(4 * FLOOD_FRAMES);
    // Two statements may be ahead of a live fix, never the flood.
    expect(percentile(during, 0.5)).toBeLessThan((performance.now() - startedAt) / 3);
    for (const client of [...clients, ...floods]) client.close();
    await server.close();
  }, 180_000);
});

describe('the limit of a day', () => {
  it('pauses the device that used it up, over all its sockets and requests, and nobody else', async () => {
    const server = await startTelemetryServer(database, { gateway: { rate: { fixesPerDay: 500 } } });
    const [greedy, modest] = [await addDevice(database), await addDevice(database)];
    const client = await connectDevice(server.wsUrl, greedy.token);
    const t = Date.now() - 86_400_000;
    const frame = (seq: number) => ({
      seq,
      fixes: Array.from({ length: 300 }, (_, i) => fix(t + (seq * 300 + i) * 1_000)),
    });
    expect(await client.ask(frame(0))).toMatchObject({ stored: 300 });
    // What was read is stored: the debt only delays what follows.
    expect(await client.ask(frame(1))).toMatchObject({ stored: 300 });
    await expect.poll(() => server.telemetry.stats().gateway.paused).toBe(1);
    const answer = await fetch(`${server.httpUrl}/gps/osmand?id=${greedy.token}&lat=-0.93&lon=-78.61`);
    expect(answer.status).toBe(429);
    const other = await connectDevice(server.wsUrl, modest.token);
    expect(await other.ask({ seq: 1, fixes: [fix(Date.now())] })).toMatchObject({ stored: 1 });
    client.socket.terminate();
    other.close();
    await server.close();
  });
});

describe('connections that say nothing', () => {
  const OPENED = 600;

  it('take only each other’s place, are given up in time, and keep no device out', async () => {
    const server = await startTelemetryServer(database, {
      gateway: { halfOpen: { max: 50, withinMs: 3_000 } },
    });
    const port = Number(new URL(server.httpUrl).port);
    const sockets: Socket[] = [];
    for (let from = 0; from < OPENED; from += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => {
          const socket = connect(port, '127.0.0.1');
          sockets.push(socket);
          socket.on('error', () => undefined);
          return new Promise<void>((resolve) => {
            socket.once('connect', () => {
              // Every other one begins a request and never ends it.
              if (i % 2 === 0) socket.write('GET /gps HTTP/1.1\r\nHost: x\r\n');
              resolve();
            });
            socket.once('close', () => resolve());
          });
        }),
      );
    }
    const { token } = await addDevice(database);
    const client = await connectDevice(server.wsUrl, token);
    expect(await client.ask({ seq: 1, fixes: [fix(Date.now())] })).toMatchObject({ stored: 1 });
    const { halfOpen, halfOpenDropped } = server.telemetry.stats().gateway;
    expect(halfOpen).toBeLessThanOrEqual(50);
    expect(halfOpenDropped).toBeGreaterThanOrEqual(OPENED - 50);
    await expect.poll(() => server.telemetry.stats().gateway.halfOpenDropped).toBe(OPENED);
    // The device was never one of them.
    expect(await client.ask({ seq: 2, fixes: [] })).toMatchObject({ ack: 2 });
    for (const socket of sockets) socket.destroy();
    client.close();
    await server.close();
  });
});

describe('counters', () => {
  it('tell acknowledgements, and how much of each device is refused and doubted', async () => {
    const server = await startTelemetryServer(database);
    let acks = 0;
    server.telemetry.watch({ onAck: () => (acks += 1) });
    const { deviceId, token } = await addDevice(database);
    const quiet = await addDevice(database);
    const client = await connectDevice(server.wsUrl, token);
    const t = Date.now() - 10_000;
    await client.ask({ seq: 1, fixes: [fix(t), { ...fix(t + 1_000), lat: -0.5 }, fix(t + 2_000)] });
    await client.ask({ seq: 2, fixes: [{ ...fix(t + 3_000), accuracy: 500 }] });
    await client.ask('no frame');
    expect(acks).toBe(2);
    const health = await server.telemetry.deviceHealth();
    expect(health.find((one) => one.deviceId === deviceId)).toMatchObject({
      stored: 3,
      flagged: 1,
      badFrames: 1,
      rejected: { 'low-accuracy': 1 },
      rejectedShare: 0.25,
      flaggedShare: 0.25,
    });
    expect(health.find((one) => one.deviceId === quiet.deviceId)).toMatchObject({ rejectedShare: null });
    client.close();
    await server.close();
  });

  it('a refused token that knocks again costs no query', async () => {
    const asked: string[] = [];
    const authenticate = async (token: string) => {
      asked.push(token);
      return null;
    };
    const intake = createIntake({ ingest: nothingIn, clock: Date.now, oldestMs: () => 0 });
    const gateway = createGateway({ authenticate, intake, clock: Date.now, log: silentLog() });
    const http = createServer();
    gateway.attach(http);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/gps`;
    const knock = async (token: string) => (await (await connectDevice(url, token)).closed).code;
    for (const token of ['dead', 'dead', 'other', 'dead']) expect(await knock(token)).toBe(4401);
    expect(asked).toEqual(['dead', 'other']);
    await gateway.close(1_000);
    await new Promise((resolve) => http.close(resolve));
  });
});
