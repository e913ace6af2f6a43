import { describe, expect, it } from 'vitest';
import { nameStops } from './diff.ts';
import { randomDay, writeRows } from './random-day.ts';
import { reworkWith } from './rework.ts';
import type { StopRow } from './snapshot.ts';
import { prepare, searchFor } from './solve.ts';

/** A day whose best exchange fills the crews' shifts: moves that only work together. */
async function fullShifts(seed: number) {
  const day = await randomDay(seed, { trucks: 3, stops: 24 + (seed % 12), fresh: 3, iterations: 150 });
  const prepared = await prepare(day.dispatch, day.snapshot, {
    zone: 'oriental',
    truckIds: day.truckIds,
    addIncidents: day.fresh,
  });
  const solved = await searchFor(day.dispatch, prepared, { stabilityS: 0 });
  const made = writeRows(solved.draft, 1_000, 10_000);
  const diff = nameStops(solved.diff, solved.draft, made.routes);
  const trucks = new Map(day.snapshot.trucks);
  for (const { truckId, stops } of made.routes) {
    const homeS = (Date.parse(stops.at(-1)!.arrival) - day.snapshot.nowMs) / 1_000;
    // Ten minutes of the shift are over.
    trucks.set(truckId, { ...trucks.get(truckId)!, shiftS: Math.round(homeS + 610) });
  }
  const snapshot = { ...day.snapshot, trucks };
  const rows = new Map<number, StopRow>(
    [...made.stops].map(([id, stop]) => [id, { ...snapshot.stops.get(id), ...stop }]),
  );
  for (const { stopId } of made.routes.flatMap((route) => route.stops))
    if (!rows.has(stopId)) rows.set(stopId, snapshot.stops.get(stopId)!);
  const without = (stopIds: readonly number[]) =>
    reworkWith(
      day.dispatch,
      snapshot,
      { zone: 'oriental', routes: made.routes, without: new Set(stopIds), redrawTruckIds: [] },
      rows,
      [],
    );
  return { moved: diff.moved.map((move) => move.stopId), without };
}

describe('a part that breaks a rule', () => {
  it('is told further moves of those left out, with which it keeps every rule', async () => {
    let broken = 0;
    let helped = 0;
    for (let seed = 1; seed <= 16; seed++) {
      const { moved, without } = await fullShifts(seed);
      expect((await without([])).problems).toEqual([]);
      for (const nth of [2, 3, 4]) {
        const leftOut = moved.filter((_, index) => (index * 7 + seed) % nth !== 0);
        const part = await without(leftOut);
        if (part.problems.length === 0) {
          expect(part.together).toEqual([]);
          continue;
        }
        broken += 1;
        if (part.together.length === 0) continue;
        helped += 1;
        expect(leftOut).toEqual(expect.arrayContaining(part.together));
        const more = await without(leftOut.filter((stopId) => !part.together.includes(stopId)));
        expect(more.problems).toEqual([]);
      }
    }
    expect(broken).toBeGreaterThan(8);
    expect(helped).toBeGreaterThan(broken / 3);
  });
});
