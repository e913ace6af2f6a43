import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../../shared/actor.ts';
import { openEventStream } from '../../../tests/instances/event-stream.ts';
import { openHouse, type House } from '../../../tests/regression/house.ts';
import { addDevice, connectDevice } from '../../../tests/telemetry/telemetry-server.ts';
import { commit } from '../../events/store.ts';
import { silentLog } from '../../ops/log.ts';
import { createTelemetry, type Telemetry } from '../../telemetry/index.ts';

let house: House;
let telemetry: Telemetry;
let url: string;
const LAT = -0.9352;
const LON = -78.6155;

beforeAll(async () => {
  house = await openHouse();
  // Devices live by the real clock.
  telemetry = await createTelemetry({
    store: { ...house.store, clock: Date.now },
    log: silentLog(),
    tickMs: 10,
  });
  house.services.live = telemetry.live;
  house.services.deviceHealth = telemetry.deviceHealth;
  telemetry.attach(house.http.server);
  url = await house.http.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await telemetry?.stop();
  await house?.close();
});

/** A stream whose end would be a failure. */
async function openStream(path: string, token: string | null, headers: Record<string, string> = {}) {
  const stream = await openEventStream(url, path, token, headers);
  return { ...stream, next: async () => (await stream.next())! };
}

/** Opens a stream and passes over its greeting. */
async function openConnected(path: string, token: string, headers: Record<string, string> = {}) {
  const stream = await openStream(path, token, headers);
  expect((await stream.next()).event).toBe('connected');
  return stream;
}

const withInput = (path: string, input: unknown) =>
  `${path}?input=${encodeURIComponent(JSON.stringify(input))}`;

describe('live.trucks', () => {
  it('sends the snapshot, then only what changed', async () => {
    const [one, two] = [await addDevice(house.database), await addDevice(house.database)];
    const [first, second] = [
      await connectDevice(telemetryUrl(), one.token),
      await connectDevice(telemetryUrl(), two.token),
    ];
    const t = Date.now();
    await first.ask({ seq: 1, t, lat: LAT, lon: LON, speed: 6, heading: 90 });
    await second.ask({ seq: 1, t, lat: LAT, lon: LON });
    await expect.poll(() => telemetry.live.snapshot().length).toBe(2);
    const stream = await openConnected('live.trucks', house.tokens.operator);
    const snapshot = (await stream.next()).data as { trucks: object[] };
    expect(snapshot.trucks).toEqual(
      expect.arrayContaining([
        { truckId: one.truckId, lat: LAT, lon: LON, heading: 90, speed: 6, t, state: 'moving' },
        { truckId: two.truckId, lat: LAT, lon: LON, heading: null, speed: null, t, state: 'stopped' },
      ]),
    );
    await second.ask({ seq: 2, t: t + 1, lat: LAT, lon: LON, speed: 7 });
    let update: { trucks: object[] };
    do update = (await stream.next()).data as typeof update;
    while (!JSON.stringify(update).includes(`"t":${t + 1}`));
    expect(update.trucks).toMatchObject([{ truckId: two.truckId, t: t + 1, state: 'moving' }]);
    stream.close();
    first.close();
    second.close();
  });

  it.each(['citizen', null] as const)('is closed to %s', async (who) => {
    const stream = await openStream('live.trucks', who === null ? null : house.tokens[who]);
    let message = await stream.next();
    if (message.event === 'connected') message = await stream.next();
    expect(message.event).toBe('serialized-error');
    expect(message.data).toMatchObject({ data: { reason: who === null ? 'not-signed-in' : 'wrong-role' } });
    expect(JSON.stringify(message.data)).not.toMatch(/stack|select /i);
    stream.close();
  });

  it('leaves nothing behind when a screen goes', async () => {
    const stream = await openConnected('live.trucks', house.tokens.operator);
    await expect.poll(() => telemetry.live.subscribers()).toBeGreaterThan(0);
    stream.close();
    await expect.poll(() => telemetry.live.subscribers()).toBe(0);
  });
});

const telemetryUrl = () => `${url.replace('http', 'ws')}/gps`;

function happen(count: number): Promise<void> {
  return commit(house.store, SYSTEM, async (_tx, emit) => {
    for (let i = 0; i < count; i++) emit({ type: 'truck.updated', subject: { kind: 'truck', id: 1 } });
  });
}

describe('live.events', () => {
  it('starts now and misses nothing after the greeting', async () => {
    await happen(2);
    const stream = await openConnected('live.events', house.tokens.operator);
    await happen(1);
    const message = await stream.next();
    expect(message.data).toMatchObject({ type: 'truck.updated', subject: { kind: 'truck', id: 1 } });
    expect(message.id).toBe(String((message.data as { id: number }).id));
    stream.close();
  });

  it.each(['in the input', 'in the header'])('resumes after the last id %s', async (where) => {
    const stream = await openConnected('live.events', house.tokens.operator);
    await happen(1);
    const last = (await stream.next()).id!;
    stream.close();
    await happen(3);
    const again =
      where === 'in the input'
        ? await openConnected(withInput('live.events', { lastEventId: last }), house.tokens.operator)
        : await openConnected('live.events', house.tokens.operator, { 'last-event-id': last });
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(Number((await again.next()).id));
    expect(ids).toEqual([1, 2, 3].map((n) => Number(last) + n));
    again.close();
  });

  it.each(['yesterday', '999999999'])('answers events-gone to %j', async (lastEventId) => {
    const stream = await openStream(withInput('live.events', { lastEventId }), house.tokens.operator);
    let message = await stream.next();
    if (message.event === 'connected') message = await stream.next();
    expect(message.event).toBe('serialized-error');
    expect(message.data).toMatchObject({ data: { code: 'BAD_REQUEST', reason: 'events-gone' } });
    stream.close();
  });
});

describe('tracks.get', () => {
  it('answers ascending with flags, and refuses what is too much', async () => {
    const device = await addDevice(house.database);
    const client = await connectDevice(telemetryUrl(), device.token);
    const t = Date.now() - 60_000;
    await client.ask({
      seq: 1,
      fixes: [
        { t: t + 2_000, lat: LAT, lon: LON, speed: 4, heading: 10, accuracy: 5 },
        { t, lat: LAT, lon: LON },
        { t: t + 1_000, lat: -0.5, lon: LON },
      ],
    });
    client.close();
    const ask = (from: Date | string, to: Date | string, truckId = device.truckId) =>
      house.call('tracks.get', { truckId, from, to }, house.tokens.operator, 'query');
    const answer = await ask(new Date(t), new Date(t + 5_000));
    expect(answer.data).toEqual({
      fixes: [
        { t, lat: LAT, lon: LON },
        { t: t + 1_000, lat: -0.5, lon: LON, flag: 'jump' },
        { t: t + 2_000, lat: LAT, lon: LON, speed: 4, heading: 10, accuracy: 5 },
      ],
    });
    expect((await ask(new Date(t + 1), new Date(t + 1_500))).data).toMatchObject({
      fixes: [{ flag: 'jump' }],
    });
    for (const [from, to] of [
      [new Date(t), new Date(t - 1)],
      [new Date(t - 32 * 86_400_000), new Date(t)],
      ['yesterday', 'today'],
    ] as const) {
      expect((await ask(from, to)).error?.data).toMatchObject({
        code: 'BAD_REQUEST',
        reason: 'invalid-input',
      });
    }
    expect((await ask(new Date(t), new Date(t + 1), 999_999)).error?.data.reason).toBe('not-found');
    const nobody = await house.call(
      'tracks.get',
      { truckId: 1, from: new Date(t), to: new Date(t) },
      null,
      'query',
    );
    expect(nobody.status).toBe(401);
  });
});

describe('fleet.deviceHealth', () => {
  it('counts what a device does, by reason, and shows its skew', async () => {
    const device = await addDevice(house.database);
    const client = await connectDevice(telemetryUrl(), device.token);
    const t = Date.now();
    await client.ask({
      seq: 1,
      fixes: [
        { t, lat: LAT, lon: LON, battery: 0.5, accuracy: 7 },
        { t: t + 600_000, lat: LAT, lon: LON },
      ],
    });
    await client.ask({ seq: 2, fixes: [{ t, lat: LAT, lon: LON }] });
    await client.ask('nonsense');
    const answer = await house.call('fleet.deviceHealth', undefined, house.tokens.operator, 'query');
    const health = (answer.data as { deviceId: number }[]).find((one) => one.deviceId === device.deviceId);
    expect(health).toMatchObject({
      truckId: device.truckId,
      state: 'online',
      isConnected: true,
      stored: 1,
      duplicate: 1,
      badFrames: 1,
      battery: 0.5,
      accuracyM: 7,
      rejected: { future: 1, malformed: 0 },
      lastFixAt: new Date(t).toISOString(),
    });
    client.close();
  });
});
