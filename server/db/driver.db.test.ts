import { describe, expect, it } from 'vitest';
import { postgresPrograms, startCluster } from '../../tests/database/cluster.ts';
import { testDatabaseKind } from '../../tests/database/open.ts';
import { silentLog } from '../ops/log.ts';
import { connectDatabase } from './connect.ts';

const ROUNDS = 3;

describe.runIf(testDatabaseKind() === 'postgres' && postgresPrograms() !== null)('the driver', () => {
  it('survives a database that is killed in the middle of transactions, and uses it again once it is back', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => void uncaught.push(error);
    process.on('uncaughtException', note);
    const cluster = await startCluster({ durable: true });
    const database = await connectDatabase({
      databaseUrl: cluster.url('postgres'),
      log: silentLog(),
      pool: { db: 4, sql: 4 },
    });
    try {
      await database.sql`create table counted (n int not null)`;
      let isOver = false;
      let failed = 0;
      let committed = 0;
      const work = async () => {
        while (!isOver) {
          await database.sql
            .begin(async (tx) => {
              await tx`insert into counted values (1)`;
              await Promise.all([tx`select pg_sleep(0.002)`, tx`select count(*) from counted`]);
            })
            .then(
              () => (committed += 1),
              () => (failed += 1),
            );
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const workers = Array.from({ length: 8 }, work);
      for (let round = 0; round < ROUNDS; round++) {
        const before = committed;
        await expect.poll(() => committed, { timeout: 60_000 }).toBeGreaterThan(before + 20);
        await cluster.crash();
        cluster.start();
      }
      const before = committed;
      await expect.poll(() => committed, { timeout: 60_000 }).toBeGreaterThan(before + 20);
      isOver = true;
      // Each of them ends: none hangs on a connection that died.
      await Promise.all(workers);
      expect(failed).toBeGreaterThan(0);
      const [row] = await database.sql<{ count: number }[]>`select count(*)::int as count from counted`;
      expect(row!.count).toBeLessThanOrEqual(committed + failed);
      expect(uncaught).toEqual([]);
    } finally {
      process.off('uncaughtException', note);
      await database.close();
      cluster.stop();
    }
  }, 300_000);
});
