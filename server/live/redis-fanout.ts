import { z } from 'zod';
import type { RedisLink } from '../events/redis-link.ts';
import type { DeviceFix } from '../telemetry/fleet-state.ts';

/** Other instances' positions, through Redis: one message a tick, whatever the number of fixes. */
export interface FleetFanout {
  /** A device's newest fix that this instance committed. */
  note(fix: DeviceFix): void;
  counters(): { sent: number; received: number; failed: number };
  close(): Promise<void>;
}

export interface FanoutDeps {
  link: RedisLink;
  /** Names this instance, so that it does not listen to itself. */
  instance: string;
  /** Newest fix of another instance's device. */
  onRemote(fix: DeviceFix): void;
  tickMs?: number;
}

const CHANNEL = 'epagal:fleet';
const TICK_MS = 250;

const deviceFix = z.object({
  deviceId: z.number().int(),
  truckId: z.number().int(),
  kind: z.enum(['tracker', 'phone']),
  t: z.number(),
  receivedAtMs: z.number(),
  lat: z.number(),
  lon: z.number(),
  speed: z.number().nullable(),
  heading: z.number().nullable(),
  accuracy: z.number().nullable(),
  battery: z.number().nullable(),
  ignition: z.boolean().nullable(),
});
/** `hello` asks the others for everything they have: an instance that starts, or heard nothing for a while. */
const message = z.object({ from: z.string(), hello: z.boolean().optional(), fixes: z.array(deviceFix) });

/**
 * Without Redis each instance goes on with its own trucks; when it is back every instance tells its newest fixes and
 * asks for the others'. Bounded by one fix a device.
 */
export function createFleetFanout(deps: FanoutDeps): FleetFanout {
  const { link } = deps;
  const own = new Map<number, DeviceFix>();
  let unsent = new Map<number, DeviceFix>();
  const counters = { sent: 0, received: 0, failed: 0 };
  let wantsHello = true;
  let isSending = false;

  link.listen(CHANNEL, receive);
  link.onUp(() => {
    unsent = new Map(own);
    wantsHello = true;
  });

  function receive(text: string): void {
    let parsed: z.infer<typeof message>;
    try {
      parsed = message.parse(JSON.parse(text));
    } catch {
      counters.failed += 1;
      return;
    }
    if (parsed.from === deps.instance) return;
    counters.received += parsed.fixes.length;
    if (parsed.hello) unsent = new Map(own);
    for (const fix of parsed.fixes) {
      // The device has moved to that instance.
      const mine = own.get(fix.deviceId);
      if (mine && mine.t < fix.t) own.delete(fix.deviceId);
      deps.onRemote(fix);
    }
  }

  async function tick(): Promise<void> {
    if (isSending || !link.isUp() || (unsent.size === 0 && !wantsHello)) return;
    isSending = true;
    const batch = unsent;
    const hello = wantsHello;
    unsent = new Map();
    wantsHello = false;
    try {
      const fixes = [...batch.values()];
      const text = JSON.stringify({ from: deps.instance, hello, fixes });
      await link.ask((client) => client.publish(CHANNEL, text));
      counters.sent += fixes.length;
    } catch {
      counters.failed += 1;
      wantsHello ||= hello;
      for (const [deviceId, fix] of batch) if (!unsent.has(deviceId)) unsent.set(deviceId, fix);
    } finally {
      isSending = false;
    }
  }

  const timer = setInterval(() => void tick(), deps.tickMs ?? TICK_MS);
  timer.unref();

  return {
    note(fix) {
      own.set(fix.deviceId, fix);
      unsent.set(fix.deviceId, fix);
    },
    counters: () => ({ ...counters }),
    async close() {
      clearInterval(timer);
      await tick();
    },
  };
}
