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
 * With `--hz F --minutes M` the product alone, at so many fixes a second a device for so long: what it needs, and
 * whether its memory stays flat (`--devices 5000 --hz 1 --minutes 10`).
 */
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '6' },
    window: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
    hz: { type: 'string' },
    minutes: { type: 'string', default: '1' },
  },
});
const devices = Number(values.devices);
const steadyHz = values.hz === undefined ? null : Number(values.hz);
const seconds = steadyHz === null ? Number(values.seconds) : Number(values.minutes) * 60;
const window = Number(values.window);
const rounds = Number(values.rounds);

interface Measure {
  loopDelayP99Ms: number;
  loopDelayMaxMs: number;
  rssMb: number;
  /** After a collection, where the process may ask for one. */
  heapMb: number;
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

const SAMPLE_MS = 10_000;

/** Devices at a steady rate by the wall clock; the server's memory and loop looked at every ten seconds. */
async function steady(databaseUrl: string, tokens: string[], hz: number) {
  const server = startProcess('./ingest-server.ts', ['--expose-gc']);
  server.send({ kind: 'product', databaseUrl } satisfies ServerOrder);
  const { port } = await answerOf<{ port: number }>(server);
  const fleet = startProcess('./fleet-process.ts');
  const url = `ws://127.0.0.1:${port}/gps`;
  fleet.send({
    url,
    tokens,
    fromMs: null,
    seconds,
    pace: { kind: 'paced', hz },
    repeatEvery: 500,
  } satisfies FleetOrder);
  const samples: (Measure & { atMin: number })[] = [];
  const startedAt = performance.now();
  let report: FleetReport | null = null;
  const ended = answerOf<{ report: FleetReport }>(fleet).then((answer) => (report = answer.report));
  while (report === null) {
    const pause = new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    await Promise.race([ended, pause]);
    server.send('measure' satisfies ServerOrder);
    const measure = await answerOf<Measure>(server);
    const atMin = (performance.now() - startedAt) / 60_000;
    samples.push({ ...measure, atMin });
    console.log(
      `${rounded(atMin)} min: rss ${Math.round(measure.rssMb)} MB, heap ${rounded(measure.heapMb)} MB, ` +
        `loop p99 ${rounded(measure.loopDelayP99Ms)} max ${rounded(measure.loopDelayMaxMs)} ms, ` +
        `cpu ${Math.round(measure.cpuMs / (SAMPLE_MS / 100))} %`,
    );
  }
  fleet.kill();
  server.send('stop' satisfies ServerOrder);
  await new Promise((resolve) => server.once('exit', resolve));
  // The first minute fills caches and pools; a short run has only its second half to judge by.
  const settled = samples.filter(({ atMin }) => atMin >= Math.min(1, seconds / 120));
  return {
    fleet: report as FleetReport,
    loopDelayP99Ms: Math.max(...settled.map((sample) => sample.loopDelayP99Ms)),
    rssMb: Math.max(...samples.map((sample) => sample.rssMb)),
    heapGrowthMbPerMin: slope(settled.map(({ atMin, heapMb }) => [atMin, heapMb])),
  };
}

/** Least squares: how fast y grows with x. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / Math.max(1, points.length);
  const [x, y] = [mean((p) => p[0]), mean((p) => p[1])];
  const spread = points.reduce((sum, p) => sum + (p[0] - x) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, p) => sum + (p[0] - x) * (p[1] - y), 0) / spread;
}

async function countTracks(database: Database): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`select count(*)::float8 as count from tracks`;
  return row!.count;
}

/** What of a run the table has and should not have, or should have and has not. */
interface Balance {
  lost: number;
  duplicated: number;
}

async function counted(
  database: Database,
  balance: Balance,
  run: () => Promise<{ fleet: FleetReport }>,
): Promise<void> {
  const before = await countTracks(database);
  const { fleet } = await run();
  const rows = (await countTracks(database)) - before;
  balance.lost += Math.max(0, fleet.stored - rows);
  balance.duplicated += Math.max(0, rows - fleet.sentFixes, fleet.stored - fleet.sentFixes);
  if (fleet.acked === fleet.sentFixes + fleet.repeated) {
    balance.duplicated += Math.abs(fleet.duplicate - fleet.repeated);
  }
}

/** The product beside the bare pipeline, each at full speed, and the product at half of its own. */
async function compare(database: Database, databaseUrl: string, tokens: string[]): Promise<object> {
  const full = { kind: 'full', window } as const;
  const balance: Balance = { lost: 0, duplicated: 0 };
  const best = { product: 0, bare: 0, loopDelayP99Ms: 0, rssMb: 0 };
  for (let i = 0; i < rounds; i++) {
    await database.sql`checkpoint`;
    best.bare = Math.max(best.bare, (await round('bare', databaseUrl, tokens, full, 0)).fleet.ackedPerS);
    await database.sql`checkpoint`;
    await counted(database, balance, async () => {
      const { fleet, measure } = await round('product', databaseUrl, tokens, full, 500);
      if (fleet.ackedPerS > best.product) {
        best.product = fleet.ackedPerS;
        best.loopDelayP99Ms = measure.loopDelayP99Ms;
        best.rssMb = measure.rssMb;
      }
      return { fleet };
    });
  }
  let ackP99Ms = 0;
  await counted(database, balance, async () => {
    const pace = { kind: 'paced', hz: best.product / 2 / devices } as const;
    const { fleet, measure } = await round('product', databaseUrl, tokens, pace, 500);
    ackP99Ms = fleet.ackP99Ms;
    best.loopDelayP99Ms = Math.max(best.loopDelayP99Ms, measure.loopDelayP99Ms);
    return { fleet };
  });
  return {
    productPerS: Math.round(best.product),
    barePerS: Math.round(best.bare),
    ratio: rounded(best.product / best.bare, 2),
    devices,
    ...balance,
    ackP99Ms: rounded(ackP99Ms),
    loopDelayP99Ms: rounded(best.loopDelayP99Ms),
    rssMb: Math.round(best.rssMb),
  };
}

/** The product alone at a steady rate. */
async function endure(database: Database, databaseUrl: string, tokens: string[], hz: number) {
  const balance: Balance = { lost: 0, duplicated: 0 };
  let told = {};
  await counted(database, balance, async () => {
    const run = await steady(databaseUrl, tokens, hz);
    told = {
      productPerS: Math.round(run.fleet.ackedPerS),
      devices,
      hz,
      minutes: seconds / 60,
      ackP99Ms: rounded(run.fleet.ackP99Ms),
      loopDelayP99Ms: rounded(run.loopDelayP99Ms),
      rssMb: Math.round(run.rssMb),
      heapGrowthMbPerMin: rounded(run.heapGrowthMbPerMin, 2),
      closed: run.fleet.closed,
    };
    return run;
  });
  return { ...told, ...balance };
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
  const result =
    steadyHz === null
      ? await compare(database, databaseUrl, tokens)
      : await endure(database, databaseUrl, tokens, steadyHz);
  await database.close();
  console.log(JSON.stringify(result));
} finally {
  cluster.stop();
}
