import type { Database } from '../db/connect.ts';
import type { EventBus } from '../events/bus.ts';
import { eventsSince, headId } from '../events/read.ts';

const PAGE = 500;
const RETRY_MS = 1_000;

export interface DeviceListener {
  revoked(deviceId: number): void;
  /** Fitted to another truck. An error is tried again. */
  moved(deviceId: number): Promise<void>;
}

/**
 * Tells of every device that was revoked or moved, whichever instance did it: it reads the event log from now on. What
 * fails is tried again a moment later, or at the next wake.
 */
export async function watchDevices(
  database: Database,
  bus: EventBus,
  log: { warn(fields: object, message?: string): void },
  listener: DeviceListener,
): Promise<{ stop(): void }> {
  let after = await headId(database);
  let isReading = false;
  let isWoken = false;
  let isStopped = false;
  let retry: NodeJS.Timeout | undefined;

  async function readOn(): Promise<void> {
    for (;;) {
      const events = await eventsSince(database, after, PAGE);
      for (const event of events) {
        if (event.type === 'device.revoked') listener.revoked(event.subject.id);
        if (event.type === 'device.moved') await listener.moved(event.subject.id);
        after = event.id;
      }
      if (events.length < PAGE) return;
    }
  }

  async function read(): Promise<void> {
    isReading = true;
    clearTimeout(retry);
    try {
      do {
        isWoken = false;
        await readOn();
      } while (isWoken && !isStopped);
    } catch (error) {
      if (isStopped) return;
      log.warn({ err: error }, 'changes of devices not read; tried again');
      retry = setTimeout(() => void read(), RETRY_MS);
    } finally {
      isReading = false;
    }
  }

  const unsubscribe = bus.onWake(() => {
    isWoken = true;
    if (!isReading) void read();
  });
  return {
    stop() {
      isStopped = true;
      clearTimeout(retry);
      unsubscribe();
    },
  };
}
