/** A position server to be killed: `crash-server.ts URL|FOLDER`. Prints its port. */
import { createServer } from 'node:http';
import { connectDatabase } from '../../server/db/connect.ts';
import { createLocalBus } from '../../server/events/bus.ts';
import { silentLog } from '../../server/ops/log.ts';
import { createTelemetry } from '../../server/telemetry/index.ts';

const where = process.argv[2] ?? '';
const log = silentLog();
const database = await connectDatabase(
  where.startsWith('postgres://') ? { databaseUrl: where, log } : { dataDir: where, log },
);
const telemetry = await createTelemetry({ store: { database, clock: Date.now, bus: createLocalBus() }, log });
const server = createServer();
telemetry.attach(server);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
