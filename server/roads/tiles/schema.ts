/**
 * TILE_SCHEMA — what a base-map tile holds (Mapbox Vector Tile v2, extent 4096, zooms 8 to 16; a client
 * overzooms above 16). A layer without features in a tile is absent. Attributes in [brackets] are absent when
 * they do not apply. A layer's features are in drawing order (large areas first, small roads first).
 *
 * | layer       | geometry | attributes |
 * |-------------|----------|------------|
 * | `land`      | polygon  | `kind`: residential, commercial, industrial, farmland, forest, grass, scrub, bare, park, pitch, cemetery, school, hospital, square, landfill, quarry, airport, runway, railway, military; [`name`] |
 * | `water`     | polygon  | `kind`: river, lake; [`name`] |
 * | `waterway`  | line     | `kind`: river, stream, canal; [`name`] |
 * | `buildings` | polygon  | [`name`] (large ones from zoom 14, all from 16) |
 * | `roads`     | line     | `class`: motorway, trunk, primary, secondary, tertiary, residential, service, track, path, rail; [`name`], [`ref`], [`oneway`] 1 along the line or -1 against it, [`bridge`] 1, [`tunnel`] 1, [`link`] 1 (ramps), [`unpaved`] 1 |
 * | `places`    | point    | `kind`: city, suburb, village, locality; `name`; `rank`: 1 (most important) to 6 |
 *
 * Roads appear by zoom: motorway, trunk, primary from 8; secondary 9; rail 10; tertiary 11; residential 12;
 * service and track 13; path 14. Places: city 8, village 10, suburb 12, locality 13.
 */
export const TILE_SCHEMA = {
  land: ['kind', 'name'],
  water: ['kind', 'name'],
  waterway: ['kind', 'name'],
  buildings: ['name'],
  roads: ['class', 'name', 'ref', 'oneway', 'bridge', 'tunnel', 'link', 'unpaved'],
  places: ['kind', 'name', 'rank'],
} as const;

export type TileLayerName = keyof typeof TILE_SCHEMA;

/** Layer names, bottom to top. */
export const TILE_LAYER_NAMES: readonly TileLayerName[] = [
  'land',
  'water',
  'waterway',
  'buildings',
  'roads',
  'places',
];

export const TILE_MIN_ZOOM = 8;
export const TILE_MAX_ZOOM = 16;
export const TILE_EXTENT = 4096;

/** What the map must show in its corner, by the origin of its data. */
export const ATTRIBUTION = { real: '© OpenStreetMap', synthetic: 'Red vial sintética' } as const;

/** Coordinates are whole numbers of this many to a degree (about 0.1 m). */
export const COORDINATE_SCALE = 1e6;

export type TileAttributes = Readonly<Record<string, string | number>>;

/** One drawn thing: 1 point, 2 line, 3 polygon (outer ring, then holes), as in the tile format. */
export interface TileFeature {
  type: 1 | 2 | 3;
  /** The lowest zoom it is drawn at. */
  minZoom: number;
  attributes: TileAttributes;
  /** Flat `lon, lat, lon, lat…` in 1/COORDINATE_SCALE degrees, one array a ring (or the line, or the point). */
  rings: number[][];
}

/** All that the base map draws: plain data, made from OSM data once and kept in DATA_DIR. */
export interface TileLayers {
  synthetic: boolean;
  attribution: string;
  /** west, south, east, north in degrees. */
  bounds: [number, number, number, number];
  layers: Record<TileLayerName, TileFeature[]>;
}
