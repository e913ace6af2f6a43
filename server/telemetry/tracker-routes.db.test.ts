import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import {
  addDevice,
  startTelemetryServer,
  type TelemetryServer,
} from '../../tests/telemetry/telemetry-server.ts';
import { createApiToken } from '../access/api-tokens.ts';

let database: TestDatabase;
let server: TelemetryServer;
let device: Awaited<ReturnType<typeof addDevice>>;
let positionsToken: string;
const LAT = -0.9352;
const LON = -78.6155;

beforeAll(async () => {
  database = await openTestDatabase();
  server = await startTelemetryServer(database);
  device = await addDevice(database, { uniqueId: 'cab-7', kind: 'phone' });
  positionsToken = (await createApiToken(server.store, { name: 'traccar', scope: 'positions' })).token;
});
afterAll(async () => {
  await server?.close();
  await database?.drop();
});

let instant = Date.now() - 600_000;
const nextT = () => (instant += 1_000);

async function call(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(server.httpUrl + path, init);
  return { status: response.status, body: await response.json() };
}

async function rowAt(t: number) {
  const [row] = await database.sql<
    { lat: number; lon: number; speed: number; heading: number; battery: number }[]
  >`
    select ST_Y(geom) as lat, ST_X(geom) as lon, speed, heading, accuracy, battery, ignition
      from tracks where device_id = ${device.deviceId} and recorded_at = to_timestamp(${t}::float8 / 1000)`;
  return row;
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`any:${password}`).toString('base64')}`,
});

describe('/gps/osmand', () => {
  const query = (t: number, id: string) =>
    `/gps/osmand?id=${id}&lat=${LAT}&lon=${LON}&timestamp=${t}&speed=10&bearing=90&altitude=2800&accuracy=5&batt=80`;

  it('takes a GET with the token as id, and has committed it', async () => {
    const t = nextT();
    expect(await call(query(t, device.token))).toMatchObject({
      status: 200,
      body: { stored: 1, duplicate: 0 },
    });
    expect(await rowAt(t)).toMatchObject({
      lat: LAT,
      lon: LON,
      heading: 90,
      speed: expect.closeTo(5.144, 2),
    });
    expect((await rowAt(t))!.battery).toBeCloseTo(0.8, 5);
    expect(await call(query(t, device.token))).toMatchObject({
      status: 200,
      body: { stored: 0, duplicate: 1 },
    });
  });

  it.each([
    ['in Authorization', 'cab-7', () => bearer(device.token), ''],
    ['as a password in Authorization', 'cab-7', () => basic(device.token), ''],
    ['bare in Authorization', 'cab-7', () => ({ authorization: device.token }), ''],
    ['in the query', 'cab-7', () => ({}), () => `&token=${device.token}`],
  ])('takes the unique id with the token %s', async (_name, id, headers, more) => {
    const path = query(nextT(), id) + (typeof more === 'function' ? more() : more);
    expect(await call(path, { headers: headers() as Record<string, string> })).toMatchObject({ status: 200 });
  });

  it('takes a form as POST and seconds as time', async () => {
    const t = Math.floor(nextT() / 1_000) * 1_000 + 500;
    const body = new URLSearchParams({
      id: device.token,
      lat: String(LAT),
      lon: String(LON),
      timestamp: String(t / 1_000),
    });
    expect(await call('/gps/osmand', { method: 'POST', body })).toMatchObject({
      status: 200,
      body: { stored: 1 },
    });
    expect(await rowAt(t)).toMatchObject({ lat: LAT });
  });

  it("takes Traccar Client's JSON", async () => {
    const t = nextT();
    const body = {
      location: {
        timestamp: new Date(t).toISOString(),
        coords: { latitude: LAT, longitude: LON, accuracy: 8, speed: 3, heading: -1, altitude: 2_800 },
        battery: { level: 0.42, is_charging: false },
        event: 'motionchange',
      },
      device_id: device.token,
    };
    expect(await call('/gps/osmand', json(body))).toMatchObject({ status: 200, body: { stored: 1 } });
    expect(await rowAt(t)).toMatchObject({ speed: 3, heading: null, battery: expect.closeTo(0.42, 3) });
  });

  it.each([
    ['an unknown token', () => query(instant, 'nobody'), {}],
    ['no id', () => `/gps/osmand?lat=${LAT}&lon=${LON}`, {}],
    ['the unique id alone', () => query(instant, 'cab-7'), {}],
    ["another device's name", () => `${query(instant, 'cab-8')}&token=${device.token}`, {}],
  ])('answers 401 to %s', async (_name, path) => {
    expect((await call(path())).status).toBe(401);
  });

  it('tells why a fix was refused', async () => {
    const path = `/gps/osmand?id=${device.token}&lat=north&lon=${LON}`;
    expect(await call(path)).toMatchObject({
      status: 200,
      body: { stored: 0, rejected: [{ index: 0, reason: 'malformed' }] },
    });
  });
});

describe('/gps/owntracks', () => {
  const location = (t: number) => ({
    _type: 'location',
    lat: LAT,
    lon: LON,
    tst: t / 1_000,
    vel: 36,
    cog: 12,
    acc: 4,
    batt: 55,
  });

  it('takes a location by HTTP Basic and answers an empty list', async () => {
    const t = Math.floor(nextT() / 1_000) * 1_000 + 250;
    expect(await call('/gps/owntracks', json(location(t), basic(device.token)))).toEqual({
      status: 200,
      body: [],
    });
    expect(await rowAt(t)).toMatchObject({ heading: 12, speed: expect.closeTo(10, 3) });
  });

  it('answers an empty list to other messages', async () => {
    expect(await call('/gps/owntracks', json({ _type: 'lwt' }, basic(device.token)))).toEqual({
      status: 200,
      body: [],
    });
  });

  it('answers 401 without credentials and 400 to no JSON', async () => {
    expect((await call('/gps/owntracks', json(location(instant)))).status).toBe(401);
    expect((await call('/gps/owntracks', json(location(instant), basic('nobody')))).status).toBe(401);
    const noJson = { method: 'POST', body: '{', headers: basic(device.token) };
    expect((await call('/gps/owntracks', noJson)).status).toBe(400);
  });
});

describe('/gps/traccar', () => {
  const forwarded = (t: number, uniqueId: string) => ({
    position: {
      fixTime: new Date(t).toISOString(),
      latitude: LAT,
      longitude: LON,
      speed: 10,
      course: 45,
      accuracy: 0,
      attributes: { batteryLevel: 70, ignition: true },
    },
    device: { uniqueId, name: 'Cab 7' },
  });

  it('takes a forwarded position with a token of scope positions', async () => {
    const t = nextT();
    const answer = await call('/gps/traccar', json(forwarded(t, 'cab-7'), bearer(positionsToken)));
    expect(answer).toMatchObject({ status: 200, body: { stored: 1 } });
    expect(await rowAt(t)).toMatchObject({ heading: 45, ignition: true, speed: expect.closeTo(5.144, 2) });
  });

  it('answers 401 to a device token, 404 to an unknown device', async () => {
    expect((await call('/gps/traccar', json(forwarded(instant, 'cab-7'), bearer(device.token)))).status).toBe(
      401,
    );
    expect((await call('/gps/traccar', json(forwarded(instant, 'cab-7')))).status).toBe(401);
    expect(
      (await call('/gps/traccar', json(forwarded(nextT(), 'cab-9'), bearer(positionsToken)))).status,
    ).toBe(404);
  });
});
