import { describe, expect, it } from 'vitest';
import {
  clock,
  clockWithSeconds,
  decimal,
  distance,
  longDay,
  hundredths,
  percent,
  plateDigits,
  shortDay,
  signedKm,
  signedSpan,
  span,
  speedKmh,
  timeLeft,
} from './format.ts';

const AT = Date.parse('2026-11-24T15:42:17Z');

describe('times are Latacunga’s', () => {
  it('writes a 24 h clock five hours behind UTC', () => {
    expect(clock(AT)).toBe('10:42');
    expect(clockWithSeconds(AT)).toBe('10:42:17');
    expect(clock('2026-11-24T05:00:00Z')).toBe('00:00');
  });

  it('writes days short and long in both languages', () => {
    expect(shortDay(AT, 'es')).toBe('mar 24 nov');
    expect(shortDay(AT, 'en')).toBe('Tue 24 Nov');
    expect(longDay(AT, 'es')).toBe('martes 24 de noviembre');
  });
});

describe('spans', () => {
  it.each([
    [0, '0 min'],
    [22 * 60, '22 min'],
    [59.6 * 60, '1 h 00'],
    [96 * 60, '1 h 36'],
    [(22 * 60 + 5) * 60, '22 h 05'],
    [50 * 3_600, '2 d'],
  ])('%d s reads %s', (seconds, text) => expect(span(seconds)).toBe(text));

  it('signs a difference, and calls nothing nothing', () => {
    expect(signedSpan(240)).toBe('+4 min');
    expect(signedSpan(-65 * 60)).toBe('−1 h 05');
    expect(signedSpan(12)).toBe('0 min');
  });

  it('counts a passed deadline as minus', () => {
    expect(timeLeft(AT + 22 * 60_000, AT)).toBe('22 min');
    expect(timeLeft(AT - 4 * 60_000, AT)).toBe('−4 min');
    expect(timeLeft(AT - 5_000, AT)).toBe('0 min');
  });
});

describe('distances, shares, plates', () => {
  it('uses a decimal comma in Spanish and a point in English', () => {
    expect(decimal(38.2, 'es')).toBe('38,2');
    expect(decimal(38.2, 'en')).toBe('38.2');
    expect(distance(5_700, 'es')).toBe('5,7 km');
    expect(distance(118, 'es')).toBe('120 m');
    expect(signedKm(900, 'es')).toBe('+0,9 km');
    expect(signedKm(-11_200, 'es')).toBe('−11,2 km');
    expect(signedKm(10, 'es')).toBe('0,0 km');
  });

  it('never claims certainty', () => {
    expect(percent(0.94)).toBe('94 %');
    expect(percent(1)).toBe('99 %');
    expect(percent(0)).toBe('1 %');
    expect([hundredths(0), hundredths(0.34), hundredths(1)]).toEqual(['1', '34', '99']);
  });

  it('calls trucks by four digits', () => {
    expect(plateDigits('XBA-1042')).toBe('1042');
    expect(plateDigits('AAA-123')).toBe('0123');
    expect(speedKmh(6.1)).toBe('22 km/h');
  });
});
