import fastify, { type FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import { hashToken } from '../../server/access/token.ts';
import type { Database } from '../../server/db/connect.ts';
import { createLocalBus, type EventBus } from '../../server/events/bus.ts';
import type { Store } from '../../server/events/store.ts';
import { silentLog } from '../../server/ops/log.ts';
import { createTelemetry, type Telemetry, type TelemetryDeps } from '../../server/telemetry/index.ts';

export interface TelemetryServer {
  telemetry: Telemetry;
  store: Store;
  bus: EventBus;
  app: FastifyInstance;
  /** ws://… */
  wsUrl: string;
  httpUrl: string;
  close(): Promise<void>;
}

/** The position flow on a real HTTP server at a random port. */
export async function startTelemetryServer(
  database: Database,
  options: Partial<Omit<TelemetryDeps, 'store' | 'log'>> & { bus?: EventBus } = {},
): Promise<TelemetryServer> {
  const bus = options.bus ?? createLocalBus();
  const store: Store = { database, clock: Date.now, bus };
  const telemetry = await createTelemetry({ ...options, store, log: silentLog() });
  const app = fastify();
  telemetry.registerRoutes(app);
  telemetry.attach(app.server);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    telemetry,
    store,
    bus,
    app,
    wsUrl: `ws://127.0.0.1:${port}/gps`,
    httpUrl: `http://127.0.0.1:${port}`,
    async close() {
      await telemetry.stop();
      await app.close();
    },
  };
}

let plates = 0;

/** A truck with one device; the token is `token-<n>`. */
export async function addDevice(
  database: Database,
  {
    truckId,
    kind = 'tracker',
    uniqueId = null,
  }: { truckId?: number; kind?: string; uniqueId?: string | null } = {},
): Promise<{ truckId: number; deviceId: number; token: string }> {
  plates += 1;
  const token = `token-${process.pid}-${plates}`;
  const truck =
    truckId ??
    (
      await database.sql<{ id: number }[]>`
        insert into trucks (plate, type, capacity) values (${`TLM-${String(plates).padStart(4, '0')}`}, 'posterior', 25)
        returning id`
    )[0]!.id;
  const [device] = await database.sql<{ id: number }[]>`
    insert into devices (truck_id, name, kind, unique_id, token_hash)
    values (${truck}, 'test', ${kind}, ${uniqueId}, ${hashToken(token)}) returning id`;
  return { truckId: truck, deviceId: device!.id, token };
}

export interface TestDevice {
  socket: WebSocket;
  /** Sends and waits for the next answer. */
  ask(frame: unknown): Promise<Record<string, unknown>>;
  send(text: string): void;
  /** The next answer not yet read. */
  next(): Promise<Record<string, unknown>>;
  closed: Promise<{ code: number; reason: string }>;
  close(): void;
}

/** A device as a real websocket client; resolves when the socket is open. */
export async function connectDevice(
  url: string,
  token: string | null,
  how: 'header' | 'query' = 'header',
): Promise<TestDevice> {
  const socket =
    how === 'query'
      ? new WebSocket(`${url}?token=${token ?? ''}`)
      : new WebSocket(url, token === null ? {} : { headers: { authorization: `Bearer ${token}` } });
  const answers: Record<string, unknown>[] = [];
  const waiting: ((answer: Record<string, unknown>) => void)[] = [];
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Record<string, unknown>;
    const wake = waiting.shift();
    if (wake) wake(answer);
    else answers.push(answer);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const next = () => {
    const ready = answers.shift();
    return ready
      ? Promise.resolve(ready)
      : new Promise<Record<string, unknown>>((resolve) => waiting.push(resolve));
  };
  return {
    socket,
    next,
    send: (text) => socket.send(text),
    ask(frame) {
      socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
      return next();
    },
    closed,
    close: () => socket.close(),
  };
}
