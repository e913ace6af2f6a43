import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_EPISODES, isRaisedIn, nextEpisodes, resumed, type Episodes } from './episodes.ts';
import type { Reading } from './facts.ts';

const SUBJECT = { kind: 'truck', id: 7 } as const;
const RAISE_S = 20;
const CLEAR_S = 30;

function reading(atS: number, isOn: boolean | null): Reading {
  return {
    kind: 'speeding',
    subject: SUBJECT,
    zone: null,
    isOn,
    atMs: atS * 1_000,
    level: 'medium',
    raiseAfterS: RAISE_S,
    clearAfterS: CLEAR_S,
    details: {},
  };
}

const isRaised = (episodes: Episodes) => isRaisedIn(episodes, 'speeding', SUBJECT);

/** Whether it counted after each of the readings. */
function raisedThrough(readings: readonly Reading[], from: Episodes = NO_EPISODES): boolean[] {
  let episodes = from;
  return readings.map((next) => {
    episodes = nextEpisodes(episodes, [next]);
    return isRaised(episodes);
  });
}

/** Readings some seconds apart, as devices send them. */
const sequence = fc
  .array(fc.record({ gapS: fc.integer({ min: 1, max: 12 }), isOn: fc.boolean() }), { maxLength: 120 })
  .map((steps) => {
    let atS = 1_000;
    return steps.map(({ gapS, isOn }) => reading((atS += gapS), isOn));
  });

/** Length in seconds of the unbroken run of equal readings that ends at each index. */
function runs(readings: readonly Reading[]): number[] {
  let sinceMs = 0;
  return readings.map((now, index) => {
    if (index === 0 || readings[index - 1]!.isOn !== now.isOn) sinceMs = now.atMs;
    return (now.atMs - sinceMs) / 1_000;
  });
}

describe('a condition through time', () => {
  it('counts from the first instant it has held without a break for long enough, and only then', () => {
    fc.assert(
      fc.property(sequence, (readings) => {
        const run = runs(readings);
        raisedThrough(readings).forEach((raised, index, all) => {
          const wasRaised = index > 0 && all[index - 1]!;
          if (wasRaised) return;
          expect(raised).toBe(readings[index]!.isOn === true && run[index]! >= RAISE_S);
        });
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('is over only after its opposite has held for long enough', () => {
    fc.assert(
      fc.property(sequence, (readings) => {
        const run = runs(readings);
        raisedThrough(readings).forEach((raised, index, all) => {
          if (index === 0 || !all[index - 1]) return;
          expect(raised).toBe(!(readings[index]!.isOn === false && run[index]! >= CLEAR_S));
        });
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('is neither raised nor ended by flapping faster than either', () => {
    const flapping = Array.from({ length: 200 }, (_, i) => reading(i * 3, i % 3 === 0));
    expect(raisedThrough(flapping)).not.toContain(true);
    const open = resumed([{ ...reading(0, true) }]);
    expect(raisedThrough(flapping, open)).not.toContain(false);
  });

  it('is not moved by silence', () => {
    fc.assert(
      fc.property(sequence, fc.infiniteStream(fc.boolean()), (readings, noise) => {
        const disturbed = readings.flatMap((now) =>
          noise.next().value ? [now, reading(now.atMs / 1_000 + 0.5, null)] : [now],
        );
        const shaken = raisedThrough(disturbed);
        expect(shaken.filter((_, i) => disturbed[i]!.isOn !== null)).toEqual(raisedThrough(readings));
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it('is not moved by evidence older than what was judged', () => {
    const open = raisedThrough([
      reading(100, true),
      reading(120, true),
      reading(60, false),
      reading(95, false),
    ]);
    expect(open).toEqual([false, true, true, true]);
    const rising = raisedThrough([reading(100, true), reading(90, false), reading(120, true)]);
    expect(rising).toEqual([false, false, true]);
  });

  it('goes with its subject', () => {
    const open = resumed([{ ...reading(0, true) }]);
    expect(isRaised(open)).toBe(true);
    expect(isRaised(nextEpisodes(open, []))).toBe(false);
  });

  it('with no time asked for counts at once and ends at once', () => {
    const at = (atS: number, isOn: boolean) => ({ ...reading(atS, isOn), raiseAfterS: 0, clearAfterS: 0 });
    expect(raisedThrough([at(1, true), at(2, false), at(3, true)])).toEqual([true, false, true]);
  });
});
