import { describe, expect, it } from 'vitest';
import { keepProbability, promiseLevel } from './promise.ts';

const at = (minutes: number) => new Date(Date.parse('2026-11-24T15:00:00Z') + minutes * 60_000).toISOString();
const arrival = { eta: at(30), etaEarliest: at(26), etaLatest: at(40) };

describe('promise', () => {
  it('is even when the window ends at the expected arrival', () => {
    expect(keepProbability(arrival, at(30))).toBeCloseTo(0.5, 3);
  });

  it('is 90 % at the late edge of the range and 10 % at the early one', () => {
    expect(keepProbability(arrival, at(40))).toBeCloseTo(0.9, 3);
    expect(keepProbability(arrival, at(26))).toBeCloseTo(0.1, 3);
  });

  it('never falls as the window grows', () => {
    let before = 0;
    for (let minute = 0; minute < 90; minute++) {
      const now = keepProbability(arrival, at(minute));
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
  });

  it('has a level by the percent shown', () => {
    expect(promiseLevel(0.896)).toBe('ok');
    expect(promiseLevel(0.894)).toBe('risk');
    expect(promiseLevel(0.6)).toBe('risk');
    expect(promiseLevel(0.59)).toBe('crit');
  });
});
