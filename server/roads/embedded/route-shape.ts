import { encodePolyline, type Options } from './request.ts';

/** Parts of OSRM's answers are plain JSON. */
export type Json = Record<string, unknown>;

/** Fixed-point units to degrees. */
export const degrees = (fixed: number): number => fixed / 1e6;

export function geometryOf(
  lon: readonly number[],
  lat: readonly number[],
  format: Options['geometries'],
): unknown {
  if (format === 'geojson') {
    return { type: 'LineString', coordinates: lon.map((x, i) => [degrees(x), degrees(lat[i]!)]) };
  }
  return encodePolyline(lon, lat, format === 'polyline6' ? 1e6 : 1e5);
}
