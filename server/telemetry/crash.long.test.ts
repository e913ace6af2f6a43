import { describe, expect, inject, it } from 'vitest';
import { openTestDatabase, testDatabaseKind } from '../../tests/database/open.ts';
import { countLost, killUnderLoad, startCrashServer } from '../../tests/telemetry/crash.ts';
import { addDevice } from '../../tests/telemetry/telemetry-server.ts';

const ROUNDS = 40;
const DEVICES = 40;

describe.runIf(testDatabaseKind() === 'postgres')('a server killed again and again', () => {
  it('has stored every fix it ever acknowledged', async () => {
    const source = inject('testDatabase');
    const database = await openTestDatabase();
    const [name] = await database.sql<{ name: string }[]>`select current_database() as name`;
    const url = `${source.kind === 'postgres' ? source.server : ''}/${name!.name}`;
    const devices = [];
    for (let i = 0; i < DEVICES; i++) devices.push(await addDevice(database));
    for (let round = 0; round < ROUNDS; round++) {
      const fromMs = Date.now() - 6 * 86_400_000 + round * 3 * 3_600_000;
      // Killed at another moment each time: while it settles, appends, or answers.
      const acknowledged = await killUnderLoad(await startCrashServer(url), devices, fromMs, 40 + round * 23);
      expect(await countLost(database, acknowledged)).toBe(0);
    }
    await database.drop();
  });
});
