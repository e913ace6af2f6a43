import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse, PASSWORD, type House } from '../../tests/regression/house.ts';
import { createLocalLimiter } from '../access/limiter.ts';
import { loadConfig } from '../config.ts';
import { createMetrics } from '../ops/metrics.ts';
import { buildHttp } from './http.ts';

let house: House;
let address: string;
const folder = mkdtempSync(join(tmpdir(), 'epagal-http-'));
const tile = new Uint8Array(gzipSync('a tile'));

beforeAll(async () => {
  mkdirSync(join(folder, 'client/assets'), { recursive: true });
  writeFileSync(join(folder, 'client/index.html'), '<title>citizen</title>');
  writeFileSync(join(folder, 'client/app.html'), '<title>app</title>');
  writeFileSync(join(folder, 'client/assets/main-abc.js'), `export const x = '${'x'.repeat(3_000)}';`);
  house = await openHouse({
    config: loadConfig(
      {
        DATA_DIR: join(folder, 'data'),
        PUBLIC_URL: 'https://epagal.example',
        CORS_ORIGINS: 'https://app.example',
      },
      { mode: 'test' },
    ),
    clientDir: join(folder, 'client'),
    metrics: createMetrics({}, { processMetrics: false }),
    tiles: { gzippedTile: (z) => (z === 14 ? tile : null) },
    osrm: async (path) => ({ status: 200, body: { code: 'Ok', path } }),
    synthetic: () => true,
    probes: {
      router: async () => ({ ok: true, kind: 'embedded' }),
      backup: () => new Promise(() => undefined),
      planner: () => Promise.reject(new Error('password=hunter2')),
    },
  });
  address = await house.http.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (url: string, headers: Record<string, string> = {}) => house.http.inject({ url, headers });

async function signedInCookie(): Promise<string> {
  const response = await house.http.inject({
    method: 'POST',
    url: '/trpc/auth.login',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify({ username: 'the-admin', password: PASSWORD }),
  });
  expect(response.statusCode).toBe(200);
  return String(response.headers['set-cookie']);
}

describe('pages', () => {
  it.each([
    ['/', 'citizen'],
    ['/login', 'app'],
    ['/control', 'app'],
    ['/control/incidents/7?x=a.b', 'app'],
    ['/driver', 'app'],
    ['/admin/rules', 'app'],
    ['/seguir/ABC', 'citizen'],
  ])('%s is the %s entry', async (path, entry) => {
    const response = await get(path);
    expect(response.statusCode).toBe(200);
    expect(response.body).toContain(`<title>${entry}</title>`);
    expect(response.headers['cache-control']).toBe('no-cache');
  });

  it.each([
    '/favicon.ico',
    '/control/missing.js',
    '/.env',
    '/assets/none.css',
    '/assets/%00.js',
    '/wp-login.php',
  ])('%s is a 404, not a page', async (path) => {
    const response = await get(path);
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ error: { reason: 'not-found' } });
  });

  it.each(['/api/none', '/trpc/no.such', '/osrm/fly/v1/driving/1', '/gps/none', '/photos/none'])(
    '%s answers in JSON',
    async (path) => {
      const response = await get(path);
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
      expect(response.headers['content-type']).toContain('application/json');
    },
  );

  it('assets are kept for ever and compressed', async () => {
    const response = await get('/assets/main-abc.js', { 'accept-encoding': 'gzip' });
    expect(response.headers['cache-control']).toContain('immutable');
    expect(response.headers['content-encoding']).toBe('gzip');
  });

  it('cannot be left by a path that climbs', async () => {
    writeFileSync(join(folder, 'secret.txt'), 'secret');
    for (const path of ['/../secret.txt', '/..%2fsecret.txt', '/assets/..%2f..%2fsecret.txt']) {
      const response = await get(path);
      expect(response.body).not.toBe('secret');
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('headers', () => {
  it('let a page load what the map needs and nothing else', async () => {
    const { headers } = await get('/control');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("worker-src 'self' blob:");
    expect(policy).toContain("img-src 'self' data: blob:;");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers['strict-transport-security']).toContain('max-age');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('let other pages call only when they are named, and never with the cookie', async () => {
    const named = await get('/health', { origin: 'https://app.example' });
    expect(named.headers['access-control-allow-origin']).toBe('https://app.example');
    expect(named.headers['access-control-allow-credentials']).toBeUndefined();
    const other = await get('/health', { origin: 'https://evil.example' });
    expect(other.headers['access-control-allow-origin']).not.toBe('https://evil.example');
  });
});

describe('the session cookie', () => {
  it('is out of reach of scripts, other sites and plain HTTP', async () => {
    const cookie = await signedInCookie();
    expect(cookie).toMatch(
      /^epagal_session=ses_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/,
    );
    const me = await get('/trpc/auth.me', { cookie });
    expect(me.json()).toMatchObject({ result: { data: { username: 'the-admin', role: 'admin' } } });
  });

  it('does not authorise what another site sends', async () => {
    const cookie = (await signedInCookie()).split(';')[0]!;
    const post = (headers: Record<string, string>) =>
      house.http.inject({
        method: 'POST',
        url: '/trpc/fleet.createTruck',
        headers: { 'content-type': 'application/json', cookie, ...headers },
        payload: JSON.stringify({
          plate: `CSR-${(Math.floor(performance.now()) % 1000) + 1000}`,
          type: 'lateral',
        }),
      });
    expect((await post({ origin: 'https://evil.example' })).statusCode).toBe(403);
    expect((await post({ origin: 'null' })).statusCode).toBe(403);
    expect((await post({ origin: 'https://app.example' })).statusCode).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
    expect((await post({ origin: 'https://epagal.example' })).statusCode).toBe(200);
  });

  it('is cleared by logout, and its token with it', async () => {
    const cookie = (await signedInCookie()).split(';')[0]!;
    const out = await house.http.inject({ method: 'POST', url: '/trpc/auth.logout', headers: { cookie } });
    expect(out.statusCode).toBe(200);
    expect(String(out.headers['set-cookie'])).toContain('Max-Age=0');
    expect((await get('/trpc/auth.me', { cookie })).statusCode).toBe(401);
  });
});

describe('procedures over HTTP', () => {
  it('take an absent input where every field is optional, and {} where there is none', async () => {
    const { operator } = house.tokens;
    for (const [name, input] of [
      ['incidents.list', undefined],
      ['incidents.list', {}],
      ['zones.status', {}],
      ['zones.status', undefined],
      ['plans.current', undefined],
    ] as const) {
      expect([name, (await house.call(name, input, operator, 'query')).status]).toEqual([name, 200]);
    }
  });

  it('name the fields of bad input', async () => {
    const { status, error } = await house.call('incidents.report', { type: 'ovni', lat: 'x' }, null);
    expect(status).toBe(400);
    expect(error!.data).toMatchObject({ code: 'BAD_REQUEST', reason: 'invalid-input' });
    expect(error!.data.detail.fields).toEqual(['type', 'lat', 'lon']);
    const broken = await house.http.inject({
      method: 'POST',
      url: '/trpc/incidents.report',
      headers: { 'content-type': 'application/json' },
      payload: '{"type":',
    });
    expect(broken.statusCode).toBe(400);
    expect(broken.json()).toMatchObject({ error: { data: { reason: 'invalid-input' } } });
  });

  it.each([0, -1, 1.5, '7', null, 2 ** 60])('refuse %s as an id', async (id) => {
    const { error } = await house.call('incidents.get', { id }, house.tokens.operator, 'query');
    expect(error!.data).toMatchObject({ code: 'BAD_REQUEST', reason: 'invalid-input' });
  });

  it('tell domain refusals by their word', async () => {
    const outside = await house.call('incidents.report', { type: 'acopio', lat: 0, lon: 0 }, null);
    expect(outside.error!.data).toMatchObject({ code: 'BAD_REQUEST', reason: 'outside-service-area' });
    const missing = await house.call('incidents.get', { id: 424242 }, house.tokens.operator, 'query');
    expect(missing).toMatchObject({ status: 404, error: { data: { reason: 'not-found' } } });
    const anonymous = await house.call('incidents.list', {}, null, 'query');
    expect(anonymous).toMatchObject({
      status: 401,
      error: { data: { code: 'UNAUTHORIZED', reason: 'not-signed-in' } },
    });
  });

  it('show neither stack nor SQL of an error nobody foresaw', async () => {
    await house.database.sql`alter table containers rename to containers_gone`;
    try {
      const { status, error } = await house.call('fleet.containers', {}, house.tokens.operator, 'query');
      expect(status).toBe(500);
      expect(error!.data).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', reason: 'internal' });
      expect(JSON.stringify(error)).not.toMatch(/select|relation|every_days|\.ts|stack/i);
      expect(error!.data).toHaveProperty('requestId', expect.stringMatching(/^[0-9a-f-]{36}$/));
    } finally {
      await house.database.sql`alter table containers_gone rename to containers`;
    }
  });

  it('are 1,200 a minute a session', async () => {
    const { token } = (await house.call('auth.login', { username: 'the-citizen', password: PASSWORD }, null))
      .data as {
      token: string;
    };
    const names = Array.from({ length: 100 }, () => 'auth.me').join(',');
    const statuses = new Set<number>();
    for (let batch = 0; batch < 13; batch++) {
      const response = await house.http.inject({
        url: `/trpc/${names}?batch=1&input=${encodeURIComponent('{}')}`,
        headers: { authorization: `Bearer ${token}` },
      });
      statuses.add(response.statusCode);
    }
    expect([...statuses]).toEqual([200, 429]);
    expect((await house.call('auth.me', {}, house.tokens.admin, 'query')).status).toBe(200);
  });

  it('event streams do not keep a server that stops from stopping', async () => {
    const other = buildHttp(house.services);
    const url = await other.listen({ host: '127.0.0.1', port: 0 });
    const stream = await fetch(`${url}/trpc/live.events`, {
      headers: { authorization: `Bearer ${house.tokens.operator}`, accept: 'text/event-stream' },
    });
    const reader = stream.body!.getReader();
    await reader.read();
    const startedAt = performance.now();
    await other.close();
    // One that waits for its streams waits for ever.
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    const rest = (async () => {
      while (!(await reader.read()).done);
    })();
    await rest.catch(() => undefined);
  });

  it('event streams are not held back by compression', async () => {
    const controller = new AbortController();
    const response = await fetch(
      `${address}/trpc/live.events?input=${encodeURIComponent('{"lastEventId":"0"}')}`,
      {
        headers: {
          authorization: `Bearer ${house.tokens.operator}`,
          accept: 'text/event-stream',
          'accept-encoding': 'gzip, br',
        },
        signal: controller.signal,
      },
    );
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('content-encoding')).toBeNull();
    const reader = response.body!.getReader();
    let text = '';
    while (!text.includes('user.created')) text += new TextDecoder().decode((await reader.read()).value);
    expect(text).toContain('id: 1');
    controller.abort();
  });
});

describe('/health', () => {
  it('asks every part within two seconds and tells no cause', async () => {
    const startedAt = performance.now();
    const response = await get('/health');
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      status: 'degraded',
      service: 'epagal',
      version: '0.0.0-test',
      database: 'connected',
      router: 'ok',
      redis: 'disabled',
      backup: 'down',
      planner: 'down',
      degraded: ['backup', 'planner'],
      details: { backup: { reason: 'timeout' } },
    });
    expect(response.body).not.toContain('hunter2');
  });

  it('tells apart whether the process lives and whether to send it work', async () => {
    expect((await get('/health/live')).json()).toEqual({ status: 'alive', version: '0.0.0-test' });
    expect((await get('/health/ready')).json()).toEqual({ status: 'ready' });

    const { database } = house.store;
    const { ping } = database;
    database.ping = () => Promise.reject(new Error('gone'));
    expect((await get('/health/live')).statusCode).toBe(200);
    const away = await get('/health/ready');
    expect([away.statusCode, away.json()]).toEqual([503, { status: 'not-ready', reason: 'database' }]);
    database.ping = ping;

    house.services.isStopping = () => true;
    const stopping = await get('/health/ready');
    expect([stopping.statusCode, stopping.json()]).toEqual([
      503,
      { status: 'not-ready', reason: 'stopping' },
    ]);
    delete house.services.isStopping;
  });
});

describe('/metrics', () => {
  it('is for the machine itself, unless something was forwarded', async () => {
    await get('/health');
    const local = await get('/metrics');
    expect(local.statusCode).toBe(200);
    expect(local.body).toContain('route="/health"');
    for (const header of ['x-forwarded-for', 'forwarded', 'via']) {
      expect((await get('/metrics', { [header]: '127.0.0.1' })).statusCode).toBe(401);
    }
  });
});

describe('the base map', () => {
  it('is gzip with a tag, 304 when known, 204 where nothing is drawn, 404 off the grid', async () => {
    const first = await get('/tiles/14/4615/8237.mvt', { 'accept-encoding': 'gzip' });
    expect(first.statusCode).toBe(200);
    expect(first.headers['content-encoding']).toBe('gzip');
    expect(first.rawPayload.equals(Buffer.from(tile))).toBe(true);
    const known = await get('/tiles/14/4615/8237.mvt', { 'if-none-match': String(first.headers.etag) });
    expect(known.statusCode).toBe(304);
    expect((await get('/tiles/14/4615/8237.mvt')).body).toBe('a tile');
    expect((await get('/tiles/3/0/0.mvt')).statusCode).toBe(204);
    for (const path of [
      '/tiles/14/99999999/0.mvt',
      '/tiles/1/2/0.mvt',
      '/tiles/a/b/c.mvt',
      '/tiles/14/1/1.png',
    ]) {
      expect([path, (await get(path)).statusCode]).toEqual([path, 404]);
    }
  });
});

describe('the router', () => {
  it('answers whoever is signed in', async () => {
    const url = '/osrm/route/v1/driving/-78.61,-0.93;-78.62,-0.94?overview=full';
    expect((await get(url)).statusCode).toBe(401);
    const answer = await get(url, { authorization: `Bearer ${house.tokens.citizen}` });
    expect(answer.json()).toEqual({ code: 'Ok', path: url.slice('/osrm'.length) });
  });
});

describe('photos', () => {
  const png = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    Buffer.from([0, 0, 0, 0]),
    Buffer.from('IEND0000'),
  ]);
  const send = (payload: Buffer, type: string) =>
    house.http.inject({ method: 'POST', url: '/photos', headers: { 'content-type': type }, payload });

  it('are sent without login, seen by the office and by whoever holds the code', async () => {
    const sent = await send(png, 'image/png');
    expect(sent.statusCode).toBe(201);
    const { photoId } = sent.json<{ photoId: string }>();
    const report = await house.call(
      'incidents.report',
      { type: 'acopio', lat: -0.93, lon: -78.6, photoId },
      null,
    );
    const { code, id } = report.data as { code: string; id: number };
    const incident = await house.call('incidents.get', { id }, house.tokens.operator, 'query');
    expect(incident.data).toMatchObject({ photoIds: [photoId] });

    expect((await get(`/photos/${photoId}`)).statusCode).toBe(401);
    expect((await get(`/photos/${photoId}?code=WRONGCODE2`)).statusCode).toBe(401);
    for (const shown of [
      await get(`/photos/${photoId}?code=${code}`),
      await get(`/photos/${photoId}`, { authorization: `Bearer ${house.tokens.operator}` }),
    ]) {
      expect(shown.statusCode).toBe(200);
      expect(shown.headers['content-type']).toBe('image/png');
      expect(String(shown.headers['content-security-policy'])).toContain('sandbox');
      expect(shown.rawPayload.equals(png)).toBe(true);
    }
  });

  it('that no report took up go after a day; the others stay', async () => {
    const { photoId: lonely } = (await send(png, 'image/png')).json<{ photoId: string }>();
    const { photoId: told } = (await send(png, 'image/png')).json<{ photoId: string }>();
    await house.call('incidents.report', { type: 'acopio', lat: -0.935, lon: -78.59, photoId: told }, null);
    house.clock.nowMs += 25 * 3_600_000;
    await send(png, 'image/png');
    const show = (id: string) => get(`/photos/${id}`, { authorization: `Bearer ${house.tokens.operator}` });
    expect((await show(lonely)).statusCode).toBe(404);
    expect((await show(told)).statusCode).toBe(200);
  });

  it('are pictures, of at most 5 MB', async () => {
    expect((await send(Buffer.from('<script>alert(1)</script>'), 'image/png')).json()).toMatchObject({
      error: { reason: 'invalid-input' },
    });
    expect((await send(Buffer.from('{}'), 'application/json')).statusCode).toBe(415);
    expect((await send(Buffer.alloc(5 * 1024 * 1024 + 1), 'image/png')).statusCode).toBe(413);
    expect((await send(Buffer.alloc(0), 'image/png')).statusCode).toBe(400);
  });
});

describe('GET /api/incidencias/', () => {
  it('answers the existing app in its own words', async () => {
    expect((await get('/api/incidencias/')).statusCode).toBe(401);
    const driverLike = await get('/api/incidencias/', { authorization: `Bearer ${house.tokens.citizen}` });
    expect(driverLike.statusCode).toBe(403);
    expect(driverLike.json()).toHaveProperty('detail');
    const headers = { authorization: `Bearer ${house.tokens.admin}` };
    for (const path of ['/api/incidencias/', '/api/incidencias?estado=pendiente&limit=5']) {
      const answer = await get(path, headers);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()[0]).toMatchObject({
        tipo: 'acopio',
        estado: 'pendiente',
        zona: 'oriental',
        gravedad: 1,
      });
    }
    expect((await get('/api/incidencias/?estado=rara', headers)).statusCode).toBe(422);
  });
});

describe('behind a proxy, or pretending to be', () => {
  const report = (forwarded: string) =>
    house.http.inject({
      method: 'POST',
      url: '/trpc/incidents.report',
      remoteAddress: '198.51.100.7',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded },
      payload: JSON.stringify({ type: 'acopio', lat: -0.94, lon: -78.6 }),
    });

  it('an address that the caller made up opens no second allowance', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 31; i++) statuses.push((await report(`203.0.113.${i}`)).statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(30);
    expect(statuses[30]).toBe(429);
  });

  it('a proxy that is trusted tells the address, and only the hop before it counts', async () => {
    const trusting = buildHttp({
      ...house.services,
      config: { ...house.services.config, trustProxy: 1 },
      limiter: createLocalLimiter(house.store.clock),
    });
    const ask = async (forwarded: string) =>
      (
        await trusting.inject({
          method: 'POST',
          url: '/trpc/incidents.report',
          remoteAddress: '10.0.0.2',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded },
          payload: JSON.stringify({ type: 'acopio', lat: -0.94, lon: -78.6 }),
        })
      ).statusCode;
    for (let i = 0; i < 30; i++) expect(await ask(`192.0.2.${i}, 203.0.113.1`)).toBe(200);
    expect(await ask('192.0.2.99, 203.0.113.1')).toBe(429);
    expect(await ask('203.0.113.2')).toBe(200);
    await trusting.close();
  });
});

describe('/client-config', () => {
  it('holds what a page needs and no secret', async () => {
    expect((await get('/client-config')).json()).toEqual({
      mapboxToken: null,
      synthetic: true,
      release: '0.0.0-test',
      sentryDsn: null,
      sentryEnvironment: 'test',
      sentrySampleRate: 1,
      locale: 'es-EC',
      windowSByType: { acopio: 86_400, zona_critica: 28_800, animal_muerto: 7_200 },
    });
  });
});
