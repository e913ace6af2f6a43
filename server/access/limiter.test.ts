import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDomainError } from '../../shared/errors.ts';
import { limitReports } from './limit-reports.ts';
import { createLocalLimiter, createSharedLimiter, type CounterStore } from './limiter.ts';

describe('the limiter', () => {
  it('lets n calls of any window through, however they are spread', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }),
        async (n, gapsMs) => {
          let nowMs = 0;
          const limiter = createLocalLimiter(() => nowMs);
          let windowStart = -Infinity;
          let counted = 0;
          for (const gap of gapsMs) {
            nowMs += gap;
            if (nowMs >= windowStart + 1_000) {
              windowStart = nowMs;
              counted = 0;
            }
            counted += 1;
            const { allowed } = await limiter.limit('key', n, 1);
            expect(allowed).toBe(counted <= n);
          }
        },
      ),
      { seed: 7, numRuns: 100 },
    );
  });

  it('keeps keys apart and forgets one when told', async () => {
    const limiter = createLocalLimiter(() => 0);
    await limiter.limit('a', 1, 60);
    expect((await limiter.limit('a', 1, 60)).allowed).toBe(false);
    expect((await limiter.limit('b', 1, 60)).allowed).toBe(true);
    await limiter.forget('a');
    expect((await limiter.limit('a', 1, 60)).allowed).toBe(true);
  });

  it('says when to come back', async () => {
    let nowMs = 0;
    const limiter = createLocalLimiter(() => nowMs);
    await limiter.limit('a', 0, 60);
    nowMs = 18_000;
    expect(await limiter.limit('a', 0, 60)).toEqual({ allowed: false, retryAfterS: 42 });
  });
});

describe('the limiter of several instances', () => {
  const redis = (): CounterStore & { counts: Map<string, number>; isOut: boolean } => {
    const counts = new Map<string, number>();
    const store = {
      counts,
      isOut: false,
      async incr(key: string) {
        if (store.isOut) throw new Error('connection closed');
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return counts.get(key)!;
      },
      expire: async () => 1,
      ttl: async () => 30,
      get: async (key: string) => (counts.has(key) ? String(counts.get(key)) : null),
      del: async (key: string) => counts.delete(key),
    };
    return store;
  };

  it('counts what the others let through', async () => {
    const shared = redis();
    const one = createSharedLimiter(shared, () => 0);
    const two = createSharedLimiter(shared, () => 0);
    await one.limit('a', 2, 60);
    await two.limit('a', 2, 60);
    expect((await one.limit('a', 2, 60)).allowed).toBe(false);
  });

  it('still limits when Redis is out', async () => {
    const shared = redis();
    shared.isOut = true;
    const limiter = createSharedLimiter(shared, () => 0);
    expect((await limiter.limit('a', 1, 60)).allowed).toBe(true);
    expect((await limiter.limit('a', 1, 60)).allowed).toBe(false);
  });
});

describe('reports from one address', () => {
  it('are 30 a minute and 200 a day', async () => {
    let nowMs = 0;
    const limiter = createLocalLimiter(() => nowMs);
    let taken = 0;
    for (let minute = 0; minute < 20; minute++) {
      for (let i = 0; i < 31; i++) {
        const refused = await limitReports(limiter, '10.0.0.1').then(
          () => null,
          (error: unknown) => error,
        );
        if (refused === null) taken += 1;
        else expect(isDomainError(refused, 'too-many-requests')).toBe(true);
      }
      expect(taken).toBe(Math.min(200, (minute + 1) * 30));
      nowMs += 60_000;
    }
  });
});
