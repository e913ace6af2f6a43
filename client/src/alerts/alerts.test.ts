import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ALERT_KINDS, ALERT_LEVELS, type AlertView } from '../../../shared/alerts.ts';
import { iconNames } from '../ui/icon-names.ts';
import { KIND_ICON, aboutOf, countByLevel, factOf, inOrder, truckOf } from './alert-look.ts';
import en from './locale.en.ts';
import es from './locale.es.ts';
import { newlyHeard } from './urgent-tone.ts';

const NOON_MS = Date.parse('2026-03-02T12:00:00-05:00');

function alert(over: Partial<AlertView>): AlertView {
  return {
    id: 1,
    kind: 'speeding',
    level: 'medium',
    state: 'open',
    subject: { kind: 'truck', id: 7 },
    zone: 'oriental',
    details: { plate: 'XBA-1042', truckId: 7 },
    raisedAt: new Date(NOON_MS - 600_000).toISOString(),
    repeats: 0,
    lastSeenAt: new Date(NOON_MS).toISOString(),
    acknowledgedAt: null,
    acknowledgedBy: null,
    assignedTo: null,
    note: null,
    mutedUntil: null,
    clearedAt: null,
    clearedBy: null,
    deliveries: { pending: 0, sent: 0, failed: 0, suppressed: 0 },
    ...over,
  };
}

describe('the list', () => {
  it('has the most pressing first, those nobody has seen before the others, muted ones last', () => {
    const muted = new Date(NOON_MS + 3_600_000).toISOString();
    const list = [
      alert({ id: 1, level: 'medium' }),
      alert({ id: 2, level: 'urgent', state: 'acknowledged' }),
      alert({ id: 3, level: 'urgent' }),
      alert({ id: 4, level: 'high' }),
      alert({ id: 5, level: 'urgent', mutedUntil: muted }),
      alert({ id: 6, level: 'high' }),
    ];
    expect(inOrder(list, NOON_MS).map(({ id }) => id)).toEqual([3, 2, 6, 4, 1, 5]);
    expect(countByLevel(list, NOON_MS)).toEqual({ urgent: 2, high: 2, medium: 1 });
    expect(countByLevel(list, NOON_MS + 2 * 3_600_000).urgent).toBe(3);
  });

  it('names the truck by its digits, the incident by its code, a part by its name', () => {
    expect(aboutOf(alert({}))).toBe('1042');
    expect(
      aboutOf(alert({ subject: { kind: 'incident', id: 4 }, details: { code: 'AB12', plate: 'XBA-1042' } })),
    ).toBe('AB12');
    expect(aboutOf(alert({ subject: { kind: 'system', id: 0, name: '/data' }, details: {} }))).toBe('/data');
    expect(truckOf(alert({ subject: { kind: 'device', id: 3 } }))).toBe(7);
    expect(truckOf(alert({ subject: { kind: 'incident', id: 3 }, details: {} }))).toBeNull();
  });
});

describe('every kind', () => {
  it.each(ALERT_KINDS)('%s has an icon that is bundled and words in both languages', (kind) => {
    expect(iconNames).toContain(KIND_ICON[kind]);
    expect(es.kind[kind]).not.toBe(en.kind[kind]);
    const fact = factOf(alert({ kind }), NOON_MS, 'es');
    if (fact === null) return;
    const sentence = (es.facts as Record<string, string>)[fact.key]!;
    const blanks = [...sentence.matchAll(/\{(\w+)\}/g)]
      .map(([, name]) => name!)
      .filter((name) => name !== 'n');
    expect(Object.keys(fact.blanks)).toEqual(expect.arrayContaining(blanks));
  });

  it('a level has a word for one and for many', () => {
    for (const level of ALERT_LEVELS) expect(es.levels[level].split('|')).toHaveLength(2);
  });
});

describe('facts', () => {
  it('a silent device: until now while it is open, until its end afterwards', () => {
    const silent = { kind: 'offline', details: { device: 'GPS', silentS: 300 } } as const;
    expect(factOf(alert(silent), NOON_MS, 'es')?.blanks.span).toBe('15 min');
    const over = new Date(NOON_MS - 300_000).toISOString();
    expect(factOf(alert({ ...silent, clearedAt: over }), NOON_MS + 9e6, 'es')?.blanks.span).toBe('10 min');
  });

  it('a window says its probability, that it has no route, or that it is past', () => {
    const window = (details: AlertView['details']) =>
      factOf(alert({ kind: 'window-at-risk', details }), NOON_MS, 'es');
    const ahead = new Date(NOON_MS + 600_000).toISOString();
    expect(window({ windowEnd: ahead, keep: 0.42 })).toEqual({
      key: 'keep',
      blanks: { time: '12:10', keep: '42 %' },
    });
    expect(window({ windowEnd: ahead, keep: null })?.key).toBe('unplanned');
    expect(window({ windowEnd: new Date(NOON_MS - 1).toISOString(), keep: 0.2 })?.key).toBe('passed');
  });
});

describe('the tone', () => {
  beforeEach(() => {
    const kept = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('is for each alert once, whatever is reloaded', () => {
    expect(newlyHeard([4, 5])).toEqual([4, 5]);
    expect(newlyHeard([5, 6])).toEqual([6]);
    expect(newlyHeard([4, 5, 6])).toEqual([]);
  });
});
