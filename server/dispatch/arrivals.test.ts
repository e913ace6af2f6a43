import { describe, expect, it } from 'vitest';
import { normalCdf } from './arrivals.ts';

describe('normalCdf', () => {
  it.each([
    [0, 0.5],
    [1, 0.841345],
    [-1.2816, 0.1],
    [3, 0.99865],
  ])('at %d is %d', (z, expected) => expect(normalCdf(z)).toBeCloseTo(expected, 4));
});
