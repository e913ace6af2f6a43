import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { openTestDatabase, testDatabaseKind } from '../../tests/database/open.ts';
import {
  countLost,
  killUnderLoad,
  startCrashServer,
  type Acknowledged,
} from '../../tests/telemetry/crash.ts';
import { addDevice } from '../../tests/telemetry/telemetry-server.ts';
import { connectDatabase, type Database } from '../db/connect.ts';
import { silentLog } from '../ops/log.ts';

const DEVICES = 12;

async function addDevices(database: Database) {
  const devices = [];
  for (let i = 0; i < DEVICES; i++) devices.push(await addDevice(database));
  return devices;
}

const count = (acknowledged: Acknowledged) =>
  [...acknowledged.values()].reduce((sum, list) => sum + list.length, 0);

describe('a server killed under load', () => {
  it.runIf(testDatabaseKind() === 'postgres')(
    'has stored every fix it acknowledged (PostgreSQL)',
    async () => {
      const source = inject('testDatabase');
      const database = await openTestDatabase();
      const [name] = await database.sql<{ name: string }[]>`select current_database() as name`;
      const url = `${source.kind === 'postgres' ? source.server : ''}/${name!.name}`;
      const devices = await addDevices(database);
      for (let round = 0; round < 3; round++) {
        const fromMs = Date.now() - (5 - round) * 86_400_000;
        const acknowledged = await killUnderLoad(await startCrashServer(url), devices, fromMs, 150);
        expect(count(acknowledged)).toBeGreaterThanOrEqual(150 * 5);
        expect(await countLost(database, acknowledged)).toBe(0);
      }
      await database.drop();
    },
  );

  it.runIf(testDatabaseKind() === 'embedded')(
    'has stored every fix it acknowledged (embedded)',
    async () => {
      const source = inject('testDatabase');
      const folder = mkdtempSync(join(tmpdir(), 'epagal-crash-'));
      if (source.kind === 'embedded') cpSync(source.templates.migrated, folder, { recursive: true });
      const open = () => connectDatabase({ dataDir: folder, log: silentLog() });
      const before = await open();
      const devices = await addDevices(before);
      await before.close();
      const acknowledged = await killUnderLoad(
        await startCrashServer(folder),
        devices,
        Date.now() - 5 * 86_400_000,
        60,
      );
      expect(count(acknowledged)).toBeGreaterThanOrEqual(60 * 5);
      const after = await open();
      expect(await countLost(after, acknowledged)).toBe(0);
      await after.close();
      rmSync(folder, { recursive: true, force: true });
    },
    240_000,
  );
});
