import type { Point } from '../../shared/geo.ts';
import anchors from '../roads/synthetic/corners.json' with { type: 'json' };

/** Corners of Latacunga where the simulated people live: the same that anchor the synthetic streets. */
export const CITY_PLACES: readonly Point[] = anchors.corners
  .map(({ lon, lat }) => ({ lon, lat }))
  .filter(({ lon, lat }) => lat > -1.0 && lat < -0.88 && lon > -78.67 && lon < -78.56);
