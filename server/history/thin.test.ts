import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { destination } from '../../shared/geo.ts';
import { keptOf, syncDistanceM, type ThinnablePoint } from './thin.ts';
import { historyOf } from './trips.ts';

const HOME = { lat: -0.93, lon: -78.61 };

/** A walk of [seconds, bearing, metres a second], a fix a second. */
function walk(legs: readonly (readonly [number, number, number])[], noiseM = 0): ThinnablePoint[] {
  const points: ThinnablePoint[] = [{ t: 0, ...HOME, speed: 0, ignition: true }];
  let at: { lat: number; lon: number } = HOME;
  for (const [seconds, bearing, speed] of legs) {
    for (let s = 0; s < seconds; s++) {
      at = destination(at, bearing, speed);
      const t = points.at(-1)!.t + 1_000;
      points.push({ t, ...destination(at, (t * 0.97) % 360, noiseM), speed, ignition: true });
    }
  }
  return points;
}

/** The largest error of a thinned track at the instants of what was dropped. */
function worstM(track: readonly ThinnablePoint[], kept: readonly number[]): number {
  let worst = 0;
  for (let k = 1; k < kept.length; k++) {
    for (let i = kept[k - 1]! + 1; i < kept[k]!; i++) {
      worst = Math.max(worst, syncDistanceM(track[kept[k - 1]!]!, track[kept[k]!]!, track[i]!));
    }
  }
  return worst;
}

describe('a thinned track', () => {
  it('of an hour of driving and standing keeps few fixes, and the trips they tell', () => {
    const track = walk(
      [
        [300, 90, 8],
        [600, 0, 0],
        [200, 0, 10],
        [1_800, 0, 0],
        [700, 180, 12],
      ],
      1.5,
    );
    const kept = keptOf(track, 5);
    expect(kept.length).toBeLessThan(track.length / 25);
    expect(worstM(track, kept)).toBeLessThanOrEqual(5);
    const history = (of: readonly ThinnablePoint[]) => historyOf(of.map((p) => ({ ...p, kind: 'tracker' })));
    const [before, after] = [history(track), history(kept.map((i) => track[i]!))];
    expect(after.summary.trips).toBe(before.summary.trips);
    expect(after.summary.maxSpeed).toBe(before.summary.maxSpeed);
    expect(after.summary.unknownS).toBe(0);
    expect(Math.abs(after.summary.movingS - before.summary.movingS)).toBeLessThan(120);
  });

  it('keeps what a visit was told by, changes of ignition and both sides of a silence', () => {
    const track = walk([[600, 90, 8]]);
    track[200]!.ignition = false;
    const late = track.map((point, i) => (i < 400 ? point : { ...point, t: point.t + 400_000 }));
    const kept = keptOf(late, 5, [123_000]);
    expect(kept).toEqual(expect.arrayContaining([0, 123, 199, 200, 201, 399, 400, 600]));
  });

  it('is never off by more than the bound, whatever the track', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 1, max: 200 }),
            fc.integer({ min: 0, max: 359 }),
            fc.integer({ min: 0, max: 25 }),
          ),
          { minLength: 1, maxLength: 8 },
        ),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 20 }),
        (legs, toleranceM, noiseM) => {
          const track = walk(legs, noiseM);
          const kept = keptOf(track, toleranceM);
          expect(worstM(track, kept)).toBeLessThanOrEqual(toleranceM + 1e-6);
          expect(kept[0]).toBe(0);
          expect(kept.at(-1)).toBe(track.length - 1);
        },
      ),
      { seed: 3, numRuns: 150 },
    );
  });
});
