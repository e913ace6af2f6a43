import { describe, expect, it } from 'vitest';
import type { IncidentStep, Tracked } from './api.ts';
import { codeOf, lostItsTruck, minutesUntil, spokenCode, stepsOf } from './follow.ts';
import { fitWithin } from './photo.ts';

const at = (minute: number) => `2026-11-24T15:${String(minute).padStart(2, '0')}:00.000Z`;
const tracked = (...states: IncidentStep[]): Tracked => ({
  code: 'ABCDEFGHJK',
  type: 'acopio',
  state: states.at(-1)!,
  windowEnd: at(59),
  history: states.map((state, index) => ({ state, at: at(index) })),
});
const phases = (report: Tracked) => stepsOf(report).map(({ state, phase }) => `${state}:${phase}`);

describe('the steps of a report', () => {
  it('shows what is behind, where it is and what comes', () => {
    expect(phases(tracked('pending', 'validated'))).toEqual([
      'pending:done',
      'validated:now',
      'assigned:next',
      'completed:next',
    ]);
  });

  it('has nothing ahead when it is done', () => {
    expect(phases(tracked('pending', 'validated', 'assigned', 'completed')).join()).not.toMatch(/next|now/);
  });

  it('goes back to accepted when its truck is taken away, with the later instant', () => {
    const report = tracked('pending', 'validated', 'assigned', 'validated');
    expect(lostItsTruck(report)).toBe(true);
    expect(stepsOf(report)[1]).toEqual({ state: 'validated', at: at(3), phase: 'now' });
    expect(stepsOf(report)[2]).toEqual({ state: 'assigned', at: null, phase: 'next' });
    expect(lostItsTruck(tracked('pending', 'validated'))).toBe(false);
  });

  it('ends where it was cancelled', () => {
    expect(phases(tracked('pending', 'cancelled'))).toEqual(['pending:done', 'cancelled:now']);
  });
});

describe('the code', () => {
  it.each([
    ['/seguir/abcde-fghjk', '', 'ABCDEFGHJK'],
    ['/seguir/ABCDEFGHJK/', '', 'ABCDEFGHJK'],
    ['/', '?code=abc%20de', 'ABCDE'],
    ['/', '', null],
    ['/', '?code=', null],
    ['/seguir/%E0%A4%A', '', '%E0%A4%A'],
  ])('%s%s → %s', (path, search, code) => expect(codeOf(path, search)).toBe(code));

  it('is shown in two halves', () => expect(spokenCode('ABCDEFGHJK')).toBe('ABCDE-FGHJK'));
});

describe('small numbers', () => {
  it('never counts minutes below zero', () => {
    const nowMs = Date.parse(at(10));
    expect([minutesUntil(at(18), nowMs), minutesUntil(at(2), nowMs)]).toEqual([8, 0]);
  });

  it('keeps the proportions of a photo and never enlarges it', () => {
    expect(fitWithin(4_000, 3_000, 1_600)).toEqual({ width: 1_600, height: 1_200 });
    expect(fitWithin(30, 6_000, 1_600)).toEqual({ width: 8, height: 1_600 });
    expect(fitWithin(640, 480, 1_600)).toEqual({ width: 640, height: 480 });
  });
});
