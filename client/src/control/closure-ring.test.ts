import { expect, it } from 'vitest';
import { distanceM, pointInRing } from '../../../shared/geo.ts';
import { closureRing } from './closure-ring.ts';

it('lies around the place, at the distance asked for', () => {
  const at = { lat: -0.93, lon: -78.61 };
  const ring = closureRing(at, 60);
  expect(pointInRing(at, ring)).toBe(true);
  for (const [lon, lat] of ring) expect(distanceM(at, { lon, lat })).toBeCloseTo(60, 0);
});
