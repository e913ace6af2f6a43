/** The ring of a closure drawn by one click: an octagon about the place. */
import { destination, type LonLat, type Point } from '../../../shared/geo.ts';

const CORNERS = 8;

/** `radiusM` is the distance from the place to each corner, in metres. */
export function closureRing(at: Point, radiusM: number): LonLat[] {
  return Array.from({ length: CORNERS }, (_, index): LonLat => {
    const corner = destination(at, (index * 360) / CORNERS + 180 / CORNERS, radiusM);
    return [corner.lon, corner.lat];
  });
}
