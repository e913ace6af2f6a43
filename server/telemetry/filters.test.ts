import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkFix,
  EMPTY_TRAIL,
  extendTrail,
  isPlausible,
  newestT,
  RELOCATE_AFTER,
  trailEndAt,
  type Sighting,
} from './filters.ts';

const NOW = Date.parse('2026-11-24T15:00:00Z');
const RULES = { nowMs: NOW, oldestMs: NOW - 7 * 86_400_000 };
const GOOD = { t: NOW - 1_000, lat: -0.9352, lon: -78.6155 };

describe('what a fix shows by itself', () => {
  const cases: [string, unknown, string | null][] = [
    ['the least a fix can be', GOOD, null],
    [
      'everything a fix can be',
      { ...GOOD, speed: 6.1, heading: 184, accuracy: 5, battery: 0.9, ignition: true },
      null,
    ],
    ['null for unknown', { ...GOOD, speed: null, ignition: null }, null],
    ['no object', 7, 'malformed'],
    ['null', null, 'malformed'],
    ['a list', [], 'malformed'],
    ['no time', { lat: GOOD.lat, lon: GOOD.lon }, 'malformed'],
    ['a text for a number', { ...GOOD, lat: '-0.93' }, 'malformed'],
    ['a number for a truth', { ...GOOD, ignition: 1 }, 'malformed'],
    ['a text for a speed', { ...GOOD, speed: 'fast' }, 'malformed'],
    ['no number', { ...GOOD, lon: Number.NaN }, 'malformed'],
    ['north of the pole', { ...GOOD, lat: 90.001 }, 'out-of-range'],
    ['beyond the date line', { ...GOOD, lon: -180.5 }, 'out-of-range'],
    ['the null island', { ...GOOD, lat: 0, lon: 0 }, 'out-of-range'],
    ['the equator itself', { ...GOOD, lat: 0 }, null],
    ['a negative speed', { ...GOOD, speed: -1 }, 'out-of-range'],
    ['a heading beyond the circle', { ...GOOD, heading: 361 }, 'out-of-range'],
    ['a full circle', { ...GOOD, heading: 360 }, null],
    ['a battery in percent', { ...GOOD, battery: 90 }, 'out-of-range'],
    ['two minutes ahead', { ...GOOD, t: NOW + 120_000 }, null],
    ['more than two minutes ahead', { ...GOOD, t: NOW + 120_001 }, 'future'],
    ['seven days old', { ...GOOD, t: RULES.oldestMs }, null],
    ['older than seven days', { ...GOOD, t: RULES.oldestMs - 1 }, 'too-old'],
    ['seconds instead of milliseconds', { ...GOOD, t: NOW / 1_000 }, 'too-old'],
    ['200 m', { ...GOOD, accuracy: 200 }, null],
    ['more than 200 m', { ...GOOD, accuracy: 200.1 }, 'low-accuracy'],
    ['two faults: the first of the list is told', { ...GOOD, lat: 91, t: 0, accuracy: 999 }, 'out-of-range'],
  ];
  it.each(cases)('%s', (_name, raw, expected) => {
    const verdict = checkFix(raw, RULES);
    expect(typeof verdict === 'string' ? verdict : null).toBe(expected);
  });

  it('keeps whole milliseconds and writes unknown as null', () => {
    expect(checkFix({ ...GOOD, t: NOW - 0.4, speed: 3 }, RULES)).toEqual({
      t: NOW,
      lat: GOOD.lat,
      lon: GOOD.lon,
      speed: 3,
      heading: null,
      accuracy: null,
      battery: null,
      ignition: null,
    });
  });

  it('answers whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), (raw) => {
        const verdict = checkFix(raw, RULES);
        expect(typeof verdict === 'string' || Number.isInteger(verdict.t)).toBe(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

const STEP_MS = 1_000;
/** One letter a second: A and B are places 30 km apart, a and b some metres beside them. */
function trail(letters: string): Sighting[] {
  const places: Record<string, { lat: number; lon: number }> = {
    A: { lat: -0.93, lon: -78.61 },
    a: { lat: -0.9301, lon: -78.61 },
    B: { lat: -0.93, lon: -78.34 },
    b: { lat: -0.9301, lon: -78.34 },
    C: { lat: -0.66, lon: -78.61 },
  };
  return [...letters].map((letter, i) => ({ t: i * STEP_MS, ...places[letter]! }));
}

function flagsOf(fixes: readonly Sighting[]): string {
  let end = EMPTY_TRAIL;
  return fixes
    .map((fix) => {
      const step = extendTrail(end, fix);
      end = step.end;
      return step.flag === null ? '.' : 'j';
    })
    .join('');
}

describe('implausible against its neighbours', () => {
  const cases: [string, string, string][] = [
    ['a quiet trail', 'AaAaA', '.....'],
    ['one jump and back', 'AaBaA', '..j..'],
    ['a jump at the end', 'AaB', '..j'],
    ['two jumps that agree', 'AaBbaA', '..jj..'],
    ['two jumps that do not', 'AaBCaA', '..jj..'],
    ['a place believed after five', 'AaBbBbBb', '..jjjj..'],
    ['doubts start anew when they disagree', 'AaBbCBbBbBb', '..jjjjjjj..'],
  ];
  it.each(cases)('%s', (_name, letters, flags) => {
    expect(flagsOf(trail(letters))).toBe(flags);
  });

  it('takes 160 km/h as possible and more as not', () => {
    const from = { t: 0, lat: 0, lon: -78 };
    const after = (metres: number) => ({ t: 1_000, lat: metres / 111_195.08, lon: -78 });
    expect(isPlausible(from, after(44.4))).toBe(true);
    expect(isPlausible(from, after(44.5))).toBe(false);
  });

  it('believes a new place after five fixes, not before', () => {
    expect(RELOCATE_AFTER).toBe(5);
  });

  it('depends on nothing but the last plausible fix: settling may start at any of them', () => {
    const letters = fc.array(fc.constantFrom('A', 'a', 'B', 'b', 'C'), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(letters, (list) => {
        const fixes = trail(list.join(''));
        const flags = flagsOf(fixes);
        for (let start = 0; start < fixes.length; start++) {
          if (flags[start] === 'j') continue;
          let end = trailEndAt(fixes[start]!);
          for (let i = start + 1; i < fixes.length; i++) {
            const step = extendTrail(end, fixes[i]!);
            end = step.end;
            expect(step.flag === null ? '.' : 'j').toBe(flags[i]);
          }
          expect(newestT(end)).toBe(fixes.at(-1)!.t);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});
