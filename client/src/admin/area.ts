/** Areas as text: GeoJSON that people paste, and the rings of the rules. Pure. */
type Corner = [number, number];
export type AreaFault = 'json' | 'polygon' | 'corners' | 'holes';
export type AreaReading = { ok: true; ring: Corner[] } | { ok: false; fault: AreaFault };

interface Shape {
  type?: string;
  geometry?: Shape;
  features?: Shape[];
  coordinates?: unknown;
}

const isCorner = (value: unknown): value is Corner =>
  Array.isArray(value) &&
  value.length >= 2 &&
  typeof value[0] === 'number' &&
  typeof value[1] === 'number' &&
  Math.abs(value[0]) <= 180 &&
  Math.abs(value[1]) <= 90;

/** The polygon inside a Feature or a collection of one; a bare list of corners also passes. */
function ringsOf(shape: unknown): unknown[] | null {
  if (Array.isArray(shape)) return isCorner(shape[0]) ? [shape] : null;
  const { type, geometry, features, coordinates } = (shape ?? {}) as Shape;
  if (type === 'FeatureCollection') return features?.length === 1 ? ringsOf(features[0]) : null;
  if (type === 'Feature') return ringsOf(geometry);
  return type === 'Polygon' && Array.isArray(coordinates) ? coordinates : null;
}

/** A ring of [lon, lat] without the repeated last corner. */
export function readArea(text: string): AreaReading {
  let shape: unknown;
  try {
    shape = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'json' };
  }
  const rings = ringsOf(shape);
  if (!rings) return { ok: false, fault: 'polygon' };
  if (rings.length !== 1) return { ok: false, fault: 'holes' };
  const [ring] = rings;
  if (!Array.isArray(ring) || !ring.every(isCorner)) return { ok: false, fault: 'corners' };
  const corners = ring.map(([lon, lat]): Corner => [lon, lat]);
  const [first, last] = [corners[0], corners.at(-1)];
  if (corners.length > 1 && first && last && first[0] === last[0] && first[1] === last[1]) corners.pop();
  return corners.length < 3 ? { ok: false, fault: 'corners' } : { ok: true, ring: corners };
}

/** A closed GeoJSON polygon, one corner a line. */
export function writeArea(ring: readonly (readonly number[])[]): string {
  const closed = [...ring, ring[0] ?? []];
  const corners = closed.map((corner) => `    [${corner.join(', ')}]`).join(',\n');
  return `{\n  "type": "Polygon",\n  "coordinates": [[\n${corners}\n  ]]\n}`;
}
