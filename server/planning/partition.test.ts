import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_ROWS, Partition } from './partition.ts';

interface Column {
  rows: number[];
  cost: number;
}

/** Cheapest exact cover by trying everything; Infinity when there is none. */
function cheapestCover(columns: Column[], rowCount: number): number {
  const visit = (covered: number): number => {
    if (covered === 2 ** rowCount - 1) return 0;
    let row = 0;
    while ((covered >> row) & 1) row++;
    let best = Infinity;
    for (const { rows, cost } of columns) {
      const mask = rows.reduce((sum, r) => sum | (1 << r), 0);
      if (rows.includes(row) && (mask & covered) === 0) best = Math.min(best, cost + visit(covered | mask));
    }
    return best;
  };
  return visit(0);
}

function fill(partition: Partition, columns: Column[], rowCount: number): void {
  partition.begin();
  partition.rowCount = rowCount;
  for (const { rows, cost } of columns) partition.add(Int32Array.from(rows), rows.length, cost);
}

const rowCount = 9;
/** One column a row, as the incumbent, and some others. */
const problems = fc.record({
  single: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: rowCount, maxLength: rowCount }),
  others: fc.array(
    fc.record({
      rows: fc.uniqueArray(fc.nat(rowCount - 1), { minLength: 1, maxLength: 4 }),
      cost: fc.integer({ min: 1, max: 200 }),
    }),
    { maxLength: 40 },
  ),
});

describe('set partitioning', () => {
  it('finds a cheaper exact cover when there is one, and none when there is not', () => {
    const partition = new Partition();
    fc.assert(
      fc.property(problems, ({ single, others }) => {
        const columns = [...single.map((cost, row) => ({ rows: [row], cost })), ...others];
        fill(partition, columns, rowCount);
        const incumbent = single.map((_, j) => j);
        const limit = single.reduce((sum, cost) => sum + cost, 0);
        let cost = limit;
        // Each answer is the next incumbent, as in the search.
        let answer = incumbent;
        while (partition.solve(answer, 10_000)) {
          answer = [...partition.answer];
          const covered = answer.flatMap((j) => (columns[j] as Column).rows).sort((a, b) => a - b);
          expect(covered).toEqual(single.map((_, row) => row));
          const next = answer.reduce((sum, j) => sum + (columns[j] as Column).cost, 0);
          expect(next).toBeLessThan(cost);
          cost = next;
        }
        expect(cost).toBe(cheapestCover(columns, rowCount));
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('combines columns of which none alone is better', () => {
    const partition = new Partition();
    const columns = [
      { rows: [0, 1], cost: 10 },
      { rows: [2, 3], cost: 10 },
      { rows: [0, 2], cost: 11 },
      { rows: [1, 3], cost: 8 },
    ];
    fill(partition, columns, 4);
    expect(partition.solve([0, 1], 100)).toBe(true);
    expect([...partition.answer].sort()).toEqual([2, 3]);
    expect(partition.solve([2, 3], 100)).toBe(false);
  });

  it('takes the most rows there may be', () => {
    const partition = new Partition();
    const half = MOST_ROWS / 2;
    const rows = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, i) => from + i);
    const columns = [
      { rows: rows(0, half), cost: 10 },
      { rows: rows(half, MOST_ROWS), cost: 10 },
      { rows: rows(0, MOST_ROWS), cost: 19 },
    ];
    fill(partition, columns, MOST_ROWS);
    expect(partition.solve([0, 1], 100)).toBe(true);
    expect(partition.answer).toEqual([2]);
  });
});
