import { describe, expect, it } from 'vitest';
import type { RoomTruck } from '../live/room-view.ts';
import type { PictureMove } from './proposal-picture.ts';
import { moveSentence, placeRefusal, togetherSentence, whySentence } from './sentences.ts';

const t = (key: string, named: Record<string, unknown> = {}, plural?: number) =>
  [key, ...Object.values(named), ...(plural === undefined ? [] : [plural])].join(' ');
const truck = (id: number, label: string) => ({ id, label }) as unknown as RoomTruck;
const move = (numbers: number[], change: object = {}) =>
  ({
    moves: numbers.map((_, index) => ({ stopId: index + 1 })),
    numbers,
    fromTruck: truck(1, '0218'),
    toTruck: truck(2, '0331'),
    reason: 'load',
    ...change,
  }) as unknown as PictureMove;

describe('what moves, in a sentence', () => {
  it('names stops by their numbers, as long as those tell which', () => {
    expect(moveSentence(move([4]), t).what).toBe('planning.sentence.stops 4 1');
    expect(moveSentence(move([4, 5]), t).what).toContain('planning.sentence.stops');
  });
  it('counts them where a number comes again after the landfill, or many go', () => {
    expect(moveSentence(move([15, 1, 15]), t).what).toMatch(/^planning\.sentence\.many .*3$/);
    expect(moveSentence(move([1, 2, 3, 4, 5, 6, 7]), t).what).toMatch(/^planning\.sentence\.many .*7$/);
  });
});

describe('what a part goes together with', () => {
  it('is named by numbers that tell which, else counted', () => {
    expect(togetherSentence(['3', '8'], 2, t)).toBe('planning.part.together 3, 8 2');
    expect(togetherSentence(['3', '3'], 2, t)).toBe('planning.part.togetherMany 2 2');
    expect(togetherSentence(['3'], 2, t)).toBe('planning.part.togetherMany 2 2');
  });
});

describe('why it moves', () => {
  it('writes loads as the language writes numbers', () => {
    const heavy = move([4], { moves: [{ stopId: 1, about: { load: 25.5, capacity: 25 } }] });
    expect(whySentence(heavy, 'es', t)).toBe('planning.why.load 0218 25,5 25');
    expect(whySentence(heavy, 'en', t)).toBe('planning.why.load 0218 25.5 25');
  });
});

describe('why a truck has no place for a stop', () => {
  it('is a word both languages have', () => {
    expect(placeRefusal('capacity', t)).toBe('planning.refused.full');
    expect(placeRefusal('window', t)).toBe('planning.refused.landfill');
    expect(placeRefusal('something-new', t)).toBe('planning.refused.room');
  });
});
