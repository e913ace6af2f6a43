import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../server/db/connect.ts';
import { migrateUp } from '../../server/db/migrate.ts';
import { silentLog } from '../../server/ops/log.ts';
import { INGEST_LIMITS } from '../../server/telemetry/ingest.ts';
import { postgresPrograms, startCluster } from '../database/cluster.ts';
import { testDatabaseKind } from '../database/open.ts';
import { startInstance, type Instance } from '../instances/instance.ts';
import { countLost } from './crash.ts';
import { startLoad, type Load } from './load.ts';
import { addDevice } from './telemetry-server.ts';

const DEVICES = 40;
/** What the devices offer at once: more than the server takes before it pauses them. */
const OFFERED = { fixesPerFrame: 50, framesInFlight: 20 };
const SLOW = 60_000;
const MIB = 2 ** 20;

let days = 6;

/** A durable PostgreSQL of its own, a whole server on it, and devices that never stop sending. */
async function openHouse(settings: Parameters<typeof startCluster>[0] = {}) {
  const cluster = await startCluster({ durable: true, ...settings });
  const url = cluster.url('postgres');
  const open = () => connectDatabase({ databaseUrl: url, log: silentLog(), pool: { db: 1, sql: 1 } });
  const database = await open();
  await migrateUp(database.sql);
  const devices: { deviceId: number; token: string }[] = [];
  for (let i = 0; i < DEVICES; i++) devices.push(await addDevice(database));
  await database.close();
  const server = await startInstance({ databaseUrl: url });
  return { cluster, server, devices, open };
}

type House = Awaited<ReturnType<typeof openHouse>>;

async function closeHouse(house: House | undefined): Promise<void> {
  if (house?.server.isRunning()) await house.server.kill();
  house?.cluster.stop();
}

function load({ server, devices }: House): Promise<Load> {
  days -= 1;
  return startLoad({ wsUrl: server.wsUrl, devices, fromMs: Date.now() - days * 86_400_000, ...OFFERED });
}

const healthIs = (server: Instance, code: number, status: string) =>
  expect
    .poll(() => server.health().then((answer) => [answer?.code, answer?.status]), {
      timeout: SLOW,
      interval: 200,
    })
    .toEqual([code, status]);

async function rate(running: Load, fixes: number): Promise<number> {
  const startedAt = performance.now();
  await running.more(fixes);
  return (fixes * 1_000) / (performance.now() - startedAt);
}

/** Everything the devices were told, against the database; nothing may be missing, nothing may be there twice. */
async function expectNothingLost(house: House, running: Load): Promise<void> {
  await running.settle();
  const database: Database = await house.open();
  try {
    expect(running.count()).toBeGreaterThan(DEVICES * OFFERED.fixesPerFrame);
    expect(await countLost(database, running.acknowledged)).toBe(0);
  } finally {
    await database.close();
  }
}

/** The server lost its database: it says so, takes no more than it can hold, and does not grow. */
async function expectHeldBack(server: Instance, running: Load, rssBefore: number): Promise<void> {
  await healthIs(server, 503, 'unhealthy');
  await expect.poll(() => server.metric('epagal_devices_paused'), { timeout: SLOW }).toBe(DEVICES);
  const stuckAt = running.count();
  const queued = await server.metric('epagal_ingest_queued_fixes');
  // Devices that were paused before the end are let go below the low mark only, and the end may come at any point above
  // it; what was read in one go when the pause came is on top of the high one.
  expect(queued).toBeGreaterThan(INGEST_LIMITS.lowWaterRows);
  expect(queued).toBeLessThan(INGEST_LIMITS.highWaterRows + DEVICES * 300);
  expect(await server.metric('process_resident_memory_bytes')).toBeLessThan(rssBefore + 150 * MIB);
  expect(running.count()).toBe(stuckAt);
}

describe.runIf(testDatabaseKind() === 'postgres' && postgresPrograms() !== null)(
  'PostgreSQL under load',
  () => {
    let house: House;
    beforeAll(async () => {
      house = await openHouse();
    }, 240_000);
    afterAll(() => closeHouse(house));
    // What one test found wrong while the database was down must not keep the next one waiting for it.
    afterEach(() => house.cluster.start());

    it('killed with SIGKILL loses no acknowledged fix; devices wait, and go on as fast as before', async () => {
      const { cluster, server } = house;
      await healthIs(server, 200, 'healthy');
      const running = await load(house);
      const before = await rate(running, 20_000);
      const rssBefore = await server.metric('process_resident_memory_bytes');
      await cluster.crash();
      await expectHeldBack(server, running, rssBefore);

      cluster.start();
      await running.more(1);
      await healthIs(server, 200, 'healthy');
      // The two are taken seconds apart on a machine that does other things as well: only a server that goes on waiting
      // between its tries is ten times slower, each time.
      let after = 0;
      for (let n = 0; n < 4 && after / before <= 0.1; n++) {
        await running.more(10_000);
        after = await rate(running, 20_000);
      }
      expect(after / before).toBeGreaterThan(0.1);
      await expectNothingLost(house, running);
      running.close();
    }, 240_000);

    it('restarted by its administrator, again and again, loses no acknowledged fix', async () => {
      const running = await load(house);
      for (let round = 0; round < 3; round++) {
        await running.more(8_000);
        house.cluster.restart();
      }
      await running.more(8_000);
      await expectNothingLost(house, running);
      await healthIs(house.server, 200, 'healthy');
      running.close();
    }, 240_000);
  },
);

const DISK_MIB = 256;
const mayMount = process.getuid?.() === 0 && canMount();

/** A small disk of its own needs the right to mount one. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'epagal-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.runIf(testDatabaseKind() === 'postgres' && postgresPrograms() !== null && mayMount)(
  'PostgreSQL on a full disk',
  () => {
    let disk: string;
    let house: House;
    beforeAll(async () => {
      disk = mkdtempSync(join(tmpdir(), 'epagal-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0777`, 'tmpfs', disk]);
      chmodSync(disk, 0o777);
      const settings = [
        'max_wal_size=64MB',
        'min_wal_size=32MB',
        'shared_buffers=16MB',
        'checkpoint_timeout=30s',
      ];
      house = await openHouse({ within: disk, settings });
    }, 240_000);
    afterAll(async () => {
      await closeHouse(house);
      execFileSync('umount', ['--lazy', disk]);
      rmSync(disk, { recursive: true, force: true });
    });

    it('loses no acknowledged fix, and goes on by itself once there is room', async () => {
      const { cluster, server } = house;
      const running = await load(house);
      await running.more(5_000);
      const rssBefore = await server.metric('process_resident_memory_bytes');

      const ballast = join(disk, 'ballast');
      fill(ballast);
      // The database may find room once more, in what it had set aside: it is over when it says so, and nothing comes.
      await expect
        .poll(() => server.metric('epagal_ingest_failed_batches_total'), { timeout: SLOW })
        .toBeGreaterThan(0);
      await stuck(running);
      await expect.poll(() => server.metric('epagal_devices_paused'), { timeout: SLOW }).toBe(DEVICES);
      expect(await server.metric('process_resident_memory_bytes')).toBeLessThan(rssBefore + 150 * MIB);
      expect(server.isRunning()).toBe(true);

      truncateSync(ballast, 0);
      // One that could not even write its log has given up: whoever looks after it starts it again.
      cluster.start();
      await running.more(20_000);
      await healthIs(server, 200, 'healthy');
      await expectNothingLost(house, running);
      running.close();
    }, 240_000);
  },
);

/** Writes until the disk takes no more. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(MIB / 4, 1));
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

/** Resolves once nothing was acknowledged for two seconds. */
async function stuck(running: Load): Promise<void> {
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const quiet = new Promise<'quiet'>((resolve) => (timer = setTimeout(() => resolve('quiet'), 2_000)));
    const moved = running.more(1).then(() => 'moved' as const);
    const what = await Promise.race([quiet, moved]);
    clearTimeout(timer);
    if (what === 'quiet') return;
  }
}
