import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalLimiter } from '../access/limiter.ts';
import { openSession } from '../access/sessions.ts';
import { openHouse, type House } from '../../tests/regression/house.ts';
import { appRouter } from './app-router.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse({ limiter: { ...createLocalLimiter(() => 0), limit: unlimited } });
});
afterAll(() => house.close());

async function unlimited() {
  return { allowed: true, retryAfterS: 1 };
}

const procedures = Object.entries(
  appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>,
).filter(([, { _def }]) => _def.type !== 'subscription');

/** Values near what is expected, so that some get past the first check. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '\u0000',
    'a\u0000b',
    '\ud800',
    "'; drop table incidents; --",
    'ABC-123',
    'oriental',
    'acopio',
    '',
  ),
);
const value = fc.oneof(
  text,
  fc.constantFrom(0, 1, -1, 7, 1.5, 2 ** 53, 1e308, -0.93, -78.6, null, true, [], {}),
  fc.array(text, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const fields = fc.constantFrom(
  ...['id', 'stopId', 'routeId', 'driverId', 'truckId', 'deviceId', 'userId', 'tokenId', 'containerId'],
  ...[
    'type',
    'lat',
    'lon',
    'description',
    'photoId',
    'state',
    'zone',
    'limit',
    'cursor',
    'code',
    'reason',
    'outcome',
  ],
  ...[
    'username',
    'password',
    'plate',
    'name',
    'uniqueId',
    'cedula',
    'licence',
    'role',
    'rules',
    'version',
    'clientId',
  ],
  ...[
    'from',
    'to',
    'scheduledStart',
    'notes',
    'subject',
    'after',
    'dryRun',
    'toRouteId',
    'index',
    'lastEventId',
  ],
);
const input = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(fields, value, { maxKeys: 6, noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

describe('whatever is sent', () => {
  it.each(procedures.map(([name, { _def }]) => [name, _def.type as 'query' | 'mutation'] as const))(
    '%s answers with a word of the contract, never with an accident',
    async (name, kind) => {
      await fc.assert(
        fc.asyncProperty(input, async (sent) => {
          const { status, error } = await house.call(name, sent, house.tokens.admin, kind);
          // Planning is not wired in this house: 503 says so.
          expect([name, sent, status, error?.message]).toEqual([
            name,
            sent,
            expect.toSatisfy((code: number) => code < 500 || code === 503),
            error?.message,
          ]);
          expect(status === 200 || typeof error!.data.reason === 'string').toBe(true);
        }),
        { seed: 11, numRuns: 25 },
      );
      // The caller's own session may have been among what a mutation ended.
      if (name === 'auth.logout' || name === 'users.update') house.tokens.admin = await signInAgain();
    },
  );

  it.each([
    ['incidents.report', { type: 'acopio', lat: -0.93, lon: -78.6, description: 'nul\u0000byte' }],
    ['incidents.report', { type: 'acopio', lat: -0.93, lon: -78.6, description: 'half \ud800 pair' }],
    ['auth.login', { username: 'a\u0000', password: 'b\u0000' }],
    ['incidents.track', { code: 'ABCD\u0000' }],
  ])('%s survives text that no database holds', async (name, sent) => {
    const { status } = await house.call(name, sent, null, name === 'incidents.track' ? 'query' : 'mutation');
    expect(status).toBeLessThan(500);
  });
});

async function signInAgain(): Promise<string> {
  return (await openSession(house.database, house.actors.admin)).token;
}
