import type { OsmData, OsmMember, OsmTags } from '../osm/model.ts';
import { isSynthetic } from '../synthetic/marker.ts';
import { buildingOf, landOf, placeOf, ROAD_ORDER, roadOf, waterOf, waterwayOf } from './classify.ts';
import { isInside, joinRings, signedArea } from './rings.ts';
import { ATTRIBUTION, COORDINATE_SCALE, TILE_MIN_ZOOM } from './schema.ts';
import type { TileAttributes, TileFeature, TileLayerName, TileLayers } from './schema.ts';

/** Metres in a pixel of zoom 0 at the equator, on 256-pixel tiles. */
const METRES_PER_PIXEL_Z0 = 156_543;
const METRES_PER_DEGREE = 111_195;
/** An area smaller than this across is a speck and waits for the next zoom. */
const SMALLEST_DRAWN_PX = 3;

/**
 * Chooses what the base map draws from OSM data and gives it its layer, attributes and lowest zoom. Closed
 * ways and `type=multipolygon` relations become areas; members missing from an extract are left out.
 */
export function buildTileLayers(osm: OsmData): TileLayers {
  const synthetic = isSynthetic(osm);
  const layers: TileLayers['layers'] = {
    land: [],
    water: [],
    waterway: [],
    buildings: [],
    roads: [],
    places: [],
  };
  const coordinates = new Map<number, readonly [number, number]>();
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const node of osm.nodes) {
    coordinates.set(node.id, [
      Math.round(node.lon * COORDINATE_SCALE),
      Math.round(node.lat * COORDINATE_SCALE),
    ]);
    west = Math.min(west, node.lon);
    south = Math.min(south, node.lat);
    east = Math.max(east, node.lon);
    north = Math.max(north, node.lat);
    const place = node.tags && placeOf(node.tags);
    if (place) layers.places.push({ type: 1, ...place, rings: [flat([node.id], coordinates)] });
  }

  const refsOfWay = new Map<number, number[]>();
  for (const way of osm.ways) {
    refsOfWay.set(way.id, way.refs);
    const isClosed = way.refs.length >= 4 && way.refs[0] === way.refs.at(-1);
    const line = roadOf(way.tags) ?? null;
    const waterway = waterwayOf(way.tags);
    if (line || waterway) {
      const points = flat(way.refs, coordinates);
      if (points.length < 4) continue;
      if (line) layers.roads.push({ type: 2, ...line, rings: [points] });
      else if (waterway) layers.waterway.push({ type: 2, ...waterway, rings: [points] });
    } else if (isClosed) {
      addArea(layers, way.tags, [flat(way.refs, coordinates)]);
    }
  }

  for (const relation of osm.relations) {
    if (relation.tags.type !== 'multipolygon' || !areaOf(relation.tags)) continue;
    for (const polygon of polygonsOf(relation.members, refsOfWay, coordinates)) {
      addArea(layers, relation.tags, polygon);
    }
  }

  inDrawingOrder(layers);
  const bounds: TileLayers['bounds'] = west <= east ? [west, south, east, north] : [0, 0, 0, 0];
  return {
    synthetic,
    attribution: synthetic ? ATTRIBUTION.synthetic : ATTRIBUTION.real,
    bounds,
    layers,
  };
}

function flat(
  refs: readonly number[],
  coordinates: ReadonlyMap<number, readonly [number, number]>,
): number[] {
  const points: number[] = [];
  for (const ref of refs) {
    const point = coordinates.get(ref);
    if (point) points.push(point[0], point[1]);
  }
  return points;
}

function areaOf(tags: OsmTags): { layer: TileLayerName; attributes: TileAttributes } | null {
  const building = buildingOf(tags);
  if (building) return { layer: 'buildings', attributes: building };
  const water = waterOf(tags);
  if (water) return { layer: 'water', attributes: water };
  const land = landOf(tags);
  return land && { layer: 'land', attributes: land };
}

function addArea(layers: TileLayers['layers'], tags: OsmTags, rings: number[][]): void {
  const area = areaOf(tags);
  const outer = rings[0];
  if (!area || !outer || outer.length < 8) return;
  const sideM = (Math.sqrt(Math.abs(signedArea(outer))) / COORDINATE_SCALE) * METRES_PER_DEGREE;
  if (sideM < 1) return;
  const visibleFrom = Math.ceil(Math.log2((METRES_PER_PIXEL_Z0 * SMALLEST_DRAWN_PX) / sideM));
  const [lowest, highest] = area.layer === 'buildings' ? [14, 16] : [TILE_MIN_ZOOM, 14];
  const minZoom = Math.min(highest, Math.max(lowest, visibleFrom));
  layers[area.layer].push({ type: 3, minZoom, attributes: area.attributes, rings });
}

/** Outer rings of a multipolygon, each followed by the holes that lie in it. */
function polygonsOf(
  members: readonly OsmMember[],
  refsOfWay: ReadonlyMap<number, number[]>,
  coordinates: ReadonlyMap<number, readonly [number, number]>,
): number[][][] {
  const ringsOf = (isInner: boolean): number[][] => {
    const pieces = members
      .filter((member) => member.type === 'way' && (member.role === 'inner') === isInner)
      .map((member) => refsOfWay.get(member.ref) ?? []);
    return joinRings(pieces)
      .map((ring) => flat(ring, coordinates))
      .filter((ring) => ring.length >= 8);
  };
  const polygons = ringsOf(false).map((outer) => [outer]);
  for (const hole of ringsOf(true)) {
    const home = polygons.find(([outer]) => outer && isInside(hole[0] ?? 0, hole[1] ?? 0, outer));
    home?.push(hole);
  }
  return polygons;
}

function inDrawingOrder(layers: TileLayers['layers']): void {
  const sizeOf = (feature: TileFeature): number => Math.abs(signedArea(feature.rings[0] ?? []));
  for (const layer of [layers.land, layers.water]) layer.sort((a, b) => sizeOf(b) - sizeOf(a));
  const orderOf = (feature: TileFeature): number => ROAD_ORDER.indexOf(String(feature.attributes.class));
  layers.roads.sort((a, b) => orderOf(a) - orderOf(b));
  layers.places.sort((a, b) => Number(a.attributes.rank) - Number(b.attributes.rank));
}
