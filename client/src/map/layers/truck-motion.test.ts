import { describe, expect, it } from 'vitest';
import { fromMercator, glideTo, placeAt, toMercator } from './truck-motion.ts';

const DEPOT = { lon: -78.613, lat: -0.936 };
const near = toMercator(-78.6129, -0.9361);

describe('mercator', () => {
  it('goes there and back', () => {
    const back = fromMercator(toMercator(DEPOT.lon, DEPOT.lat));
    expect(back.lon).toBeCloseTo(DEPOT.lon, 9);
    expect(back.lat).toBeCloseTo(DEPOT.lat, 9);
  });
});

describe('gliding', () => {
  const first = glideTo(undefined, toMercator(DEPOT.lon, DEPOT.lat), 1_000, 5_000, false);

  it('appears where its first fix is', () => {
    expect(placeAt(first, 5_000)).toEqual(first.to);
  });

  it('takes as long as the fixes are apart, and stops there', () => {
    const second = glideTo(first, near, 3_000, 7_000, false);
    expect(second.endMs - second.startMs).toBe(2_000);
    const half = placeAt(second, 8_000);
    expect(half.x).toBeCloseTo((first.to.x + near.x) / 2, 12);
    expect(placeAt(second, 60_000)).toEqual(near);
  });

  it('starts from where it is shown when a fix comes early', () => {
    const second = glideTo(first, near, 3_000, 7_000, false);
    const third = glideTo(second, first.to, 4_000, 8_000, false);
    expect(third.from).toEqual(placeAt(second, 8_000));
  });

  it('does not restart on the same fix', () => {
    const second = glideTo(first, near, 3_000, 7_000, false);
    expect(glideTo(second, near, 3_000, 7_500, false)).toBe(second);
  });

  it('jumps when asked for less motion, and when the truck is somewhere else altogether', () => {
    expect(placeAt(glideTo(first, near, 3_000, 7_000, true), 7_000)).toEqual(near);
    const far = toMercator(-78.5, -0.9);
    expect(placeAt(glideTo(first, far, 3_000, 7_000, false), 7_000)).toEqual(far);
  });
});
