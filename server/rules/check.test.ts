import { describe, expect, it } from 'vitest';
import { DomainError } from '../../shared/errors.ts';
import { DEFAULT_RULES, type Rules } from '../../shared/rules.ts';
import { checkRules } from './check.ts';

function fieldsOf(rules: Rules): unknown {
  try {
    checkRules(rules);
    return [];
  } catch (error) {
    return error instanceof DomainError ? error.detail.fields : error;
  }
}

describe('rules that contradict themselves', () => {
  it('accepts the defaults', () => expect(checkRules(DEFAULT_RULES)).toEqual(DEFAULT_RULES));

  it('wants both zones', () => {
    expect(fieldsOf({ ...DEFAULT_RULES, zones: [DEFAULT_RULES.zones[0]!] })).toEqual(['zones.occidental']);
  });

  it('wants depot and landfill inside the service area', () => {
    const far = { lat: -2, lon: -78.6 };
    expect(fieldsOf({ ...DEFAULT_RULES, depot: far, landfill: far })).toEqual(['depot', 'landfill']);
  });

  it('refuses a ring that crosses itself', () => {
    const bow: [number, number][] = [
      [-78.7, -1.02],
      [-78.53, -0.86],
      [-78.53, -1.02],
      [-78.7, -0.86],
    ];
    expect(fieldsOf({ ...DEFAULT_RULES, serviceArea: bow })).toContain('serviceArea');
  });

  it('refuses pauses that end before they begin, or overlap, and a landfill outside', () => {
    const breaks = [
      { fromS: 7_200, untilS: 3_600, durationS: 900 },
      { fromS: 3_000, untilS: 4_000, durationS: 900 },
    ];
    const otherLandfills = [{ name: 'Lejos', lat: -2, lon: -78.6, serviceS: 600, hours: null }];
    expect(fieldsOf({ ...DEFAULT_RULES, breaks, otherLandfills })).toEqual([
      'otherLandfills.0',
      'breaks.0',
      'breaks.1',
    ]);
  });

  it('refuses hours that end before they begin', () => {
    expect(fieldsOf({ ...DEFAULT_RULES, landfillHours: { openS: 60_000, closeS: 30_000 } })).toEqual([
      'landfillHours',
    ]);
  });
});
