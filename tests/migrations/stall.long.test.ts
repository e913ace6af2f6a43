import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresPrograms, startCluster, type Cluster } from '../database/cluster.ts';
import { measureStalls } from './stall.ts';

const ROWS = Number(process.env.STALL_ROWS ?? 10_000_000);
const LIMIT_MS = 1_000;

/** On a cluster of its own that is safe against power cuts, as an installation's is. */
describe.skipIf(!postgresPrograms())('migrations beside a city at work', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ durable: true });
  });
  afterAll(() => cluster.stop());

  it(`keep nobody waiting for a second, with ${ROWS.toLocaleString('en')} tracks`, async () => {
    const stalls = await measureStalls(cluster.url('postgres'), ROWS);
    for (const { step, tookMs, longestMs, writes } of stalls)
      console.log(
        `${step}: ${tookMs.toFixed(0)} ms, longest wait ${longestMs.toFixed(0)} ms, ${writes} writes`,
      );
    expect(stalls.length).toBeGreaterThan(2);
    for (const { step, longestMs } of stalls) expect(longestMs, step).toBeLessThan(LIMIT_MS);
  });
});
