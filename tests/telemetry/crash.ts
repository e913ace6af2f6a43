import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../server/db/connect.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import { connectDevice } from './telemetry-server.ts';

/** What devices were told is stored: instants by device. */
export type Acknowledged = Map<number, number[]>;

const SERVER = fileURLToPath(new URL('./crash-server.ts', import.meta.url));

export async function startCrashServer(where: string): Promise<{ child: ChildProcess; wsUrl: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', SERVER, where], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout!.once('data', (data: Buffer) => resolve(data.toString().trim()));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)));
  });
  return { child, wsUrl: `ws://127.0.0.1:${port}/gps` };
}

/**
 * Devices send as fast as they are answered; in the middle of it the server is killed (SIGKILL). Returns what was
 * acknowledged until then.
 */
export async function killUnderLoad(
  server: { child: ChildProcess; wsUrl: string },
  devices: readonly { deviceId: number; token: string }[],
  fromMs: number,
  acksBeforeKill: number,
): Promise<Acknowledged> {
  const acknowledged: Acknowledged = new Map(devices.map((device) => [device.deviceId, []]));
  let acks = 0;
  const ended = new Promise<void>((resolve) => server.child.once('exit', () => resolve()));
  await Promise.all(
    devices.map(async ({ deviceId, token }, index) => {
      const client = await connectDevice(server.wsUrl, token);
      const gone = client.closed.then(() => null);
      for (let seq = 0; ; seq++) {
        const instants = Array.from({ length: 5 }, (_, i) => fromMs + (seq * 5 + i) * 1_000 + index);
        // Every other frame arrives newest first: that takes the settling way.
        if (seq % 2 === 1) instants.reverse();
        const fixes = instants.map((t) => ({ t, lat: -0.93 + index / 10_000, lon: -78.61 }));
        const answer = await Promise.race([client.ask({ seq, fixes }), gone]);
        if (answer === null) return;
        if (answer.ack !== seq || answer.stored !== 5)
          throw new Error(`unexpected answer ${JSON.stringify(answer)}`);
        acknowledged.get(deviceId)!.push(...instants);
        acks += 1;
        if (acks === acksBeforeKill) server.child.kill('SIGKILL');
      }
    }),
  );
  await ended;
  return acknowledged;
}

/** How many acknowledged fixes the database does not have. @throws Error when it has one twice */
export async function countLost(database: Database, acknowledged: Acknowledged): Promise<number> {
  let missing = 0;
  for (const [deviceId, instants] of acknowledged) {
    const rows = await database.sql<{ t: number }[]>`
      select round(extract(epoch from recorded_at) * 1000)::float8 as t from tracks where device_id = ${deviceId}`;
    const stored = new Set(rows.map((row) => row.t));
    if (stored.size !== rows.length) throw new Error(`device ${deviceId} has a fix twice`);
    missing += instants.filter((t) => !stored.has(t)).length;
  }
  return missing;
}
