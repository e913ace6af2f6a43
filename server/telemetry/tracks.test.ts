import { describe, expect, it } from 'vitest';
import { setImmediate } from 'node:timers/promises';
import type { Database } from '../db/connect.ts';
import { trackOf } from './tracks.ts';

/** A database that answers at once: whatever lets others have their turn is not it. */
function holding(rows: readonly unknown[]): Database {
  return { sql: () => Promise.resolve(rows) } as unknown as Database;
}

describe('a track of very many fixes', () => {
  it('is thinned piece by piece: devices and screens have their turn in between', async () => {
    const rows = Array.from({ length: 35_000 }, (_, i) => ({
      deviceId: 1,
      t: i * 1_000,
      lat: -0.96 + 0.001 * Math.sin(i / 300),
      lon: -78.64 + i * 1e-5,
      speed: 1,
      heading: null,
      accuracy: null,
      flag: null,
      ignition: null,
    }));
    let turns = 0;
    let isOver = false;
    const others = (async () => {
      while (!isOver) {
        await setImmediate();
        turns += 1;
      }
    })();
    const { fixes, thinned } = await trackOf(holding(rows), 1, new Date(0), new Date(35_000_000), 2_000);
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(3);
    await others;
    expect(thinned).toMatchObject({ of: 35_000 });
    expect(fixes.length).toBeLessThanOrEqual(2_000);
    expect(fixes[0]!.t).toBe(0);
    expect(fixes.at(-1)!.t).toBe(34_999_000);
    expect(fixes.every((fix, i) => i === 0 || fix.t > fixes[i - 1]!.t)).toBe(true);
  });
});
