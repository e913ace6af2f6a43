import { z } from 'zod';
import type { Clock } from '../../shared/time.ts';
import { REJECT_REASONS } from '../../shared/telemetry.ts';
import type { RedisLink } from '../events/redis-link.ts';
import type { DeviceTally } from './device-health.ts';

/** What instances count of their devices, told to each other, so that each can show the health of all. */
export interface TallyExchange {
  /** The tally of every device, here or elsewhere: where it was seen last. */
  all(): ReadonlyMap<number, DeviceTally>;
  stop(): void;
}

export interface TallyExchangeDeps {
  link: RedisLink;
  /** Names this instance, so that it does not listen to itself. */
  instance: string;
  own: ReadonlyMap<number, DeviceTally>;
  clock: Clock;
  everyMs?: number;
}

const CHANNEL = 'epagal:tallies';
const EVERY_MS = 5_000;
/** Rounds an instance may miss before its devices no longer count as connected. */
const ROUNDS_MISSED = 4;

const tally = z.object({
  frames: z.number(),
  stored: z.number(),
  duplicate: z.number(),
  flagged: z.number(),
  badFrames: z.number(),
  rejected: z.record(z.enum(REJECT_REASONS), z.number()),
  recent: z.object({ fixes: z.number(), rejected: z.number(), flagged: z.number() }),
  skewS: z.number().nullable(),
  lastSeenAtMs: z.number(),
  connections: z.number(),
  isConnected: z.boolean(),
  framesPerS: z.number(),
});
const message = z.object({ from: z.string(), tallies: z.array(z.tuple([z.number().int(), tally])) });

/** One message a round, of the devices that are connected or were seen since the last; bounded by the devices. */
export function exchangeTallies(deps: TallyExchangeDeps): TallyExchange {
  const { link, own, clock } = deps;
  const everyMs = deps.everyMs ?? EVERY_MS;
  const others = new Map<number, { tally: DeviceTally; heardAtMs: number }>();
  let toldAtMs = 0;

  link.listen(CHANNEL, (text) => {
    const parsed = message.safeParse(readJson(text));
    if (!parsed.success || parsed.data.from === deps.instance) return;
    const heardAtMs = clock();
    for (const [deviceId, heard] of parsed.data.tallies) {
      const known = others.get(deviceId);
      if (known && known.tally.lastSeenAtMs > heard.lastSeenAtMs) continue;
      others.set(deviceId, { tally: heard, heardAtMs });
    }
  });

  const timer = setInterval(() => {
    if (!link.isUp()) return;
    const since = toldAtMs;
    toldAtMs = clock();
    const tallies = [...own].filter(([, one]) => one.isConnected || one.lastSeenAtMs >= since);
    if (tallies.length === 0) return;
    const text = JSON.stringify({ from: deps.instance, tallies });
    // What is lost is told again in the next round.
    link.ask((client) => client.publish(CHANNEL, text)).catch(() => undefined);
  }, everyMs);
  timer.unref();

  return {
    all() {
      const oldestMs = clock() - ROUNDS_MISSED * everyMs;
      const merged = new Map(own);
      for (const [deviceId, { tally: heard, heardAtMs }] of others) {
        const here = merged.get(deviceId);
        if (here && (here.isConnected || here.lastSeenAtMs >= heard.lastSeenAtMs)) continue;
        merged.set(deviceId, heardAtMs >= oldestMs ? heard : { ...heard, isConnected: false });
      }
      return merged;
    },
    stop: () => clearInterval(timer),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
