import { expect, it } from 'vitest';
import { threadsFor } from './plan-threads.ts';

it('a search bounded by time gets no more threads than cores; one bounded by rounds is the same everywhere', () => {
  expect(threadsFor(64, {}, 2)).toBe(2);
  expect(threadsFor(2, {}, 1)).toBe(2);
  expect(threadsFor(3, {}, 8)).toBe(3);
  expect(threadsFor(1, {}, 8)).toBe(1);
  expect(threadsFor(5, { iterations: 100 }, 2)).toBe(5);
});
