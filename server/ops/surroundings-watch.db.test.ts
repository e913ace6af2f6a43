import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { createLocalBus } from '../events/bus.ts';
import type { Store } from '../events/store.ts';
import { silentLog } from './log.ts';
import { watchSurroundings, type Surroundings } from './surroundings-watch.ts';

const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;
let database: TestDatabase;
let nowMs: number;
let around: { free: number; router: boolean; redis: boolean; days: number | null; asked: number };

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql.unsafe('truncate alerts, leases cascade');
  nowMs = Date.parse('2026-11-24T12:00:00Z');
  around = { free: 50 * GIB, router: true, redis: true, days: 60, asked: 0 };
});

const surroundings: Surroundings = {
  disk: () => ({ free: around.free, total: 100 * GIB }),
  isRouterUp: () => around.router,
  isRedisUp: () => around.redis,
  async certificateDays() {
    around.asked += 1;
    return around.days;
  },
};
const watch = (holder = 'a') => {
  const store: Store = { database, clock: () => nowMs, bus: createLocalBus() };
  return watchSurroundings({ store, surroundings, holder, log: silentLog() });
};
const told = async () =>
  (
    await database.sql<{ line: string }[]>`
    select kind || case when state = 'cleared' then ' cleared' else '' end as line from alerts order by id`
  ).map(({ line }) => line);

it('is quiet while all is well, and asks for the certificate once a day', async () => {
  const own = watch();
  await own.tick();
  await own.tick();
  expect(await told()).toEqual([]);
  expect(around.asked).toBe(1);
  nowMs += DAY_MS;
  around.days = 13;
  await own.tick();
  expect(await told()).toEqual(['certificate-expiring']);
  nowMs += DAY_MS;
  around.days = 90;
  await own.tick();
  expect(await told()).toEqual(['certificate-expiring cleared']);
});

it('tells of a router and a Redis that stay out, not of a hiccup, and of their return', async () => {
  const own = watch();
  around.router = false;
  await own.tick();
  around.router = true;
  await own.tick();
  expect(await told()).toEqual([]);
  around.router = false;
  around.redis = false;
  for (let look = 0; look < 3; look += 1) await own.tick();
  expect(await told()).toEqual(['router-down', 'redis-down']);
  around.router = true;
  around.redis = true;
  await own.tick();
  expect(await told()).toEqual(['router-down cleared', 'redis-down cleared']);
});

it('tells once of a disk that is nearly full, without flapping at the edge', async () => {
  const own = watch();
  around.free = 4.9 * GIB;
  await own.tick();
  around.free = 5.5 * GIB;
  await own.tick();
  around.free = 4.9 * GIB;
  await own.tick();
  expect(await told()).toEqual(['disk-low']);
  around.free = 7 * GIB;
  await own.tick();
  expect(await told()).toEqual(['disk-low cleared']);
});

it('gives its lease back when it stops: another looks at once', async () => {
  const one = watch('a');
  const end = one.start();
  await one.tick();
  await end();
  expect(around.asked).toBe(1);
  await watch('b').tick();
  expect(around.asked).toBe(2);
});

it('is done by one of two instances', async () => {
  const [one, other] = [watch('a'), watch('b')];
  await one.tick();
  await other.tick();
  expect(around.asked).toBe(1);
});
