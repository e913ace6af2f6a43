import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, startTestRedis, type TestRedis } from '../../tests/database/redis.ts';
import { createSharedLimiter } from './limiter.ts';

describe.skipIf(!hasRedis())('the limiter on a real Redis', () => {
  let redis: TestRedis;
  const clients: { destroy(): void }[] = [];
  const connect = async () => {
    const client = createClient({ url: redis.url, disableOfflineQueue: true });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await redis.stop();
  });

  it('two instances count together, a key ends by itself, and a dead Redis neither opens nor closes the gate', async () => {
    const one = createSharedLimiter(await connect(), Date.now);
    const other = createSharedLimiter(await connect(), Date.now);
    const both = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? one : other).limit('key', 10, 60)),
    );
    expect(both.filter(({ allowed }) => allowed)).toHaveLength(10);
    expect(await one.peek('key', 60)).toBe(20);
    const probe = await connect();
    expect(await probe.ttl('epagal:limit:key')).toBeGreaterThan(50);
    await other.forget('key');
    expect((await one.limit('key', 10, 60)).allowed).toBe(true);

    await redis.stop('kill');
    const alone = await Promise.all(Array.from({ length: 5 }, () => one.limit('new', 3, 60)));
    expect(alone.filter(({ allowed }) => allowed)).toHaveLength(3);
  });
});
