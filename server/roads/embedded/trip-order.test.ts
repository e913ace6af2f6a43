import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderCost, tripOrder, type TripEnds } from './trip-order.ts';

const ends: fc.Arbitrary<TripEnds> = fc
  .record({ fixedFirst: fc.boolean(), fixedLast: fc.boolean(), closed: fc.boolean() })
  .filter((choice) => choice.closed || choice.fixedFirst || choice.fixedLast);

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

describe('the order of a trip', () => {
  it('is the best there is for few stops', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 36, maxLength: 36 }),
        ends,
        (n, numbers, choice) => {
          const cost = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 0 : numbers[i]!));
          const best = permutations([...Array(n).keys()])
            .filter((order) => !choice.fixedFirst || order[0] === 0)
            .filter((order) => !choice.fixedLast || order.at(-1) === n - 1)
            .reduce((least, order) => Math.min(least, orderCost(cost, n, order, choice)), Infinity);
          const order = tripOrder(cost, n, choice)!;
          expect(order.toSorted((a, b) => a - b)).toEqual([...Array(n).keys()]);
          expect(orderCost(cost, n, order, choice)).toBe(best);
        },
      ),
      { seed: 41, numRuns: 80 },
    );
  });

  it('keeps fixed ends and visits all of many stops, close to a known round', () => {
    const n = 40;
    const angle = (i: number): number => (((i * 17) % n) / n) * 2 * Math.PI;
    const cost = Float64Array.from({ length: n * n }, (_, cell) => {
      const [i, j] = [Math.floor(cell / n), cell % n];
      return Math.hypot(Math.cos(angle(i)) - Math.cos(angle(j)), Math.sin(angle(i)) - Math.sin(angle(j)));
    });
    const order = tripOrder(cost, n, { fixedFirst: true, fixedLast: false, closed: true })!;
    expect(order[0]).toBe(0);
    expect(new Set(order).size).toBe(n);
    expect(orderCost(cost, n, order, { fixedFirst: true, fixedLast: false, closed: true })).toBeLessThan(6.3);
  });

  it('is refused where some stop cannot be reached', () => {
    const cost = Float64Array.from([0, 5, NaN, 5, 0, NaN, NaN, NaN, 0]);
    expect(tripOrder(cost, 3, { fixedFirst: true, fixedLast: false, closed: true })).toBeNull();
  });
});
