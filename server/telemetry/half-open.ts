import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

export interface HalfOpenLimits {
  /** Connections that may be open without having said what they want; beyond it the oldest gives way. */
  max: number;
  /** How long one may take to say it. */
  withinMs: number;
}

export const HALF_OPEN_LIMITS: HalfOpenLimits = { max: 1_000, withinMs: 10_000 };

export interface HalfOpen {
  count(): number;
  dropped(): number;
  /** A connection asks for an upgrade: to be told by whoever listens for those. */
  spoken(request: IncomingMessage): void;
  stop(): void;
}

/**
 * Bounds the connections that were opened and never sent a whole request head: whoever opens thousands of them takes
 * each other's place, while a client that speaks at once is served as ever. Requests on a connection that was used
 * before are the HTTP server's own matter.
 */
export function boundHalfOpen(server: Server, given: Partial<HalfOpenLimits> = {}): HalfOpen {
  const limits = { ...HALF_OPEN_LIMITS, ...given };
  /** In the order they came; when each did. */
  const silent = new Map<Socket, number>();
  let dropped = 0;

  const drop = (socket: Socket) => {
    silent.delete(socket);
    dropped += 1;
    socket.destroy();
  };
  const onConnection = (socket: Socket) => {
    silent.set(socket, performance.now());
    socket.once('close', () => silent.delete(socket));
    if (silent.size <= limits.max) return;
    for (const oldest of silent.keys()) {
      drop(oldest);
      break;
    }
  };
  const onSpoken = ({ socket }: IncomingMessage) => void silent.delete(socket);
  const sweeper = setInterval(
    () => {
      const nowMs = performance.now();
      for (const [socket, sinceMs] of silent) {
        if (nowMs - sinceMs < limits.withinMs) break;
        drop(socket);
      }
    },
    Math.min(1_000, limits.withinMs),
  );
  sweeper.unref();
  server.on('connection', onConnection);
  server.on('request', onSpoken);
  return {
    count: () => silent.size,
    dropped: () => dropped,
    spoken: onSpoken,
    stop() {
      clearInterval(sweeper);
      server.off('connection', onConnection);
      server.off('request', onSpoken);
    },
  };
}
