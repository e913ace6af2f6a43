import GeoJSONVT from 'geojson-vt';
import type { LegacyTile } from 'geojson-vt';
import vtPbf from 'vt-pbf';
import type { Feature, FeatureCollection, Geometry, Position } from 'geojson';
import { COORDINATE_SCALE, TILE_EXTENT, TILE_LAYER_NAMES, TILE_MAX_ZOOM, TILE_MIN_ZOOM } from './schema.ts';
import type { TileFeature, TileLayerName, TileLayers } from './schema.ts';

/** Pixels of the 4096 kept beyond a tile's edge, so that lines and casings meet. */
const BUFFER = 64;
/** Simplification, in units of the 4096 grid; geojson-vt keeps the last zoom exact. */
const TOLERANCE = 4;

/** The base map, ready to be cut. Layers are indexed when first asked for. */
export interface TileSource {
  readonly synthetic: boolean;
  readonly attribution: string;
  /** west, south, east, north in degrees. */
  readonly bounds: readonly [number, number, number, number];
  readonly minZoom: number;
  readonly maxZoom: number;
  /** geojson-vt's tile of one layer with the features of that zoom only, or null when empty. */
  layerTile(layer: TileLayerName, z: number, x: number, y: number): LegacyTile | null;
}

/** Makes the layers of a map ready for `cutTile`; costs nothing until the first tile. */
export function createTileSource(map: TileLayers): TileSource {
  const indexes = new Map<TileLayerName, GeoJSONVT>();
  const indexOf = (layer: TileLayerName): GeoJSONVT => {
    const known = indexes.get(layer);
    if (known) return known;
    const index = new GeoJSONVT(toGeoJson(map.layers[layer]), {
      maxZoom: TILE_MAX_ZOOM,
      indexMaxZoom: TILE_MIN_ZOOM,
      extent: TILE_EXTENT,
      buffer: BUFFER,
      tolerance: TOLERANCE,
      promoteId: null,
    });
    indexes.set(layer, index);
    return index;
  };
  return {
    synthetic: map.synthetic,
    attribution: map.attribution,
    bounds: map.bounds,
    minZoom: TILE_MIN_ZOOM,
    maxZoom: TILE_MAX_ZOOM,
    layerTile(layer, z, x, y) {
      if (map.layers[layer].length === 0) return null;
      const tile = indexOf(layer).getTile(z, x, y);
      if (!tile) return null;
      const features = [];
      for (const feature of tile.features) {
        const { minZoom, ...tags } = feature.tags ?? {};
        if (Number(minZoom) <= z) features.push({ ...feature, tags });
      }
      return features.length > 0 ? { features } : null;
    },
  };
}

/**
 * One Mapbox Vector Tile, uncompressed: layers and attributes as in TILE_SCHEMA. Null when the address is
 * no tile of zooms 8–16 or nothing is drawn there.
 */
export function cutTile(source: TileSource, z: number, x: number, y: number): Uint8Array | null {
  if (!Number.isInteger(z) || z < source.minZoom || z > source.maxZoom) return null;
  const tilesAcross = 2 ** z;
  const isColumn = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < tilesAcross;
  if (!isColumn(x) || !isColumn(y)) return null;

  const layers: Record<string, LegacyTile> = {};
  for (const name of TILE_LAYER_NAMES) {
    const tile = source.layerTile(name, z, x, y);
    if (tile) layers[name] = tile;
  }
  if (Object.keys(layers).length === 0) return null;
  return vtPbf.fromGeojsonVt(layers, { version: 2, extent: TILE_EXTENT });
}

function toGeoJson(features: readonly TileFeature[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: features.map((feature): Feature => ({
      type: 'Feature',
      properties: { ...feature.attributes, minZoom: feature.minZoom },
      geometry: geometryOf(feature),
    })),
  };
}

function geometryOf(feature: TileFeature): Geometry {
  const rings = feature.rings.map(positions);
  if (feature.type === 3) return { type: 'Polygon', coordinates: rings };
  const first = rings[0] ?? [];
  if (feature.type === 2) return { type: 'LineString', coordinates: first };
  return { type: 'Point', coordinates: first[0] ?? [0, 0] };
}

function positions(ring: readonly number[]): Position[] {
  const points: Position[] = [];
  for (let i = 0; i + 1 < ring.length; i += 2) {
    points.push([(ring[i] ?? 0) / COORDINATE_SCALE, (ring[i + 1] ?? 0) / COORDINATE_SCALE]);
  }
  return points;
}
