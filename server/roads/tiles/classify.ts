import type { OsmTags } from '../osm/model.ts';
import type { TileAttributes } from './schema.ts';

/** What a tagged line, area or point is on the map, and from which zoom on. */
export interface Drawn {
  attributes: TileAttributes;
  minZoom: number;
}

interface RoadClass {
  class: string;
  minZoom: number;
}

const ROADS: Readonly<Record<string, RoadClass>> = {
  motorway: { class: 'motorway', minZoom: 8 },
  trunk: { class: 'trunk', minZoom: 8 },
  primary: { class: 'primary', minZoom: 8 },
  secondary: { class: 'secondary', minZoom: 9 },
  tertiary: { class: 'tertiary', minZoom: 11 },
  residential: { class: 'residential', minZoom: 12 },
  unclassified: { class: 'residential', minZoom: 12 },
  living_street: { class: 'residential', minZoom: 12 },
  road: { class: 'residential', minZoom: 12 },
  service: { class: 'service', minZoom: 13 },
  track: { class: 'track', minZoom: 13 },
  path: { class: 'path', minZoom: 14 },
  footway: { class: 'path', minZoom: 14 },
  cycleway: { class: 'path', minZoom: 14 },
  bridleway: { class: 'path', minZoom: 14 },
  steps: { class: 'path', minZoom: 14 },
  pedestrian: { class: 'path', minZoom: 13 },
};

/** Drawing order within `roads`: the last is on top. */
export const ROAD_ORDER: readonly string[] = [
  'rail',
  'path',
  'track',
  'service',
  'residential',
  'tertiary',
  'secondary',
  'primary',
  'trunk',
  'motorway',
];

const RAILS = new Set(['rail', 'light_rail', 'narrow_gauge', 'tram']);
const UNPAVED = new Set([
  'unpaved',
  'compacted',
  'gravel',
  'fine_gravel',
  'pebblestone',
  'dirt',
  'earth',
  'ground',
  'grass',
  'mud',
  'sand',
]);

function isYes(value: string | undefined): boolean {
  return value !== undefined && value !== 'no';
}

/** The road a way's tags describe, or null. Proposed, ruined and indoor ways are not drawn. */
export function roadOf(tags: OsmTags): Drawn | null {
  if (RAILS.has(tags.railway ?? '') && tags.highway === undefined) {
    const attributes: Record<string, string | number> = { class: 'rail' };
    if (isYes(tags.bridge)) attributes.bridge = 1;
    if (isYes(tags.tunnel)) attributes.tunnel = 1;
    return { attributes, minZoom: isYes(tags.service) ? 13 : 10 };
  }
  if (tags.highway === undefined || tags.area === 'yes') return null;
  const isLink = tags.highway.endsWith('_link');
  const road = ROADS[isLink ? tags.highway.slice(0, -'_link'.length) : tags.highway];
  if (!road) return null;

  const attributes: Record<string, string | number> = { class: road.class };
  if (tags.name) attributes.name = tags.name;
  if (tags.ref) attributes.ref = tags.ref;
  const isRoundabout = tags.junction === 'roundabout' || tags.junction === 'circular';
  if (tags.oneway === '-1') attributes.oneway = -1;
  else if (tags.oneway === 'yes' || tags.oneway === '1' || tags.oneway === 'true') attributes.oneway = 1;
  else if (tags.oneway === undefined && (isRoundabout || road.class === 'motorway')) attributes.oneway = 1;
  if (isYes(tags.bridge)) attributes.bridge = 1;
  if (isYes(tags.tunnel)) attributes.tunnel = 1;
  if (isLink) attributes.link = 1;
  if (UNPAVED.has(tags.surface ?? '')) attributes.unpaved = 1;
  return { attributes, minZoom: isLink ? Math.max(11, road.minZoom) : road.minZoom };
}

/** The river, stream or canal a line's tags describe, or null. */
export function waterwayOf(tags: OsmTags): Drawn | null {
  const kind = tags.waterway;
  if (kind !== 'river' && kind !== 'stream' && kind !== 'canal') return null;
  if (isYes(tags.tunnel)) return null;
  return { attributes: withName({ kind }, tags), minZoom: kind === 'river' ? 8 : 12 };
}

/** Tag key, then its values, then what the map calls them. The first that fits decides. */
const LAND: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['aeroway', { aerodrome: 'airport', runway: 'runway', taxiway: 'runway', apron: 'runway' }],
  [
    'leisure',
    {
      park: 'park',
      garden: 'park',
      playground: 'park',
      nature_reserve: 'park',
      golf_course: 'park',
      pitch: 'pitch',
      sports_centre: 'pitch',
      stadium: 'pitch',
      track: 'pitch',
    },
  ],
  [
    'amenity',
    {
      school: 'school',
      university: 'school',
      college: 'school',
      hospital: 'hospital',
      grave_yard: 'cemetery',
    },
  ],
  ['place', { square: 'square' }],
  [
    'landuse',
    {
      residential: 'residential',
      commercial: 'commercial',
      retail: 'commercial',
      industrial: 'industrial',
      farmland: 'farmland',
      farmyard: 'farmland',
      orchard: 'farmland',
      vineyard: 'farmland',
      greenhouse_horticulture: 'farmland',
      forest: 'forest',
      meadow: 'grass',
      grass: 'grass',
      village_green: 'grass',
      recreation_ground: 'grass',
      cemetery: 'cemetery',
      landfill: 'landfill',
      quarry: 'quarry',
      railway: 'railway',
      military: 'military',
    },
  ],
  [
    'natural',
    {
      wood: 'forest',
      grassland: 'grass',
      heath: 'scrub',
      scrub: 'scrub',
      bare_rock: 'bare',
      scree: 'bare',
      sand: 'bare',
      beach: 'bare',
      cliff: 'bare',
    },
  ],
];

/** The land cover or use an area's tags describe, or null. */
export function landOf(tags: OsmTags): TileAttributes | null {
  for (const [key, kinds] of LAND) {
    const value = tags[key];
    const kind = value === undefined ? undefined : kinds[value];
    if (kind) return withName({ kind }, tags);
  }
  if (tags.area === 'yes' && (tags.highway === 'pedestrian' || tags.highway === 'footway')) {
    return withName({ kind: 'square' }, tags);
  }
  return null;
}

/** The water an area's tags describe, or null. */
export function waterOf(tags: OsmTags): TileAttributes | null {
  if (tags.waterway === 'riverbank') return withName({ kind: 'river' }, tags);
  if (tags.natural === 'water') {
    const flows = tags.water === 'river' || tags.water === 'canal' || tags.water === 'stream';
    return withName({ kind: flows ? 'river' : 'lake' }, tags);
  }
  if (tags.landuse === 'reservoir' || tags.landuse === 'basin') return withName({ kind: 'lake' }, tags);
  return null;
}

/** The building an area's tags describe, or null. */
export function buildingOf(tags: OsmTags): TileAttributes | null {
  return isYes(tags.building) ? withName({}, tags) : null;
}

const PLACES: Readonly<Record<string, { kind: string; rank: number; minZoom: number }>> = {
  city: { kind: 'city', rank: 1, minZoom: 8 },
  town: { kind: 'city', rank: 2, minZoom: 8 },
  village: { kind: 'village', rank: 3, minZoom: 10 },
  suburb: { kind: 'suburb', rank: 4, minZoom: 12 },
  quarter: { kind: 'suburb', rank: 5, minZoom: 13 },
  neighbourhood: { kind: 'suburb', rank: 5, minZoom: 13 },
  hamlet: { kind: 'locality', rank: 6, minZoom: 13 },
  locality: { kind: 'locality', rank: 6, minZoom: 13 },
  isolated_dwelling: { kind: 'locality', rank: 6, minZoom: 14 },
};

/** The named place a point's tags describe, or null. */
export function placeOf(tags: OsmTags): Drawn | null {
  const place = PLACES[tags.place ?? ''];
  if (!place || !tags.name) return null;
  return { attributes: { kind: place.kind, name: tags.name, rank: place.rank }, minZoom: place.minZoom };
}

function withName(attributes: Record<string, string>, tags: OsmTags): TileAttributes {
  return tags.name ? { ...attributes, name: tags.name } : attributes;
}
