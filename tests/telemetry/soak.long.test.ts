import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import { postgresPrograms } from '../database/cluster.ts';

const DEVICES = 5_000;
const MINUTES = 10;

it.runIf(postgresPrograms() !== null)(
  'five thousand devices at a fix a second for ten minutes: nothing lost or doubled, memory flat, the loop free',
  async () => {
    const flags = ['--devices', String(DEVICES), '--hz', '1', '--minutes', String(MINUTES)];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'bench/ingest.ts', ...flags],
      { cwd: PROJECT_ROOT, maxBuffer: 2 ** 24 },
    );
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
    expect(result).toMatchObject({ devices: DEVICES, lost: 0, duplicated: 0, closed: 0 });
    expect(result.productPerS).toBeGreaterThan(DEVICES * 0.98);
    expect(result.heapGrowthMbPerMin).toBeLessThan(1);
    // The promise is 50 and 250 ms on a quiet machine; this one shares its two cores with the fleet and the database.
    expect(result.loopDelayP99Ms).toBeLessThan(150);
    expect(result.ackP99Ms).toBeLessThan(1_000);
  },
);
