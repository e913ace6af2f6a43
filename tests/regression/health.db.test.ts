import { afterAll, beforeAll, expect, it } from 'vitest';
import { openHouse, type House } from './house.ts';

/** The health check of the system before this one said "healthy" whatever was broken. */
let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const ask = async () => {
  const startedAt = performance.now();
  const response = await house.http.inject({ url: '/health' });
  return { status: response.statusCode, body: response.json(), ms: performance.now() - startedAt };
};

it('is healthy while everything answers', async () => {
  expect(await ask()).toMatchObject({ status: 200, body: { status: 'healthy', database: 'connected' } });
});

it('is degraded, and still a service, while the router is out', async () => {
  house.services.probes.router = async () => ({ ok: false });
  expect(await ask()).toMatchObject({ status: 200, body: { status: 'degraded', router: 'down' } });
  house.services.probes.router = async () => ({ ok: true, degraded: true });
  expect(await ask()).toMatchObject({ status: 200, body: { status: 'degraded', router: 'degraded' } });
  delete house.services.probes.router;
});

it('is unhealthy when the database does not answer, and says so in time', async () => {
  const { database } = house.store;
  const hanging = { ...database, ping: () => new Promise<number>(() => undefined) };
  house.store.database = hanging;
  const answer = await ask();
  expect(answer).toMatchObject({ status: 503, body: { status: 'unhealthy', database: 'disconnected' } });
  expect(answer.ms).toBeLessThan(4_000);
  house.store.database = database;
});

it('is unhealthy once the database is gone, and a procedure says why without details', async () => {
  await house.database.close();
  expect(await ask()).toMatchObject({ status: 503, body: { status: 'unhealthy', database: 'disconnected' } });
  const { status, error } = await house.call('incidents.list', {}, house.tokens.operator, 'query');
  expect(status).toBe(503);
  expect(error!.data).toMatchObject({ code: 'SERVICE_UNAVAILABLE', reason: 'database-unavailable' });
  expect(JSON.stringify(error)).not.toMatch(/select|127\.0\.0\.1|postgres/i);
});
