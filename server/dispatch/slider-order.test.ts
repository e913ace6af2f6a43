import { describe, expect, it } from 'vitest';
import { keepsOrder } from './slider-order.ts';

describe('the points of the slider are in order', () => {
  const shown = { moved: 10, costS: 5_000 };
  it.each([
    ['minimal', { moved: 8, costS: 5_200 }, true],
    ['minimal', { moved: 10, costS: 5_000 }, true],
    ['minimal', { moved: 12, costS: 4_800 }, false],
    ['minimal', { moved: 12, costS: 5_200 }, false],
    ['maximal', { moved: 14, costS: 4_800 }, true],
    ['maximal', { moved: 14, costS: 5_200 }, false],
    ['maximal', { moved: 8, costS: 5_200 }, false],
  ] as const)('%s with %o beside the default: %s', (name, found, keeps) => {
    expect(keepsOrder(name, found, shown)).toBe(keeps);
  });
});
