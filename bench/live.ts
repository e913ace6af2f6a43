import { parseArgs } from 'node:util';
import { connectDatabase } from '../server/db/connect.ts';
import { migrateUp } from '../server/db/migrate.ts';
import { silentLog } from '../server/ops/log.ts';
import { startCluster } from '../tests/database/cluster.ts';
import type { FleetOrder } from './fleet-process.ts';
import type { LiveServerOrder } from './live-server.ts';
import { answerOf, rounded, seedDevices, startProcess } from './processes.ts';
import type { ScreensOrder, WatchReport } from './screens-process.ts';

/**
 * From a truck's clock to the screens: 1,000 trucks at 1 Hz over websockets, committed, and shown on 50 screens over
 * event streams; then what readers that do not read cost, and how fast one that lost its connection has caught up.
 * `--screens N --trucks N --seconds S`; the last line is JSON.
 */
const { values } = parseArgs({
  options: {
    screens: { type: 'string', default: '50' },
    trucks: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '15' },
    paused: { type: 'string', default: '10' },
  },
});
const screens = Number(values.screens);
const trucks = Number(values.trucks);
const seconds = Number(values.seconds);
const pausedScreens = Number(values.paused);
const MISSED_EVENTS = 1_000;

const cluster = await startCluster({ durable: true });
const server = startProcess('./live-server.ts', ['--expose-gc']);
const fleet = startProcess('./fleet-process.ts');
const wall = startProcess('./screens-process.ts');
const tell = (order: LiveServerOrder) => server.send(order);
const ask = async <T>(order: ScreensOrder): Promise<T> => {
  wall.send(order);
  return (await answerOf<{ report: T }>(wall)).report;
};
const usedMb = async () => {
  tell('memory');
  return (await answerOf<{ usedMb: number }>(server)).usedMb;
};

try {
  const databaseUrl = cluster.url('postgres');
  const database = await connectDatabase({ databaseUrl, log: silentLog() });
  await migrateUp(database.sql);
  const tokens = await seedDevices(database, trucks);
  tell({ databaseUrl });
  const { port, token } = await answerOf<{ port: number; token: string }>(server);
  const url = `http://127.0.0.1:${port}`;
  const drive = (forSeconds: number) => {
    const order: FleetOrder = {
      url: `ws://127.0.0.1:${port}/gps`,
      tokens,
      fromMs: null,
      seconds: forSeconds,
      pace: { kind: 'paced', hz: 1 },
      repeatEvery: 0,
    };
    fleet.send(order);
    return answerOf(fleet);
  };

  const driven = drive(seconds + 3);
  const watched = await ask<WatchReport>({ kind: 'watch', url, token, screens, seconds, ignoreMs: 4_000 });
  await driven;
  console.log(
    `${screens} screens, ${trucks} trucks: ${watched.updates} truck updates, p50 ${watched.p50Ms} p95 ${watched.p95Ms} ` +
      `max ${watched.maxMs} ms, every screen saw at least ${watched.trucksSeen} trucks`,
  );

  // Readers that do not read: first without, then with them, the same drive.
  await drive(seconds);
  const withoutMb = await usedMb();
  await ask({ kind: 'pause', url, token, screens: pausedScreens });
  const driving = drive(seconds + 3);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const withMb = await usedMb();
  const { oldestMs } = await ask<{ oldestMs: number }>({ kind: 'wake' });
  await driving;
  const pausedReaderMb = Math.max(0, withMb - withoutMb);
  console.log(
    `${pausedScreens} paused screens: memory ${rounded(withoutMb)} → ${rounded(withMb)} MB; awake, the newest fix is ${oldestMs} ms old`,
  );

  tell({ events: 1 });
  await answerOf(server);
  const [head] = await database.sql<{ id: number }[]>`select last_id::float8 as id from event_head`;
  tell({ events: MISSED_EVENTS });
  await answerOf(server);
  const { resumeMs, isWhole } = await ask<{ resumeMs: number; isWhole: boolean }>({
    kind: 'resume',
    url,
    token,
    lastEventId: String(head!.id),
    untilId: head!.id + MISSED_EVENTS,
  });
  console.log(
    `${MISSED_EVENTS} missed events read in ${rounded(resumeMs)} ms, ${isWhole ? 'whole' : 'NOT WHOLE'}`,
  );
  await database.close();
  tell('stop');
  await new Promise((resolve) => server.once('exit', resolve));
  console.log(
    JSON.stringify({
      screens,
      trucks,
      p50Ms: rounded(watched.p50Ms),
      p95Ms: rounded(watched.p95Ms),
      resumeMs: rounded(resumeMs),
      pausedReaderMb: rounded(pausedReaderMb),
    }),
  );
  if (!isWhole || watched.trucksSeen < trucks) process.exitCode = 1;
} finally {
  for (const child of [server, fleet, wall]) child.kill();
  cluster.stop();
}
