import { describe, expect, it } from 'vitest';
import { destination } from '../../shared/geo.ts';
import { DEFAULT_VISIT_RULES } from '../../shared/visit-rules.ts';
import { betterGrade, gradeOf } from './evidence.ts';

const at = { lat: -0.93, lon: -78.61 };
const street = destination(at, 0, 15);
/** Fixes as [second, metres east of the street point, km/h]. */
const track = (...fixes: [number, number, number | null][]) =>
  fixes.map(([s, east, kmh]) => ({
    t: s * 1_000,
    ...destination(street, 90, east),
    speed: kmh === null ? null : kmh / 3.6,
  }));
const grade = (fixes: ReturnType<typeof track>, hasWord: boolean) =>
  gradeOf(fixes, { at, street }, DEFAULT_VISIT_RULES, hasWord);

describe('the grade of evidence', () => {
  it.each([
    ['A: on the street, and somebody said so', track([0, 300, 30], [60, 5, 4]), true, 'A'],
    ['A whatever the speed', track([0, 300, 40], [60, 5, 40]), true, 'A'],
    ['B: on the street at collecting speed, without a word', track([0, 300, 30], [60, 5, 12]), false, 'B'],
    ['B by the speed between fixes, when none is told', track([0, 100, null], [60, 5, null]), false, 'B'],
    ['C: through the street, too fast to collect', track([0, 300, 40], [60, 5, 40]), false, 'C'],
    ['C: near, not on the street', track([0, 300, 30], [60, 27, 4]), true, 'C'],
    ['C: between two fixes on either side', track([0, -400, 36], [80, 400, 36]), true, 'C'],
    ['D: a word, and the track elsewhere', track([0, 300, 30], [60, 200, 4]), true, 'D'],
    ['D: a gap too long to tell the way', track([0, -400, 36], [900, 400, 36]), true, 'D'],
    ['D: a word and no track', track(), true, 'D'],
    ['none: no word and no track', track(), false, null],
    ['none: no word and the track elsewhere', track([0, 300, 30]), false, null],
  ] as const)('%s', (_name, fixes, hasWord, expected) => {
    expect(grade([...fixes], hasWord)).toBe(expected);
  });

  it('is never lowered by more track', () => {
    expect(betterGrade('A', 'D')).toBe('A');
    expect(betterGrade('D', 'B')).toBe('B');
    expect(betterGrade(null, 'C')).toBe('C');
    expect(betterGrade(null, null)).toBeNull();
  });
});
