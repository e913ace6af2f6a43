import type { RedisLink } from './redis-link.ts';

/** What instances tell each other beside events: not kept, and lost to whom Redis does not reach. */
export type Notice = 'sessions-ended';
const NOTICES: readonly Notice[] = ['sessions-ended'];

/** Wakes readers of the event log. It carries only "there is more, up to this id": the log itself is the truth. */
export interface EventBus {
  /** Called after a commit; never throws. */
  wake(headId: number): void;
  /** Returns the unsubscribe. A listener must not throw. */
  onWake(listener: (headId: number) => void): () => void;
  /** Tells every instance, this one too. Never throws. */
  tell(notice: Notice): void;
  /** Returns the unsubscribe. A listener must not throw. */
  onTold(notice: Notice, listener: () => void): () => void;
  close(): Promise<void>;
}

export function createLocalBus(): EventBus {
  const wakeListeners = new Set<(headId: number) => void>();
  const told = new Map<Notice, Set<() => void>>(NOTICES.map((notice) => [notice, new Set()]));
  return {
    wake(headId) {
      for (const listener of wakeListeners) listener(headId);
    },
    onWake(listener) {
      wakeListeners.add(listener);
      return () => wakeListeners.delete(listener);
    },
    tell(notice) {
      for (const listener of told.get(notice)!) listener();
    },
    onTold(notice, listener) {
      const listeners = told.get(notice)!;
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      wakeListeners.clear();
      for (const listeners of told.values()) listeners.clear();
    },
  };
}

const EVENTS_CHANNEL = 'epagal:events';
const NOTICES_CHANNEL = 'epagal:notices';

/**
 * Local at once, other instances through Redis. Losing Redis loses only speed: `pollHead` still finds what other
 * instances committed, within `pollMs`.
 */
export function createSharedBus(
  link: Pick<RedisLink, 'ask' | 'listen'>,
  pollHead: () => Promise<number>,
  pollMs = 2_000,
): EventBus {
  const local = createLocalBus();
  let seen = 0;
  const arrive = (headId: number) => {
    if (headId <= seen) return;
    seen = headId;
    local.wake(headId);
  };
  const publish = (channel: string, message: string) => {
    link.ask((client) => client.publish(channel, message)).catch(() => undefined);
  };
  link.listen(EVENTS_CHANNEL, (message) => {
    const headId = Number(message);
    if (Number.isSafeInteger(headId)) arrive(headId);
  });
  link.listen(NOTICES_CHANNEL, (message) => {
    const notice = NOTICES.find((known) => known === message);
    if (notice) local.tell(notice);
  });
  let isPolling = false;
  const timer = setInterval(() => {
    if (isPolling) return;
    isPolling = true;
    // A database that does not answer is reported by /health; the next tick asks again.
    pollHead()
      .then(arrive, () => undefined)
      .finally(() => (isPolling = false));
  }, pollMs);
  timer.unref();
  return {
    wake(headId) {
      arrive(headId);
      publish(EVENTS_CHANNEL, String(headId));
    },
    onWake: local.onWake,
    tell(notice) {
      local.tell(notice);
      publish(NOTICES_CHANNEL, notice);
    },
    onTold: local.onTold,
    async close() {
      clearInterval(timer);
      await local.close();
    },
  };
}
