import { describe, expect, it } from 'vitest';
import { DEVICE_LIMITS, fullBudget, resume, spend } from './rate.ts';

/**
 * A device that offers frames at a rate, read as a socket is: in chunks, not at all while waiting. What is offered
 * while waiting piles up in front of the door.
 */
function play(
  offeredPerS: (second: number) => number,
  seconds: number,
): { read: number; floodAtMs: number | null } {
  const budget = fullBudget(0);
  let piled = 0;
  let read = 0;
  let pausedUntil = 0;
  for (let now = 0; now < seconds * 1_000; now += 10) {
    piled += offeredPerS(now / 1_000) / 100;
    if (pausedUntil > now) continue;
    if (pausedUntil > 0) {
      const stillMs = resume(budget, now);
      if (stillMs > 0) {
        pausedUntil = now + stillMs;
        continue;
      }
      pausedUntil = 0;
    }
    // One chunk of the kernel's holds some 600 small frames.
    for (let chunk = 0; chunk < 600 && piled >= 1; chunk++) {
      piled -= 1;
      read += 1;
      const { waitMs, flood } = spend(budget, now, 1);
      if (flood) return { read, floodAtMs: now };
      if (waitMs > 0) pausedUntil = now + Math.min(waitMs, 1_000);
    }
  }
  return { read, floodAtMs: null };
}

describe("a device's rate", () => {
  it('lets 50 frames a second pass for ever', () => {
    expect(play(() => 50, 60)).toEqual({ read: expect.closeTo(3_000, -1), floodAtMs: null });
  });

  it('lets a burst of 500 pass at once', () => {
    const budget = fullBudget(0);
    for (let i = 0; i < 500; i++) expect(spend(budget, 0, 1)).toEqual({ waitMs: 0, flood: false });
    expect(spend(budget, 0, 1).waitMs).toBe(20);
    expect(resume(budget, 20)).toBe(0);
  });

  it('holds twice the rate down without closing', () => {
    const { read, floodAtMs } = play(() => 100, 60);
    expect(floodAtMs).toBeNull();
    expect(read).toBeLessThan(6_000);
  });

  it('drains a backlog of 20,000 frames and goes on', () => {
    expect(play((second) => (second < 0.01 ? 2_000_000 : 1), 60)).toEqual({
      read: expect.closeTo(20_060, -2),
      floodAtMs: null,
    });
  });

  it('calls ten times the rate a flood, after ten seconds and not before', () => {
    const { floodAtMs } = play(() => 600, 30);
    expect(floodAtMs).toBeGreaterThan(10_000);
    expect(floodAtMs).toBeLessThan(18_000);
  });

  it('forgives a flood that ends in time', () => {
    expect(play((second) => (second < 8 ? 1_000 : 10), 60).floodAtMs).toBeNull();
  });

  it('waits when the day is used up', () => {
    const budget = fullBudget(0);
    for (let i = 0; i < 200; i++) spend(budget, i * 100, 1_000);
    const { waitMs, flood } = spend(budget, 20_100, 1_000);
    expect(flood).toBe(false);
    // One fix costs 432 ms of a day of 200,000.
    expect(waitMs).toBeGreaterThan(300_000);
    expect(DEVICE_LIMITS.fixesPerDay).toBe(200_000);
  });
});
