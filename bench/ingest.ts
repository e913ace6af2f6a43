import { parseArgs } from 'node:util';
import { connectDatabase, type Database } from '../server/db/connect.ts';
import { migrateUp } from '../server/db/migrate.ts';
import { ensureTrackPartitions } from '../server/db/track-partitions.ts';
import { silentLog } from '../server/ops/log.ts';
import { startCluster } from '../tests/database/cluster.ts';
import type { FleetOrder, FleetReport } from './fleet-process.ts';
import type { ServerOrder } from './ingest-server.ts';
import { answerOf, rounded, seedDevices, startProcess } from './processes.ts';

/**
 * How many fixes a second the product commits and acknowledges, beside a bare pipeline on the same machine, database
 * and wire: real PostgreSQL with fsync, real websockets, one fix a frame, the fleet in a process of its own.
 * `--devices N --seconds S --window W --rounds R`; the last line is JSON.
 */
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '6' },
    window: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
  },
});
const devices = Number(values.devices);
const seconds = Number(values.seconds);
const window = Number(values.window);
const rounds = Number(values.rounds);

interface Measure {
  loopDelayP99Ms: number;
  loopDelayMaxMs: number;
  rssMb: number;
  cpuMs: number;
}

let fleetClock = Date.now() - 5 * 86_400_000;

async function round(
  kind: 'product' | 'bare',
  databaseUrl: string,
  tokens: string[],
  pace: FleetOrder['pace'],
  repeatEvery: number,
): Promise<{ fleet: FleetReport; measure: Measure }> {
  const server = startProcess('./ingest-server.ts');
  server.send({ kind, databaseUrl } satisfies ServerOrder);
  const { port } = await answerOf<{ port: number }>(server);
  const fleet = startProcess('./fleet-process.ts');
  const order: FleetOrder = {
    url: `ws://127.0.0.1:${port}/gps`,
    tokens,
    fromMs: fleetClock,
    seconds,
    pace,
    repeatEvery,
  };
  // Later rounds start after the earlier ones' instants, so that each begins on fresh ground.
  fleetClock += 12 * 3_600_000;
  server.send('measure' satisfies ServerOrder);
  await answerOf(server);
  fleet.send(order);
  const { report } = await answerOf<{ report: FleetReport }>(fleet);
  fleet.kill();
  server.send('measure' satisfies ServerOrder);
  const measure = await answerOf<Measure>(server);
  server.send('stop' satisfies ServerOrder);
  await new Promise((resolve) => server.once('exit', resolve));
  console.log(
    `${kind} ${pace.kind}: ${Math.round(report.ackedPerS)} fixes/s, ack p50 ${rounded(report.ackP50Ms)} p99 ${rounded(report.ackP99Ms)} ms, ` +
      `loop p99 ${rounded(measure.loopDelayP99Ms)} max ${rounded(measure.loopDelayMaxMs)} ms, rss ${Math.round(measure.rssMb)} MB, ` +
      `cpu ${rounded((measure.cpuMs * 1_000) / report.acked)} µs a fix, closed ${report.closed}, rejected ${report.rejected}`,
  );
  return { fleet: report, measure };
}

async function countTracks(database: Database): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`select count(*)::float8 as count from tracks`;
  return row!.count;
}

const cluster = await startCluster({ durable: true });
const databaseUrl = cluster.url('postgres');
try {
  const database = await connectDatabase({ databaseUrl, log: silentLog() });
  await migrateUp(database.sql);
  await ensureTrackPartitions(
    database.sql,
    new Date(Date.now() - 7 * 86_400_000),
    new Date(Date.now() + 86_400_000),
  );
  const tokens = await seedDevices(database, devices);
  const full = { kind: 'full', window } as const;
  const best = { product: 0, bare: 0 };
  let lost = 0;
  let duplicated = 0;
  let loopDelayP99Ms = 0;
  let rssMb = 0;

  const check = async (before: number, fleet: FleetReport) => {
    const rows = (await countTracks(database)) - before;
    lost += Math.max(0, fleet.stored - rows);
    duplicated += Math.max(0, rows - fleet.sentFixes, fleet.stored - fleet.sentFixes);
    if (fleet.acked === fleet.sentFixes + fleet.repeated)
      duplicated += Math.abs(fleet.duplicate - fleet.repeated);
  };

  for (let i = 0; i < rounds; i++) {
    await database.sql`checkpoint`;
    best.bare = Math.max(best.bare, (await round('bare', databaseUrl, tokens, full, 0)).fleet.ackedPerS);
    await database.sql`checkpoint`;
    const before = await countTracks(database);
    const { fleet, measure } = await round('product', databaseUrl, tokens, full, 500);
    await check(before, fleet);
    if (fleet.ackedPerS > best.product) {
      best.product = fleet.ackedPerS;
      loopDelayP99Ms = measure.loopDelayP99Ms;
      rssMb = measure.rssMb;
    }
  }
  const before = await countTracks(database);
  const hz = best.product / 2 / devices;
  const half = await round('product', databaseUrl, tokens, { kind: 'paced', hz }, 500);
  await check(before, half.fleet);
  await database.close();
  console.log(
    JSON.stringify({
      productPerS: Math.round(best.product),
      barePerS: Math.round(best.bare),
      ratio: rounded(best.product / best.bare, 2),
      devices,
      lost,
      duplicated,
      ackP99Ms: rounded(half.fleet.ackP99Ms),
      loopDelayP99Ms: rounded(Math.max(loopDelayP99Ms, half.measure.loopDelayP99Ms)),
      rssMb: Math.round(rssMb),
    }),
  );
} finally {
  cluster.stop();
}
