import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, SUBJECT_KINDS, type DomainEvent } from '../../../shared/events.ts';
import { DEFAULT_RULES } from '../../../shared/rules.ts';
import en from './locale.en.ts';
import es from './locale.es.ts';
import { readArea, writeArea } from './area.ts';
import { eventsBefore, lastEventId, type AskEvents } from './audit-pages.ts';
import {
  CONTAINER,
  EDIT_TRUCK,
  inUnit,
  newDevice,
  NEW_DRIVER,
  NEW_TRUCK,
  NEW_USER,
  readForm,
  readNumber,
} from './forms.ts';
import { changedRules, draftOf, readRules } from './rules-form.ts';

describe('the audit', () => {
  const wordOf = (words: object, key: string): unknown =>
    key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], words);

  it.each([
    ['es', es],
    ['en', en],
  ])('has words for every event and every subject in %s, and a word of its own for each', (_, locale) => {
    const events = EVENT_TYPES.map((type) => wordOf(locale.event, type));
    const subjects = SUBJECT_KINDS.map((kind) => wordOf(locale.subject, kind));
    for (const [index, word] of [...events, ...subjects].entries())
      expect(word, [...EVENT_TYPES, ...SUBJECT_KINDS][index]).toMatch(/^\p{Lu}.*[^.]$/u);
    expect(new Set(events).size).toBe(EVENT_TYPES.length);
    expect(new Set(subjects).size).toBe(SUBJECT_KINDS.length);
  });
});

describe('forms', () => {
  it('reads a truck, and leaves out what was left empty', () => {
    expect(readForm(NEW_TRUCK, { plate: ' xba-1042 ', type: 'lateral', capacity: '', zone: '' })).toEqual({
      ok: true,
      input: { plate: 'XBA-1042', type: 'lateral' },
    });
  });

  it('keeps a shift of its own in seconds, and none when left empty', () => {
    const typed = { plate: 'PCA-1234', type: 'lateral', capacity: '15', shiftS: '7,5', overtimeMaxS: '30' };
    const read = readForm(EDIT_TRUCK, typed);
    expect(read.ok && [read.input.shiftS, read.input.overtimeMaxS]).toEqual([27_000, 1_800]);
    const empty = readForm(EDIT_TRUCK, { ...typed, shiftS: '' });
    expect(empty.ok && empty.input.shiftS).toBeUndefined();
    expect(readForm(EDIT_TRUCK, { ...typed, shiftS: '30' })).toEqual({
      ok: false,
      faults: { shiftS: 'range' },
    });
    expect([inUnit(27_000, 3_600), inUnit(null, 60)]).toEqual(['7.5', '']);
  });

  it('says what is wrong, field by field', () => {
    expect(readForm(NEW_TRUCK, { plate: '-', type: '', capacity: 'x' })).toEqual({
      ok: false,
      faults: { plate: 'plate', type: 'required', capacity: 'number' },
    });
    expect(readForm(NEW_USER, { username: 'Ñ', password: 'short', role: 'admin', email: 'no' })).toEqual({
      ok: false,
      faults: { username: 'username', password: 'password', email: 'email' },
    });
  });

  it('checks the digit of a cédula', () => {
    const driver = { name: 'A', licence: 'E', username: 'abc', password: '12345678' };
    expect(readForm(NEW_DRIVER, { ...driver, cedula: '1710034065' }).ok).toBe(true);
    expect(readForm(NEW_DRIVER, { ...driver, cedula: '1710034066' })).toEqual({
      ok: false,
      faults: { cedula: 'cedula' },
    });
  });

  it('keeps the spaces of a password and makes ids numbers', () => {
    const read = readForm(NEW_USER, { username: 'ABC', password: ' 1234567 ', role: 'operator' });
    expect(read).toEqual({ ok: true, input: { username: 'abc', password: ' 1234567 ', role: 'operator' } });
    const device = readForm(newDevice(['7']), { truckId: '7', name: 'GPS', kind: 'phone' });
    expect(device).toMatchObject({ ok: true, input: { truckId: 7 } });
  });

  it('reads numbers with comma or point, and nothing else', () => {
    expect([readNumber('-0,936'), readNumber(' 3.5 '), readNumber('1e3'), readNumber('2 m')]).toEqual([
      -0.936,
      3.5,
      Number.NaN,
      Number.NaN,
    ]);
    expect(readForm(CONTAINER, { code: 'C1', lat: '-95', lon: '-78,6' })).toEqual({
      ok: false,
      faults: { lat: 'range' },
    });
  });
});

describe('the rules as a form', () => {
  it('comes back as it was', () => {
    expect(readRules(draftOf(DEFAULT_RULES), DEFAULT_RULES)).toEqual({ ok: true, rules: DEFAULT_RULES });
    const switched = {
      ...DEFAULT_RULES,
      autoApproveBelow: { costS: 120, movedStops: 2 },
      landfillHours: { openS: 21_600, closeS: 63_000 },
    };
    expect(readRules(draftOf(switched), DEFAULT_RULES)).toEqual({ ok: true, rules: switched });
  });

  it('stores hours and minutes in seconds', () => {
    const draft = draftOf(DEFAULT_RULES);
    draft.typed['windowSByType.animal_muerto'] = '1,5';
    draft.typed.containerServiceS = '3';
    const read = readRules(draft, DEFAULT_RULES);
    expect(read.ok && read.rules.windowSByType.animal_muerto).toBe(5_400);
    expect(read.ok && changedRules(DEFAULT_RULES, read.rules)).toEqual([
      { path: 'windowSByType.animal_muerto', before: '2', after: '1.5' },
      { path: 'containerServiceS', before: '2', after: '3' },
    ]);
  });

  it('switches a break on and off, and keeps what only the API set', () => {
    const draft = draftOf(DEFAULT_RULES);
    expect(draft.on.breaks).toBe(false);
    draft.on.breaks = true;
    draft.typed['breaks.0.durationS'] = '45';
    const withBreak = readRules(draft, DEFAULT_RULES);
    if (!withBreak.ok) throw new Error('refused');
    expect(withBreak.rules.breaks).toEqual([{ fromS: 10_800, untilS: 18_000, durationS: 2_700 }]);
    expect(changedRules(DEFAULT_RULES, withBreak.rules).map(({ path }) => path)).toContain(
      'breaks.0.durationS',
    );

    const second = { fromS: 21_600, untilS: 25_200, durationS: 600 };
    const two = { ...withBreak.rules, breaks: [...withBreak.rules.breaks, second] };
    const again = readRules(draftOf(two), two);
    expect(again.ok && again.rules.breaks).toEqual(two.breaks);

    const without = draftOf(two);
    without.on.breaks = false;
    const none = readRules(without, two);
    expect(none.ok && none.rules.breaks).toEqual([]);
  });

  it('asks for the name of another landfill', () => {
    const draft = draftOf(DEFAULT_RULES);
    draft.on.otherLandfills = true;
    expect(readRules(draft, DEFAULT_RULES)).toEqual({
      ok: false,
      faults: { 'otherLandfills.0.name': 'required' },
    });
  });

  it('names what cannot be', () => {
    const draft = draftOf({ ...DEFAULT_RULES, landfillHours: { openS: 0, closeS: 3_600 } });
    draft.typed.thresholdSeverity = '-1';
    expect(readRules(draft, DEFAULT_RULES)).toEqual({ ok: false, faults: { thresholdSeverity: 'range' } });
    draft.typed.shiftS = '';
    draft.typed['landfillHours.openS'] = '25:00';
    expect(readRules(draft, DEFAULT_RULES)).toEqual({
      ok: false,
      faults: { shiftS: 'required', 'landfillHours.openS': 'number' },
    });
    draft.on.landfillHours = false;
    expect(readRules(draft, DEFAULT_RULES)).toEqual({ ok: false, faults: { shiftS: 'required' } });
  });

  it('tells of a redrawn area by its corners', () => {
    const after = { ...DEFAULT_RULES, serviceArea: DEFAULT_RULES.serviceArea.slice(1) };
    expect(changedRules(DEFAULT_RULES, after).map(({ path }) => path)).toEqual(['serviceArea']);
  });
});

it('does not take another order of keys for a change', () => {
  const zones = DEFAULT_RULES.zones.map(({ zone, ring }) => ({ ring, zone }));
  expect(changedRules(DEFAULT_RULES, { ...DEFAULT_RULES, zones })).toEqual([]);
});

describe('areas as text', () => {
  it('come back as they were', () => {
    const ring = DEFAULT_RULES.serviceArea;
    expect(readArea(writeArea(ring))).toEqual({ ok: true, ring });
    expect(readArea(`{"type":"Feature","geometry":${writeArea(ring)}}`)).toEqual({ ok: true, ring });
    expect(readArea(JSON.stringify(ring))).toEqual({ ok: true, ring });
  });

  it.each([
    ['{', 'json'],
    ['{"type":"Point","coordinates":[1,2]}', 'polygon'],
    ['{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}', 'corners'],
    ['{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,200]]]}', 'corners'],
    ['{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0]],[[0,0],[1,1],[1,0]]]}', 'holes'],
  ])('%s is refused: %s', (text, fault) => expect(readArea(text)).toEqual({ ok: false, fault }));
});

describe('the log from its newest end', () => {
  const logOf =
    (length: number): AskEvents =>
    async (after, limit) =>
      Array.from({ length: Math.max(0, Math.min(limit, length - after)) }, (_, index) => ({
        id: after + index + 1,
      })) as DomainEvent[];

  it('finds the end of a log of any length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20_000), async (length) => {
        expect(await lastEventId(logOf(length))).toBe(length);
      }),
      { seed: 11, numRuns: 60 },
    );
  });

  it('pages back to the first', async () => {
    const ask = logOf(25);
    expect((await eventsBefore(ask, 25, 10)).map(({ id }) => id)).toEqual([
      25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
    ]);
    expect((await eventsBefore(ask, 5, 10)).map(({ id }) => id)).toEqual([5, 4, 3, 2, 1]);
  });
});
