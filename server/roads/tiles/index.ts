export { buildTileLayers } from './build-layers.ts';
export { createTileSource, cutTile } from './tile-source.ts';
export type { TileSource } from './tile-source.ts';
export { createTileCache } from './tile-cache.ts';
export type { TileCache } from './tile-cache.ts';
export { deserializeTiles, serializeTiles } from './serialize.ts';
export { ATTRIBUTION, TILE_LAYER_NAMES, TILE_MAX_ZOOM, TILE_MIN_ZOOM, TILE_SCHEMA } from './schema.ts';
export type { TileAttributes, TileFeature, TileLayerName, TileLayers } from './schema.ts';
export { isSynthetic } from '../synthetic/marker.ts';
