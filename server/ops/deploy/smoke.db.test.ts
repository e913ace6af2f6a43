import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse, PASSWORD, type House } from '../../../tests/regression/house.ts';
import { schemaState } from '../../db/migrate.ts';
import { createCaller } from './call.ts';
import { clockWaiting } from './patience.ts';
import { readHealth, smoke } from './smoke.ts';

const call = createCaller(clockWaiting(new AbortController().signal), 10_000);
const COMMIT = 'd'.repeat(40);

/** What a deployment asks, of a server that is really ours. */
describe('a deployment asks a server of ours', () => {
  let house: House;
  let url: string;
  let probes: House['services']['probes'];
  beforeAll(async () => {
    probes = {};
    house = await openHouse({ probes, release: '1.2.3' });
    house.services.config = { ...house.services.config, commit: COMMIT };
    probes.migrations = async () => ({ ok: true, ...(await schemaState(house.database.sql)) });
    await house.http.listen({ port: 0, host: '127.0.0.1' });
    url = `http://127.0.0.1:${(house.http.server.address() as AddressInfo).port}`;
  });
  afterAll(() => house?.close());

  it('how it is: release, commit, schema, and what is out', async () => {
    const { latest } = await schemaState(house.database.sql);
    expect(await readHealth(call, url)).toEqual({
      status: 'healthy',
      version: '1.2.3',
      commit: COMMIT,
      schema: latest,
      out: [],
    });
    probes.router = () => Promise.resolve({ ok: false });
    probes.migrations = () => Promise.reject(new Error('no answer'));
    expect(await readHealth(call, url)).toMatchObject({
      status: 'degraded',
      schema: null,
      out: expect.arrayContaining(['router', 'migrations']) as string[],
    });
  });

  it('the authorised call, as an operator, who is signed out afterwards', async () => {
    // No pages are built for this server: everything else is well.
    const account = { username: 'the-operator', password: PASSWORD };
    const problems = await smoke(call, url, account);
    expect(problems.filter((line) => !line.startsWith('GET /:'))).toEqual([]);
    const sessions = await house.database.sql`
      select s.id from sessions s join users u on u.id = s.user_id where u.username = 'the-operator'`;
    // The house's own, and none of the deployment's.
    expect(sessions).toHaveLength(1);
    expect(await smoke(call, url, { token: house.tokens.operator })).toEqual(problems);
  });

  it('and is told in words when its account opens nothing', async () => {
    const problems = await smoke(call, url, { username: 'the-operator', password: 'not this one' });
    expect(problems).toContain('POST /api/auth/login: 401 instead of 200 with a token');
    expect(await smoke(call, url, { token: 'made-up' })).toContain(
      'GET /api/incidencias/ with a token: 401 instead of 200',
    );
    expect(await readHealth(call, 'http://127.0.0.1:1')).toBeNull();
  });
});
