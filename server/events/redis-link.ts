import { createClient } from 'redis';

type Client = ReturnType<typeof newClient>;

/**
 * One instance's line to Redis, which carries between instances and holds no truth. It comes up in the background and
 * for ever; while it is down nothing waits for it.
 */
export interface RedisLink {
  /** Both connections stand, and Redis has lately answered. */
  isUp(): boolean;
  /** Runs a command. @throws at once while the link is down, and when there is no answer in a second */
  ask<T>(run: (client: Client) => Promise<T>): Promise<T>;
  /** Messages of a channel, for as long as the link lives. */
  listen(channel: string, listener: (message: string) => void): void;
  /** Called each time the link has come up. */
  onUp(listener: () => void): void;
  /** Resolves once it is up, or after `withinMs` without it. */
  settled(withinMs: number): Promise<void>;
  close(): void;
}

interface Log {
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
}

const COMMAND_MS = 1_000;
const LOOK_MS = 1_000;
/** Looks without an answer after which the connections are given up: their peer may be gone without a word. */
const LOOKS_UNANSWERED = 8;
const RETRY_MS = { first: 100, most: 3_000 };

function newClient(url: string, disableOfflineQueue: boolean) {
  const reconnectStrategy = (retries: number) =>
    Math.min(RETRY_MS.first * 2 ** Math.min(retries, 6), RETRY_MS.most);
  return createClient({ url, disableOfflineQueue, socket: { reconnectStrategy, connectTimeout: 5_000 } });
}

/** Two connections: one that subscribes can do nothing else. */
export function openRedisLink(url: string, log: Log): RedisLink {
  const channels = new Map<string, Set<(message: string) => void>>();
  const upListeners = new Set<() => void>();
  let clients: { command: Client; subscriber: Client };
  let isAnswering = false;
  let isWarned = false;
  let isClosed = false;
  let isLooking = false;
  let unanswered = 0;

  function connect(): { command: Client; subscriber: Client } {
    // No command may queue up while Redis is out; subscriptions must.
    const made = { command: newClient(url, true), subscriber: newClient(url, false) };
    for (const client of [made.command, made.subscriber]) {
      client.on('error', down);
      client.on('ready', () => void look());
      client.connect().catch(() => undefined);
    }
    // Queued until there is a connection, and renewed by the client with each new one.
    for (const channel of channels.keys()) subscribe(made.subscriber, channel);
    return made;
  }

  function subscribe(subscriber: Client, channel: string): void {
    subscriber
      .subscribe(channel, (message) => {
        for (const listener of channels.get(channel) ?? []) listener(message);
      })
      .catch(() => undefined);
  }

  function down(error: unknown): void {
    isAnswering = false;
    if (isWarned || isClosed) return;
    isWarned = true;
    const why = error instanceof Error ? error.message : String(error);
    log.warn({ err: why }, 'Redis does not answer: this instance goes on alone until it does');
  }

  /** Asks both connections for a sign of life. */
  async function look(): Promise<void> {
    if (isLooking || isClosed) return;
    isLooking = true;
    const { command, subscriber } = clients;
    try {
      if (!command.isReady || !subscriber.isReady) throw new Error('not connected');
      await within(COMMAND_MS, Promise.all([command.ping(), subscriber.ping()]));
      unanswered = 0;
      if (!isAnswering && !isClosed) up();
    } catch (error) {
      if (command.isReady) unanswered += 1;
      down(error);
      if (unanswered >= LOOKS_UNANSWERED && !isClosed) renew();
    } finally {
      isLooking = false;
    }
  }

  function up(): void {
    isAnswering = true;
    if (isWarned) log.info({}, 'Redis answers again');
    isWarned = false;
    for (const listener of upListeners) listener();
  }

  function renew(): void {
    unanswered = 0;
    for (const client of [clients.command, clients.subscriber]) if (client.isOpen) client.destroy();
    clients = connect();
  }

  clients = connect();
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();

  const isUp = () => isAnswering && clients.command.isReady && clients.subscriber.isReady;
  return {
    isUp,
    async ask(run) {
      if (!isUp()) throw new Error('Redis is out');
      try {
        return await within(COMMAND_MS, run(clients.command));
      } catch (error) {
        if (error instanceof NoAnswer) down(error);
        throw error;
      }
    },
    listen(channel, listener) {
      const known = channels.get(channel);
      if (known) return void known.add(listener);
      channels.set(channel, new Set([listener]));
      subscribe(clients.subscriber, channel);
    },
    onUp: (listener) => void upListeners.add(listener),
    settled(withinMs) {
      if (isUp()) return Promise.resolve();
      return new Promise((resolve) => {
        const late = setTimeout(done, withinMs);
        function done(): void {
          clearTimeout(late);
          upListeners.delete(done);
          resolve();
        }
        upListeners.add(done);
      });
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      for (const client of [clients.command, clients.subscriber]) if (client.isOpen) client.destroy();
    },
  };
}

class NoAnswer extends Error {}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
