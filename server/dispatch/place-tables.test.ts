import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LonLat, Roads } from '../roads/roads.ts';
import { forgetPlaceTables, placeTable, UNREACHABLE } from './place-tables.ts';

/** A router that counts the cells it is asked for; the way from a to b is not the way from b to a. */
function countingRoads() {
  const asked = { cells: 0, calls: 0, degraded: false };
  const seconds = ([ax, ay]: LonLat, [bx, by]: LonLat) =>
    ax === bx && ay === by
      ? 0
      : Math.round(1_000 * (Math.abs(ax - bx) + 2 * Math.abs(ay - by) + (ax > bx ? 0.5 : 0)));
  const roads = {
    async table(
      points: readonly LonLat[],
      opts: { sources?: readonly number[]; destinations?: readonly number[] } = {},
    ) {
      const from = (opts.sources ?? [...points.keys()]).map((index) => points[index]!);
      const to = (opts.destinations ?? [...points.keys()]).map((index) => points[index]!);
      asked.cells += from.length * to.length;
      asked.calls++;
      const durationsS = from.map((a) => to.map((b) => seconds(a, b)));
      return {
        durationsS,
        distancesM: durationsS.map((row) => row.map((s) => 7 * s)),
        degraded: asked.degraded,
      };
    },
  } as unknown as Roads;
  return { roads, asked, seconds };
}

const point = (n: number): LonLat => [-78.6 + n / 1_000, -0.93 - ((n * 7) % 13) / 1_000];
const question = (numbers: readonly number[], passing: readonly number[] = [], nowMs = 0) => ({
  points: numbers.map(point),
  passing: new Set(passing),
  nowMs,
});

describe('the table of places', () => {
  it('property: says what the router says, whatever was asked before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            numbers: fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 }),
            passing: fc.integer({ min: 0, max: 3 }),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        async (questions) => {
          const { roads, seconds } = countingRoads();
          for (const { numbers, passing } of questions) {
            const moving = [...numbers.keys()].slice(0, Math.min(passing, numbers.length - 1));
            const { durationsS, distancesM } = await placeTable(roads, question(numbers, moving));
            for (const [i, a] of numbers.entries()) {
              for (const [j, b] of numbers.entries()) {
                // Nobody drives to where a truck happens to be.
                if (moving.includes(j) && i !== j) continue;
                expect(durationsS[i]![j]).toBe(seconds(point(a), point(b)));
                expect(distancesM[i]![j]).toBe(7 * seconds(point(a), point(b)));
              }
            }
          }
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  it('asks only for what is new, and again for everything when the streets changed', async () => {
    const { roads, asked } = countingRoads();
    await placeTable(roads, question([0, 1, 2, 3]));
    expect(asked.cells).toBe(16);
    await placeTable(roads, question([3, 1]));
    expect(asked.cells).toBe(16);
    await placeTable(roads, question([0, 4]));
    // Its row to five places and its column from four.
    expect(asked.cells).toBe(16 + 5 + 4);
    await placeTable(roads, question([9, 0, 1, 2], [0]));
    expect(asked.cells).toBe(25 + 3);
    forgetPlaceTables(roads);
    await placeTable(roads, question([0, 1]));
    expect(asked.cells).toBe(28 + 4);
    await placeTable(roads, question([0, 1], [], 3_600_000));
    expect(asked.cells).toBe(32 + 4);
  });

  it('narrows what is asked of where the trucks are', async () => {
    const { roads, asked } = countingRoads();
    await placeTable(roads, question([1, 2, 3]));
    const before = asked.cells;
    const { durationsS } = await placeTable(roads, question([8, 9, 1, 2, 3], [0, 1]), new Set([3]));
    expect(asked.cells - before).toBe(2);
    expect(durationsS[0]![2]).toBe(UNREACHABLE);
    expect(durationsS[0]![3]).toBeLessThan(UNREACHABLE);
  });

  it('remembers no estimate as the way', async () => {
    const { roads, asked } = countingRoads();
    asked.degraded = true;
    expect((await placeTable(roads, question([0, 1]))).degraded).toBe(true);
    asked.degraded = false;
    expect((await placeTable(roads, question([0, 1]))).degraded).toBe(false);
    expect(asked.calls).toBe(2);
  });
});
