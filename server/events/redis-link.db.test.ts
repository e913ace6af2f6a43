import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../tests/database/cluster.ts';
import { hasRedis, startTestRedis, type TestRedis } from '../../tests/database/redis.ts';
import { counterStore, createSharedLimiter } from '../access/limiter.ts';
import { silentLog } from '../ops/log.ts';
import { createSharedBus } from './bus.ts';
import { openRedisLink, type RedisLink } from './redis-link.ts';

describe.skipIf(!hasRedis())('the line to Redis', () => {
  const links: RedisLink[] = [];
  let redis: TestRedis | null = null;
  const open = (url: string) => {
    const link = openRedisLink(url, silentLog());
    links.push(link);
    return link;
  };
  const isUp = (link: RedisLink) => expect.poll(() => link.isUp(), { timeout: 60_000, interval: 20 });
  afterEach(async () => {
    for (const link of links.splice(0)) link.close();
    await redis?.stop('kill');
    redis = null;
  });

  it('comes up when Redis does, goes down with it, and comes back with what it listened to', async () => {
    const port = await freePort();
    const [one, other] = [open(`redis://127.0.0.1:${port}`), open(`redis://127.0.0.1:${port}`)];
    const heard: string[] = [];
    other.listen('talk', (message) => heard.push(message));
    await expect(one.ask((client) => client.ping())).rejects.toThrow('out');
    expect(one.isUp()).toBe(false);

    redis = await startTestRedis(port);
    await Promise.all([isUp(one).toBe(true), isUp(other).toBe(true)]);
    await one.ask((client) => client.publish('talk', 'first'));
    await expect.poll(() => heard).toEqual(['first']);

    await redis.stop('kill');
    await isUp(one).toBe(false);
    redis = await startTestRedis(port);
    await Promise.all([isUp(one).toBe(true), isUp(other).toBe(true)]);
    await one.ask((client) => client.publish('talk', 'second'));
    await expect.poll(() => heard).toEqual(['first', 'second']);
  });

  it('waits for nobody: a Redis that stands still is out in a second, and in again when it moves', async () => {
    redis = await startTestRedis();
    const link = open(redis.url);
    const limiter = createSharedLimiter(counterStore(link), Date.now);
    await isUp(link).toBe(true);
    expect((await limiter.limit('calls', 5, 60)).allowed).toBe(true);

    redis.freeze();
    const startedAt = performance.now();
    const answers = [];
    for (let i = 0; i < 20; i++) answers.push((await limiter.limit('calls', 5, 60)).allowed);
    // One call may have waited its second; after that the instance counts alone. Twenty that wait take twenty.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(answers.filter(Boolean)).toHaveLength(4);
    expect(link.isUp()).toBe(false);

    redis.thaw();
    await isUp(link).toBe(true);
  });

  it('carries notices and wakes between buses, each event number once', async () => {
    redis = await startTestRedis();
    const [one, other] = [open(redis.url), open(redis.url)];
    await Promise.all([isUp(one).toBe(true), isUp(other).toBe(true)]);
    const never = () => Promise.resolve(0);
    const buses = [createSharedBus(one, never), createSharedBus(other, never)];
    const told = [0, 0];
    const woken: number[][] = [[], []];
    for (const [i, bus] of buses.entries()) {
      bus.onTold('sessions-ended', () => (told[i]! += 1));
      bus.onWake((id) => woken[i]!.push(id));
    }
    // A subscription is under way until its first message has come.
    await expect
      .poll(() => {
        buses[0]!.tell('sessions-ended');
        return told[1];
      })
      .toBeGreaterThan(0);
    buses[0]!.wake(7);
    await expect.poll(() => woken[1]).toEqual([7]);
    buses[1]!.wake(7);
    buses[1]!.wake(8);
    await expect.poll(() => woken[0]).toEqual([7, 8]);
    expect(woken[1]).toEqual([7, 8]);
    await Promise.all(buses.map((bus) => bus.close()));
  });
});
