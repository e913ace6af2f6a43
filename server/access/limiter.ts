import type { Clock } from '../../shared/time.ts';
import type { RedisLink } from '../events/redis-link.ts';

/** Counts calls in a window. `allowed` is false once more than `n` came within `windowS`. */
export interface RateLimiter {
  limit(key: string, n: number, windowS: number): Promise<{ allowed: boolean; retryAfterS: number }>;
  /** How many were counted in the running window, without counting one. */
  peek(key: string, windowS: number): Promise<number>;
  forget(key: string): Promise<void>;
}

const SWEEP_AT = 10_000;

/** A limiter of this process alone: fixed windows that begin with a key's first call. */
export function createLocalLimiter(clock: Clock): RateLimiter {
  const windows = new Map<string, { count: number; endsAt: number }>();
  const open = (key: string) => {
    const window = windows.get(key);
    return window && window.endsAt > clock() ? window : undefined;
  };
  const sweep = () => {
    const now = clock();
    for (const [key, window] of windows) if (window.endsAt <= now) windows.delete(key);
  };
  return {
    async limit(key, n, windowS) {
      let window = open(key);
      if (!window) {
        if (windows.size >= SWEEP_AT) sweep();
        window = { count: 0, endsAt: clock() + windowS * 1_000 };
        windows.set(key, window);
      }
      window.count += 1;
      return {
        allowed: window.count <= n,
        retryAfterS: Math.max(1, Math.ceil((window.endsAt - clock()) / 1_000)),
      };
    },
    async peek(key) {
      return open(key)?.count ?? 0;
    },
    async forget(key) {
      windows.delete(key);
    },
  };
}

/** What the limiter needs of Redis; the redis package's client fits. */
export interface CounterStore {
  incr(key: string): Promise<number>;
  expire(key: string, seconds: number): Promise<unknown>;
  ttl(key: string): Promise<number>;
  get(key: string): Promise<string | null>;
  del(key: string): Promise<unknown>;
}

/** The counters over one instance's line to Redis, which refuses at once while Redis is out. */
export function counterStore(link: Pick<RedisLink, 'ask'>): CounterStore {
  return {
    incr: (key) => link.ask((client) => client.incr(key)),
    expire: (key, seconds) => link.ask((client) => client.expire(key, seconds)),
    ttl: (key) => link.ask((client) => client.ttl(key)),
    get: (key) => link.ask((client) => client.get(key)),
    del: (key) => link.ask((client) => client.del(key)),
  };
}

/**
 * A limiter shared by all instances. When Redis does not answer, this process's own count decides: losing Redis
 * neither locks people out nor opens the gate.
 */
export function createSharedLimiter(redis: CounterStore, clock: Clock): RateLimiter {
  const local = createLocalLimiter(clock);
  const name = (key: string) => `epagal:limit:${key}`;
  return {
    async limit(key, n, windowS) {
      const own = await local.limit(key, n, windowS);
      try {
        const count = await redis.incr(name(key));
        if (count === 1) await redis.expire(name(key), windowS);
        if (count <= n) return { allowed: true, retryAfterS: windowS };
        const ttlS = await redis.ttl(name(key));
        if (ttlS < 0) await redis.expire(name(key), windowS);
        return { allowed: false, retryAfterS: Math.max(1, ttlS) };
      } catch {
        return own;
      }
    },
    async peek(key, windowS) {
      try {
        return Number((await redis.get(name(key))) ?? 0);
      } catch {
        return local.peek(key, windowS);
      }
    },
    async forget(key) {
      await local.forget(key);
      await redis.del(name(key)).catch(() => undefined);
    },
  };
}
