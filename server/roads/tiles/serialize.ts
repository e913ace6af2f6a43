import { gunzipSync, gzipSync } from 'node:zlib';
import { DomainError } from '../../../shared/errors.ts';
import { TILE_LAYER_NAMES } from './schema.ts';
import type { TileAttributes, TileFeature, TileLayers } from './schema.ts';

const FORMAT = 'epagal-tiles-1';

/** On disk: attribute sets are shared, coordinates are differences from the point before. */
interface Packed {
  format: string;
  synthetic: boolean;
  attribution: string;
  bounds: TileLayers['bounds'];
  attributes: TileAttributes[];
  /** By layer: type, lowest zoom, index of the attributes, rings. */
  layers: Record<string, [1 | 2 | 3, number, number, number[][]][]>;
}

/** The map's layers as one small file for DATA_DIR/map (gzipped JSON). */
export function serializeTiles(map: TileLayers): Uint8Array {
  const attributes: TileAttributes[] = [];
  const indexOfAttributes = new Map<string, number>();
  const indexOf = (set: TileAttributes): number => {
    const key = JSON.stringify(set);
    const known = indexOfAttributes.get(key);
    if (known !== undefined) return known;
    indexOfAttributes.set(key, attributes.length);
    return attributes.push(set) - 1;
  };
  const layers: Packed['layers'] = {};
  for (const name of TILE_LAYER_NAMES) {
    layers[name] = map.layers[name].map((feature) => [
      feature.type,
      feature.minZoom,
      indexOf(feature.attributes),
      feature.rings.map(toDifferences),
    ]);
  }
  const { synthetic, attribution, bounds } = map;
  const packed: Packed = { format: FORMAT, synthetic, attribution, bounds, attributes, layers };
  return gzipSync(JSON.stringify(packed));
}

/**
 * Reads what `serializeTiles` wrote.
 *
 * @throws DomainError `invalid-input` when the file is damaged or of another version
 */
export function deserializeTiles(bytes: Uint8Array): TileLayers {
  const packed = readPacked(bytes);
  const layerOf = (name: string): TileFeature[] =>
    (packed.layers[name] ?? []).map(([type, minZoom, index, rings]) => ({
      type,
      minZoom,
      attributes: packed.attributes[index] ?? {},
      rings: rings.map(fromDifferences),
    }));
  return {
    synthetic: packed.synthetic,
    attribution: packed.attribution,
    bounds: packed.bounds,
    layers: {
      land: layerOf('land'),
      water: layerOf('water'),
      waterway: layerOf('waterway'),
      buildings: layerOf('buildings'),
      roads: layerOf('roads'),
      places: layerOf('places'),
    },
  };
}

function readPacked(bytes: Uint8Array): Packed {
  let packed: Partial<Packed> | null;
  try {
    packed = JSON.parse(gunzipSync(bytes).toString('utf8')) as Partial<Packed> | null;
  } catch {
    throw new DomainError('invalid-input', 'The base map file is damaged: import the map again.');
  }
  if (packed?.format !== FORMAT) {
    throw new DomainError('invalid-input', 'The base map file is of another version: import the map again.');
  }
  return packed as Packed;
}

function toDifferences(ring: readonly number[]): number[] {
  return ring.map((value, i) => value - (i < 2 ? 0 : (ring[i - 2] ?? 0)));
}

function fromDifferences(ring: number[]): number[] {
  for (let i = 2; i < ring.length; i++) ring[i] = (ring[i] ?? 0) + (ring[i - 2] ?? 0);
  return ring;
}
