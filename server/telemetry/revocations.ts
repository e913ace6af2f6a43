import type { Database } from '../db/connect.ts';
import type { EventBus } from '../events/bus.ts';
import { eventsSince, headId } from '../events/read.ts';

const PAGE = 500;

/**
 * Tells of every revoked device, whichever instance revoked it: it reads the event log from now on. Pages that fail
 * to be read are read again at the next wake.
 */
export async function watchRevocations(
  database: Database,
  bus: EventBus,
  log: { warn(fields: object, message?: string): void },
  onRevoked: (deviceId: number) => void,
): Promise<{ stop(): void }> {
  let after = await headId(database);
  let isReading = false;
  let isWoken = false;

  async function read(): Promise<void> {
    isReading = true;
    try {
      do {
        isWoken = false;
        for (;;) {
          const events = await eventsSince(database, after, PAGE);
          for (const event of events) {
            after = event.id;
            if (event.type === 'device.revoked') onRevoked(event.subject.id);
          }
          if (events.length < PAGE) break;
        }
      } while (isWoken);
    } catch (error) {
      log.warn({ err: error }, 'revoked devices not read; tried again at the next event');
    } finally {
      isReading = false;
    }
  }

  const unsubscribe = bus.onWake(() => {
    isWoken = true;
    if (!isReading) void read();
  });
  return { stop: unsubscribe };
}
