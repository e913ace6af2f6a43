import { describe, expect, it } from 'vitest';
import { readGuidance } from './guidance.ts';
import { isNight } from './night.ts';
import { tilesAlong } from './route-tiles.ts';

const step = (distance: number, name: string, type: string, modifier?: string) => ({
  distance,
  name,
  maneuver: modifier === undefined ? { type } : { type, modifier },
});
const answer = (...steps: ReturnType<typeof step>[]) => ({
  routes: [
    { distance: 1_200, duration: 180, geometry: { coordinates: [[-78.61, -0.93]] }, legs: [{ steps }] },
  ],
});

describe('the way as the router tells it', () => {
  it('says the next turn, its street and how far it is', () => {
    const told = readGuidance(
      answer(
        step(120, 'Amazonas', 'depart'),
        step(1_080, 'Félix Valencia', 'turn', 'slight right'),
        step(0, '', 'arrive'),
      ),
    )!;
    expect(told.next).toEqual({ turn: 'right', street: 'Félix Valencia', inM: 120 });
    expect(told.street).toBe('Félix Valencia');
    expect([told.distanceM, told.durationS]).toEqual([1_200, 180]);
  });

  it.each([
    ['turn', 'sharp left', 'left'],
    ['continue', 'uturn', 'uturn'],
    ['roundabout', 'right', 'roundabout'],
    ['new name', 'straight', 'straight'],
    ['arrive', 'left', 'arrive'],
  ])('%s %s → %s', (type, modifier, turn) => {
    expect(readGuidance(answer(step(5, '', 'depart'), step(0, '', type, modifier)))!.next!.turn).toBe(turn);
  });

  it('is nothing without a route', () => {
    expect(readGuidance({ code: 'NoRoute' })).toBeNull();
    expect(readGuidance(null)).toBeNull();
  });
});

describe('night in Latacunga', () => {
  it.each([
    ['2026-11-24T23:29:00Z', false],
    ['2026-11-24T23:30:00Z', true],
    ['2026-11-25T10:59:00Z', true],
    ['2026-11-25T11:00:00Z', false],
  ])('%s → %s', (at, dark) => expect(isNight(Date.parse(at))).toBe(dark));
});

describe('tiles along a route', () => {
  it('names each once, closest zoom first', () => {
    const line: [number, number][] = [
      [-78.6157, -0.9335],
      [-78.6158, -0.9336],
    ];
    expect(tilesAlong(line)).toEqual([
      '/tiles/14/4614/8234.mvt',
      '/tiles/13/2307/4117.mvt',
      '/tiles/12/1153/2058.mvt',
      '/tiles/11/576/1029.mvt',
    ]);
  });
});
