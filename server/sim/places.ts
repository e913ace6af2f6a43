import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Point } from '../../shared/geo.ts';
import { PROJECT_ROOT } from '../ops/project.ts';

interface Corners {
  corners: { lon: number; lat: number }[];
}

/** Corners of Latacunga where the simulated people live: the same that anchor the synthetic streets. */
export const CITY_PLACES: readonly Point[] = (
  JSON.parse(readFileSync(join(PROJECT_ROOT, 'server/roads/synthetic/corners.json'), 'utf8')) as Corners
).corners
  .map(({ lon, lat }) => ({ lon, lat }))
  .filter(({ lon, lat }) => lat > -1.0 && lat < -0.88 && lon > -78.67 && lon < -78.56);
