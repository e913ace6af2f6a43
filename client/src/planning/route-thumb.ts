/** Routes drawn so small that only their shape is told: one SVG path, fitted into a box. Pure. */
import type { LonLat } from '../../../shared/geo.ts';

const MOST_POINTS = 60;

export interface ThumbBox {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** The box around all lines; null where there is nothing to draw. */
export function boxOf(lines: readonly (readonly LonLat[])[]): ThumbBox | null {
  const points = lines.flat();
  if (points.length === 0) return null;
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const [lon, lat] of points) {
    box.west = Math.min(box.west, lon);
    box.east = Math.max(box.east, lon);
    box.south = Math.min(box.south, lat);
    box.north = Math.max(box.north, lat);
  }
  return box;
}

/** One line as a path in a box of `width` × `height` pixels, north up, proportions kept, thinned out. */
export function thumbPath(line: readonly LonLat[], box: ThumbBox, width: number, height: number): string {
  const spanX = Math.max(1e-6, box.east - box.west);
  const spanY = Math.max(1e-6, box.north - box.south);
  const scale = Math.min(width / spanX, height / spanY);
  const left = (width - spanX * scale) / 2;
  const top = (height - spanY * scale) / 2;
  const step = Math.max(1, Math.ceil(line.length / MOST_POINTS));
  return line
    .filter((_, index) => index % step === 0 || index === line.length - 1)
    .map(
      ([lon, lat], index) =>
        `${index === 0 ? 'M' : 'L'}${(left + (lon - box.west) * scale).toFixed(1)} ${(top + (box.north - lat) * scale).toFixed(1)}`,
    )
    .join('');
}
