/** The base map's style, from the tokens: everything grey, roads by weight, labels that yield to what is alive. */
import type { Palette } from '../signs/palette.ts';
import type { LayerSpec } from './map-like.ts';

export const BASE_SOURCE = 'base';
export const TILE_MIN_ZOOM = 8;
export const TILE_MAX_ZOOM = 16;

/** First family only tells the weight to the local glyph renderer; the second is the one that draws. */
const MEDIUM = ['Medium', 'Inter Variable'];
const SEMIBOLD = ['Semibold', 'Inter Variable'];
const BOLD = ['Bold', 'Inter Variable'];

const width = (...stops: number[]) => ['interpolate', ['exponential', 1.6], ['zoom'], ...stops];

interface RoadLook {
  id: string;
  classes: string[];
  color: keyof Palette;
  width: unknown[];
  casing: unknown[] | null;
  minzoom: number;
}

const ROADS: readonly RoadLook[] = [
  {
    id: 'path',
    classes: ['path', 'track'],
    color: 'mapMinor',
    width: width(14, 0.8, 17, 3),
    casing: null,
    minzoom: 14,
  },
  {
    id: 'service',
    classes: ['service'],
    color: 'mapMinor',
    width: width(13, 0.8, 17, 6),
    casing: null,
    minzoom: 13,
  },
  {
    id: 'residential',
    classes: ['residential'],
    color: 'mapStreet',
    width: width(12, 0.6, 14, 2.6, 15, 4.6, 17, 13),
    casing: width(14, 0, 15, 5.8, 17, 15),
    minzoom: 12,
  },
  {
    id: 'tertiary',
    classes: ['tertiary'],
    color: 'mapCollector',
    width: width(11, 0.8, 14, 4, 15, 6.4, 17, 16),
    casing: width(13, 0, 15, 7.8, 17, 18),
    minzoom: 11,
  },
  {
    id: 'secondary',
    classes: ['secondary'],
    color: 'mapCollector',
    width: width(9, 0.8, 13, 3.4, 15, 8, 17, 18),
    casing: width(12, 0, 15, 9.6, 17, 20),
    minzoom: 9,
  },
  {
    id: 'primary',
    classes: ['motorway', 'trunk', 'primary'],
    color: 'mapArterial',
    width: width(8, 0.8, 13, 4.2, 15, 9.4, 17, 20),
    casing: width(11, 0, 15, 11.2, 17, 22),
    minzoom: 8,
  },
];

const isClass = (classes: string[]) => ['in', ['get', 'class'], ['literal', classes]];
const TOWN = [
  'residential',
  'commercial',
  'industrial',
  'square',
  'school',
  'hospital',
  'railway',
  'military',
];
const GREEN = ['park', 'pitch', 'cemetery', 'forest', 'grass', 'scrub'];

/** Layers bottom to top. `scale` enlarges the labels (wall mode). */
export function baseLayers(palette: Palette, scale = 1): LayerSpec[] {
  const base = (
    id: string,
    sourceLayer: string,
    layer: Omit<LayerSpec, 'id' | 'source' | 'source-layer'>,
  ) => ({
    id,
    source: BASE_SOURCE,
    'source-layer': sourceLayer,
    ...layer,
  });
  const halo = { 'text-color': palette.mapLabel, 'text-halo-color': palette.mapHalo, 'text-halo-width': 1.4 };
  const rounded = { 'line-cap': 'round', 'line-join': 'round' };
  const shown = ROADS.filter((road) => road.casing !== null);
  return [
    { id: 'land', type: 'background', paint: { 'background-color': palette.mapLand } },
    base('urban', 'land', {
      type: 'fill',
      filter: ['in', ['get', 'kind'], ['literal', TOWN]],
      paint: { 'fill-color': palette.mapUrban, 'fill-antialias': false },
    }),
    base('green', 'land', {
      type: 'fill',
      filter: ['in', ['get', 'kind'], ['literal', GREEN]],
      paint: { 'fill-color': palette.mapPark, 'fill-antialias': false },
    }),
    base('water', 'water', { type: 'fill', paint: { 'fill-color': palette.mapWater } }),
    base('waterway', 'waterway', {
      type: 'line',
      layout: rounded,
      paint: {
        'line-color': palette.mapWater,
        'line-width': [
          'interpolate',
          ['exponential', 1.6],
          ['zoom'],
          9,
          ['match', ['get', 'kind'], 'river', 1.2, 0.4],
          15,
          ['match', ['get', 'kind'], 'river', 15, 3],
          17,
          ['match', ['get', 'kind'], 'river', 34, 8],
        ],
      },
    }),
    base('buildings', 'buildings', {
      type: 'fill',
      minzoom: 15.5,
      paint: { 'fill-color': palette.mapMinor, 'fill-opacity': 0.35 },
    }),
    base('rail', 'roads', {
      type: 'line',
      filter: isClass(['rail']),
      paint: { 'line-color': palette.mapCollector, 'line-width': 1.4, 'line-dasharray': [4, 3] },
    }),
    ...shown.map((road) =>
      base(`casing-${road.id}`, 'roads', {
        type: 'line',
        minzoom: road.minzoom,
        filter: isClass(road.classes),
        layout: rounded,
        paint: { 'line-color': palette.mapCasing, 'line-width': road.casing },
      }),
    ),
    ...ROADS.map((road) =>
      base(`road-${road.id}`, 'roads', {
        type: 'line',
        minzoom: road.minzoom,
        filter: isClass(road.classes),
        layout: rounded,
        paint: { 'line-color': palette[road.color], 'line-width': road.width },
      }),
    ),
    base('label-water', 'waterway', {
      type: 'symbol',
      minzoom: 12,
      filter: ['has', 'name'],
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 420,
        'text-field': ['get', 'name'],
        'text-font': MEDIUM,
        'text-size': 12 * scale,
        'text-letter-spacing': 0.03,
      },
      paint: halo,
    }),
    base('label-street', 'roads', {
      type: 'symbol',
      minzoom: 14.2,
      filter: ['all', ['has', 'name'], isClass(['residential', 'service', 'tertiary'])],
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 320,
        'text-field': ['get', 'name'],
        'text-font': MEDIUM,
        'text-size': 11 * scale,
        'text-padding': 4,
      },
      paint: halo,
    }),
    base('label-avenue', 'roads', {
      type: 'symbol',
      minzoom: 12.5,
      filter: ['all', ['has', 'name'], isClass(['motorway', 'trunk', 'primary', 'secondary'])],
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 380,
        'text-field': [
          'case',
          ['has', 'ref'],
          ['concat', ['get', 'name'], ' (', ['get', 'ref'], ')'],
          ['get', 'name'],
        ],
        'text-font': SEMIBOLD,
        'text-size': 12 * scale,
        'text-padding': 6,
      },
      paint: halo,
    }),
    base('label-place', 'places', {
      type: 'symbol',
      minzoom: 9,
      maxzoom: 16.5,
      layout: {
        'text-field': ['upcase', ['get', 'name']],
        'text-font': BOLD,
        'text-size': ['match', ['get', 'kind'], 'city', 14 * scale, 12.5 * scale],
        'text-letter-spacing': 0.09,
        'text-max-width': 8,
        'symbol-sort-key': ['get', 'rank'],
      },
      paint: halo,
    }),
  ];
}

/** The whole style document; `origin` is the page's origin, because workers do not know it. */
export function baseStyle(palette: Palette, origin: string, scale = 1) {
  return {
    version: 8 as const,
    sources: {
      [BASE_SOURCE]: {
        type: 'vector' as const,
        tiles: [`${origin}/tiles/{z}/{x}/{y}.mvt`],
        minzoom: TILE_MIN_ZOOM,
        maxzoom: TILE_MAX_ZOOM,
      },
    },
    layers: baseLayers(palette, scale),
  };
}
