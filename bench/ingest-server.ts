import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { WebSocketServer } from 'ws';
import { hashToken } from '../server/access/token.ts';
import { connectDatabase, type Database, type Sql } from '../server/db/connect.ts';
import { createLocalBus } from '../server/events/bus.ts';
import { silentLog } from '../server/ops/log.ts';
import { createTelemetry } from '../server/telemetry/index.ts';

/** One pipeline under test, in a process of its own: the product's, or the barest that keeps the same promise. */
export type ServerOrder = { kind: 'product' | 'bare'; databaseUrl: string } | 'measure' | 'stop';

export type ServerReport =
  | { port: number }
  | {
      loopDelayP99Ms: number;
      loopDelayMaxMs: number;
      rssMb: number;
      heapMb: number;
      cpuMs: number;
      stats?: unknown;
    };

const BATCH_ROWS = 2_000;

interface BareFix {
  seq: number;
  t: number;
  lat: number;
  lon: number;
  speed?: number;
  heading?: number;
  accuracy?: number;
  battery?: number;
  ignition?: boolean;
}

/** ws → JSON.parse → one statement a batch → answer. No checks, no limits, no counters, no fan-out. */
async function startBare(database: Database, server: ReturnType<typeof createServer>): Promise<void> {
  const devices = new Map(
    (
      await database.sql<{ id: number; truckId: number; hash: string }[]>`
      select id, truck_id as "truckId", token_hash as hash from devices`
    ).map((row) => [row.hash, row]),
  );
  const wss = new WebSocketServer({
    server,
    path: '/gps',
    perMessageDeflate: false,
    skipUTF8Validation: true,
  });
  interface Waiting {
    device: number;
    truck: number;
    fix: BareFix;
    send(text: string): void;
  }
  const queue: Waiting[] = [];
  let running = 0;
  const flush = async (): Promise<void> => {
    while (queue.length > 0 && (running === 0 || (running === 1 && queue.length >= 600))) {
      const batch = queue.splice(0, BATCH_ROWS);
      running += 1;
      void insertBare(database.sql, batch).then(() => {
        running -= 1;
        for (const { fix, send } of batch) send(`{"ack":${fix.seq},"stored":1,"duplicate":0,"rejected":[]}`);
        void flush();
      });
    }
  };
  let isPlanned = false;
  wss.on('connection', (socket, request) => {
    const token = (request.headers.authorization ?? '').slice('Bearer '.length);
    const device = devices.get(hashToken(token))!;
    const send = (text: string) => socket.send(text);
    socket.on('message', (data: Buffer) => {
      queue.push({
        device: device.id,
        truck: device.truckId,
        fix: JSON.parse(data.toString()) as BareFix,
        send,
      });
      if (isPlanned) return;
      isPlanned = true;
      setImmediate(() => {
        isPlanned = false;
        void flush();
      });
    });
  });
}

async function insertBare(
  sql: Sql,
  batch: readonly { device: number; truck: number; fix: BareFix }[],
): Promise<void> {
  const of = (read: (one: (typeof batch)[number]) => unknown) => {
    let text = '{';
    for (let i = 0; i < batch.length; i++) text += (i === 0 ? '' : ',') + String(read(batch[i]!) ?? null);
    return text + '}';
  };
  await sql`
    insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed, heading, accuracy, battery, ignition)
    select f.device, f.truck, to_timestamp(f.t / 1000), now(), ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326),
           f.speed, f.heading, f.accuracy, f.battery, f.ignition
      from unnest(${of((one) => one.device)}::bigint[], ${of((one) => one.truck)}::bigint[],
                  ${of((one) => one.fix.t)}::float8[], ${of((one) => one.fix.lon)}::float8[],
                  ${of((one) => one.fix.lat)}::float8[], ${of((one) => one.fix.speed)}::real[],
                  ${of((one) => one.fix.heading)}::real[], ${of((one) => one.fix.accuracy)}::real[],
                  ${of((one) => one.fix.battery)}::real[], ${of((one) => one.fix.ignition)}::boolean[])
           as f(device, truck, t, lon, lat, speed, heading, accuracy, battery, ignition)
    on conflict do nothing`;
}

function heapMb(): number {
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

async function serve(order: { kind: 'product' | 'bare'; databaseUrl: string }): Promise<void> {
  const database = await connectDatabase({ databaseUrl: order.databaseUrl, log: silentLog() });
  const server = createServer();
  const clock = Date.now;
  const telemetry =
    order.kind === 'product'
      ? await createTelemetry({ store: { database, clock, bus: createLocalBus() }, log: silentLog() })
      : null;
  if (telemetry) telemetry.attach(server);
  else await startBare(database, server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let cpu = process.cpuUsage();
  process.on('message', (next: ServerOrder) => {
    if (next === 'measure') {
      const used = process.cpuUsage(cpu);
      process.send?.({
        // The monitor counts its own sleep of 5 ms.
        loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - 5),
        loopDelayMaxMs: Math.max(0, delay.max / 1e6 - 5),
        rssMb: process.memoryUsage().rss / 2 ** 20,
        heapMb: heapMb(),
        cpuMs: (used.user + used.system) / 1_000,
        stats: telemetry?.stats(),
      });
      delay.reset();
      cpu = process.cpuUsage();
    }
    if (next === 'stop') {
      void (telemetry?.stop() ?? Promise.resolve()).then(() => database.close()).then(() => process.exit(0));
    }
  });
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
}

process.once('message', (order: ServerOrder) => {
  if (typeof order === 'object') {
    serve(order).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  }
});
