/** The base map's tiles along a route, to be kept on the phone before the network is lost. Pure. */
import type { LonLat } from '../../../shared/geo.ts';

/** The map enlarges what it has: closer tiles than these come only from being looked at. */
const ZOOMS = [14, 13, 12, 11] as const;
const MOST = 250;

/** Paths of tiles (web mercator) that hold a point of the line, closest zoom first. */
export function tilesAlong(line: readonly LonLat[]): string[] {
  const paths = new Set<string>();
  for (const zoom of ZOOMS) {
    const side = 2 ** zoom;
    for (const [lon, lat] of line) {
      const sin = Math.sin((lat * Math.PI) / 180);
      const x = Math.floor(((lon + 180) / 360) * side);
      const y = Math.floor((0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * side);
      paths.add(`/tiles/${zoom}/${x}/${y}.mvt`);
    }
  }
  return [...paths].slice(0, MOST);
}
