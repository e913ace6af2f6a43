import { describe, expect, it } from 'vitest';
import { proofWords, stayWords } from './proof-words.ts';
import { boundsOf, dayShifted, linesBetween } from './day-lines.ts';

const fix = (s: number, lon: number, flag?: string) => ({ t: s * 1_000, lat: -0.9, lon, flag });

describe('the lines of a day', () => {
  it('leave out what is implausible and break where the track is silent', () => {
    const fixes = [
      fix(0, 1),
      fix(60, 2),
      fix(90, 99, 'jump'),
      fix(120, 3),
      fix(900, 4),
      fix(960, 5),
      fix(5_000, 6),
    ];
    expect(linesBetween(fixes, 0, 10_000_000).map((line) => line.map(([lon]) => lon))).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(linesBetween(fixes, 60_000, 120_000).map((line) => line.map(([lon]) => lon))).toEqual([[2, 3]]);
  });
  it('have bounds, or none', () => {
    expect(
      boundsOf([
        [
          [3, -1],
          [1, -2],
        ],
        [[2, 0]],
      ]),
    ).toEqual([1, -2, 3, 0]);
    expect(boundsOf([])).toBeNull();
  });
  it('belong to a day that has neighbours across months', () => {
    expect(dayShifted('2026-03-01', -1)).toBe('2026-02-28');
    expect(dayShifted('2026-12-31', 1)).toBe('2027-01-01');
  });
});

describe('what the track says of a stop', () => {
  const t = (key: string, named?: Record<string, unknown>) => [key, ...Object.values(named ?? {})].join(' ');
  it('is when its truck was there, how well that is proved, and whether a visit closed it', () => {
    const stop = { arrivedAt: '2026-03-02T13:00:00Z', leftAt: null, evidence: null, closedBy: null } as const;
    expect(stayWords(stop, t)).toBe('history.stop.here 08:00');
    expect(proofWords({ ...stop, leftAt: '2026-03-02T13:10:00Z', evidence: 'B', closedBy: 'visit' }, t)).toBe(
      'history.stop.stayed 08:00 08:10 · history.evidence.B · history.stop.closedByVisit',
    );
    expect(proofWords({ arrivedAt: null, leftAt: null, evidence: null, closedBy: null }, t)).toBe('');
  });
});
