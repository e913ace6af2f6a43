import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isInside, joinRings, signedArea } from './rings.ts';

describe('joinRings', () => {
  test('joins pieces end to end, whatever their order and direction', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 30 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 28 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        (size, breaks, flips) => {
          const ring = Array.from({ length: size }, (_, i) => i).concat(0);
          const cuts = [0, ...breaks.filter((at) => at < size).sort((a, b) => a - b), size];
          const pieces = cuts.slice(1).map((to, i) => ring.slice(cuts[i], to + 1));
          const shuffled = pieces.map((piece, i) => (flips[i] ? [...piece].reverse() : piece)).reverse();
          const joined = joinRings(shuffled);
          expect(joined).toHaveLength(1);
          expect(joined[0]).toHaveLength(size + 1);
          expect(joined[0]?.[0]).toBe(joined[0]?.at(-1));
          expect(new Set(joined[0])).toEqual(new Set(ring));
        },
      ),
      { seed: 7 },
    );
  });

  test('leaves out what an extract has cut open', () => {
    expect(joinRings([[1, 2, 3], [3, 4], [9, 8], []])).toEqual([]);
  });

  test('makes two rings of two islands', () => {
    expect(
      joinRings([
        [1, 2, 3, 1],
        [4, 5],
        [6, 4],
        [5, 6],
      ]).map((ring) => ring.length),
    ).toEqual([4, 4]);
  });
});

test('area and inside of a square', () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10, 0, 0];
  expect(signedArea(square)).toBe(100);
  expect(isInside(5, 5, square)).toBe(true);
  expect(isInside(15, 5, square)).toBe(false);
});
