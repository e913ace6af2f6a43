/** Wakes readers of the event log. It carries only "there is more, up to this id": the log itself is the truth. */
export interface EventBus {
  /** Called after a commit; never throws. */
  wake(headId: number): void;
  /** Returns the unsubscribe. A listener must not throw. */
  onWake(listener: (headId: number) => void): () => void;
  close(): Promise<void>;
}

export function createLocalBus(): EventBus {
  const listeners = new Set<(headId: number) => void>();
  return {
    wake(headId) {
      for (const listener of listeners) listener(headId);
    },
    onWake(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
    },
  };
}

/** What a bus between instances needs of Redis; the redis package's client fits. */
export interface PubSub {
  publish(channel: string, message: string): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  close(): Promise<void>;
}

const CHANNEL = 'epagal:events';

/**
 * Local at once, other instances through Redis. Losing Redis loses only speed: `pollHead` still finds what other
 * instances committed, within `pollMs`.
 */
export async function createSharedBus(
  pubSub: PubSub,
  pollHead: () => Promise<number>,
  pollMs = 2_000,
): Promise<EventBus> {
  const local = createLocalBus();
  let seen = 0;
  const arrive = (headId: number) => {
    if (headId <= seen) return;
    seen = headId;
    local.wake(headId);
  };
  await pubSub.subscribe(CHANNEL, (message) => {
    const headId = Number(message);
    if (Number.isSafeInteger(headId)) arrive(headId);
  });
  const timer = setInterval(() => {
    // A database that does not answer is reported by /health; the next tick asks again.
    pollHead().then(arrive, () => undefined);
  }, pollMs);
  timer.unref();
  return {
    wake(headId) {
      arrive(headId);
      pubSub.publish(CHANNEL, String(headId)).catch(() => undefined);
    },
    onWake: local.onWake,
    async close() {
      clearInterval(timer);
      await local.close();
      await pubSub.close().catch(() => undefined);
    },
  };
}
