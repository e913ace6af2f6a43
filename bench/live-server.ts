import { randomUUID } from 'node:crypto';
import { buildHttp } from '../server/api/http.ts';
import { createLocalLimiter } from '../server/access/limiter.ts';
import { openSession } from '../server/access/sessions.ts';
import { createUser } from '../server/access/create-user.ts';
import { loadConfig } from '../server/config.ts';
import { connectDatabase } from '../server/db/connect.ts';
import { createLocalBus } from '../server/events/bus.ts';
import { commit, type Store } from '../server/events/store.ts';
import { silentLog } from '../server/ops/log.ts';
import { createTelemetry } from '../server/telemetry/index.ts';
import { SYSTEM } from '../shared/actor.ts';

/** The product's server under test: gateway, live hub and API as they run, without planner and roads. */
export type LiveServerOrder = { databaseUrl: string } | 'memory' | { events: number } | 'stop';

async function serve(databaseUrl: string): Promise<void> {
  const log = silentLog();
  const database = await connectDatabase({ databaseUrl, log });
  const store: Store = { database, clock: Date.now, bus: createLocalBus() };
  const telemetry = await createTelemetry({ store, log });
  const { id } = await createUser(store, SYSTEM, {
    username: 'wall',
    password: randomUUID(),
    role: 'operator',
  });
  const { token } = await openSession(database, { id, role: 'operator' });
  const http = await buildHttp({
    store,
    config: loadConfig({ DATABASE_URL: databaseUrl }, { mode: 'test' }),
    log,
    limiter: createLocalLimiter(Date.now),
    probes: {},
    release: 'bench',
    live: telemetry.live,
  });
  telemetry.registerRoutes(http);
  telemetry.attach(http.server);
  await http.listen({ port: 0, host: '127.0.0.1' });
  process.on('message', (order: LiveServerOrder) => {
    if (order === 'memory') {
      global.gc?.();
      const { heapUsed, external, rss } = process.memoryUsage();
      process.send?.({ usedMb: (heapUsed + external) / 2 ** 20, rssMb: rss / 2 ** 20 });
    } else if (order === 'stop') {
      void telemetry
        .stop()
        .then(() => http.close())
        .then(() => database.close())
        .then(() => process.exit(0));
    } else if ('events' in order) {
      void commit(store, SYSTEM, async (_tx, emit) => {
        for (let i = 0; i < order.events; i++) {
          emit({ type: 'truck.updated', subject: { kind: 'truck', id: 1 }, data: { note: 'bench', i } });
        }
      }).then(() => process.send?.({ done: true }));
    }
  });
  const address = http.server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0, token });
}

process.once('message', (order: LiveServerOrder) => {
  if (typeof order === 'object' && 'databaseUrl' in order) {
    serve(order.databaseUrl).catch((error: unknown) => {
      process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
      process.exit(1);
    });
  }
});
