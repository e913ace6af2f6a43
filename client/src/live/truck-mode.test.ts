import { describe, expect, it } from 'vitest';
import { SIGNAL_LOST_AFTER_MS, truckMode, type ModeInput } from './truck-mode.ts';

const NOW = 1_764_000_000_000;
const driving: ModeInput = {
  state: 'available',
  running: true,
  lastFixMs: NOW - 1_000,
  speedMps: 6,
  depotDistanceM: 2_000,
  landfillDistanceM: 4_000,
  loadShare: 0.4,
};

describe('a truck shows one word, the most urgent', () => {
  it.each<[string, Partial<ModeInput>, string]>([
    ['drives', {}, 'driving'],
    ['stands at a stop', { speedMps: 0 }, 'stopped'],
    ['is broken even without signal', { state: 'out', lastFixMs: null }, 'broken'],
    ['fell silent on its route', { lastFixMs: NOW - SIGNAL_LOST_AFTER_MS - 1 }, 'nosignal'],
    ['never sent a fix and has no route', { lastFixMs: null, running: false }, 'depot'],
    [
      'is parked, silent, off duty',
      { running: false, lastFixMs: NOW - 9e6, depotDistanceM: 10, speedMps: 0 },
      'depot',
    ],
    ['passes the depot', { depotDistanceM: 50 }, 'driving'],
    ['tips at the landfill, full', { landfillDistanceM: 100, loadShare: 1 }, 'landfill'],
    ['is full on the road', { loadShare: 0.95 }, 'full'],
  ])('%s', (_, change, word) => expect(truckMode({ ...driving, ...change }, NOW)).toBe(word));
});
