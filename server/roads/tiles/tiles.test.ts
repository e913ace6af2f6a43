import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { OsmData } from '../osm/model.ts';
import { readOsmPbf } from '../osm/pbf-read.ts';
import { classOrKindCounts, decodeTile, tileAt } from './decode-for-tests.ts';
import {
  buildTileLayers,
  createTileCache,
  createTileSource,
  cutTile,
  deserializeTiles,
  serializeTiles,
  TILE_SCHEMA,
} from './index.ts';

const latacunga = new URL('../synthetic/latacunga.osm.pbf', import.meta.url);
const city = buildTileLayers(readOsmPbf(readFileSync(latacunga)));
const source = createTileSource(city);
const centre = { lon: -78.6145, lat: -0.933 };

/** A lake with an island and a second lake, as a multipolygon of open ways; a park as a closed way. */
const lakes: OsmData = {
  nodes: [
    [1, 0, 0],
    [2, 0.1, 0],
    [3, 0.1, 0.1],
    [4, 0, 0.1],
    [5, 0.04, 0.04],
    [6, 0.06, 0.04],
    [7, 0.06, 0.06],
    [8, 0.2, 0],
    [9, 0.3, 0],
    [10, 0.3, 0.1],
  ].map(([id, lon, lat]) => ({ id: id as number, lon: lon as number, lat: lat as number })),
  ways: [
    { id: 1, refs: [1, 2, 3], tags: {} },
    { id: 2, refs: [1, 4, 3], tags: {} },
    { id: 3, refs: [5, 6, 7, 5], tags: {} },
    { id: 4, refs: [8, 9, 10, 8], tags: {} },
    { id: 5, refs: [5, 6, 7, 5], tags: { leisure: 'park', name: 'Isla' } },
    { id: 6, refs: [1, 9], tags: { highway: 'footway' } },
    { id: 7, refs: [1, 10], tags: { highway: 'motorway_link', oneway: '-1', bridge: 'viaduct' } },
    { id: 8, refs: [1, 999], tags: { highway: 'primary' } },
    { id: 9, refs: [1, 2], tags: { highway: 'proposed' } },
  ],
  relations: [
    {
      id: 1,
      members: [
        { type: 'way', ref: 1, role: 'outer' },
        { type: 'way', ref: 2, role: 'outer' },
        { type: 'way', ref: 3, role: 'inner' },
        { type: 'way', ref: 4, role: 'outer' },
        { type: 'way', ref: 404, role: 'outer' },
      ],
      tags: { type: 'multipolygon', natural: 'water', name: 'Lagos' },
    },
  ],
};

describe('buildTileLayers', () => {
  test('makes polygons with holes of a multipolygon, and keeps what it is made of', () => {
    const { layers } = buildTileLayers(lakes);
    expect(layers.water.map((feature) => feature.rings.length).sort()).toEqual([1, 2]);
    expect(layers.water[0]?.attributes).toEqual({ kind: 'lake', name: 'Lagos' });
    expect(layers.land.map((feature) => feature.attributes)).toEqual([{ kind: 'park', name: 'Isla' }]);
  });

  test('classes roads and leaves out what is not there', () => {
    const roads = buildTileLayers(lakes).layers.roads.map((feature) => feature.attributes);
    expect(roads).toEqual([{ class: 'path' }, { class: 'motorway', oneway: -1, bridge: 1, link: 1 }]);
  });

  test('tells real from synthetic', () => {
    expect(buildTileLayers(lakes)).toMatchObject({ synthetic: false, attribution: '© OpenStreetMap' });
    expect(city).toMatchObject({ synthetic: true, attribution: 'Red vial sintética' });
  });

  test('an empty extract is an empty map', () => {
    const empty = createTileSource(buildTileLayers({ nodes: [], ways: [], relations: [] }));
    expect(cutTile(empty, 14, 0, 0)).toBeNull();
  });
});

describe('a tile of the city', () => {
  test('holds the layers and attributes of the schema, and no others', () => {
    const seen: Record<string, Set<string>> = {};
    for (const z of [8, 10, 12, 14, 16]) {
      const tile = decodeTile(cutTile(source, z, ...tileAt(centre, z)));
      for (const [layer, features] of Object.entries(tile)) {
        const keys = (seen[layer] ??= new Set());
        for (const feature of features) for (const key of Object.keys(feature.attributes)) keys.add(key);
      }
    }
    for (const [layer, keys] of Object.entries(seen)) {
      expect(Object.keys(TILE_SCHEMA)).toContain(layer);
      expect(TILE_SCHEMA[layer as keyof typeof TILE_SCHEMA]).toEqual(expect.arrayContaining([...keys]));
    }
    expect(Object.keys(seen).sort()).toEqual(['buildings', 'land', 'places', 'roads', 'water', 'waterway']);
    expect([...(seen.roads ?? [])].sort()).toEqual(
      expect.arrayContaining(['bridge', 'class', 'name', 'oneway', 'ref', 'unpaved']),
    );
  });

  test('shows more the nearer one looks', () => {
    const roadsAt = (z: number): Record<string, number> =>
      classOrKindCounts(decodeTile(cutTile(source, z, ...tileAt(centre, z))).roads ?? []);
    expect(Object.keys(roadsAt(8)).sort()).toEqual(['primary', 'trunk']);
    expect(roadsAt(11)).not.toHaveProperty('residential');
    expect(roadsAt(11)).toHaveProperty('tertiary');
    expect(roadsAt(13).residential).toBeGreaterThan(200);
    expect(decodeTile(cutTile(source, 13, ...tileAt(centre, 13))).buildings).toBeUndefined();
    expect(decodeTile(cutTile(source, 16, ...tileAt(centre, 16))).buildings?.length).toBeGreaterThan(10);
  });

  test('names the streets that meet at a known corner', () => {
    const corner = { lon: -78.614526, lat: -0.929993 };
    const names = (decodeTile(cutTile(source, 15, ...tileAt(corner, 15))).roads ?? []).map(
      (road) => road.attributes.name,
    );
    expect(names).toEqual(expect.arrayContaining(['Quijano y Ordóñez', 'Félix Valencia']));
  });

  test('stays small enough for a phone', () => {
    for (let z = 8; z <= 16; z++) {
      const tile = cutTile(source, z, ...tileAt(centre, z));
      expect(gzipSync(tile ?? new Uint8Array()).length, `zoom ${z}`).toBeLessThan(110_000);
    }
  });

  test('is null outside the map and for addresses that are no tile', () => {
    expect(cutTile(source, 14, ...tileAt({ lon: 7.42, lat: 43.73 }, 14))).toBeNull();
    for (const [z, x, y] of [
      [7, 0, 0],
      [17, 0, 0],
      [14.5, 0, 0],
      [14, -1, 0],
      [14, 0, 2 ** 14],
      [14, NaN, 0],
      [NaN, 0, 0],
    ] as const) {
      expect(cutTile(source, z, x, y)).toBeNull();
    }
  });
});

describe('the tile cache', () => {
  test('answers the same gzipped bytes while a tile is in use and forgets the one used longest ago', () => {
    const cache = createTileCache(source, 2);
    const [x, y] = tileAt(centre, 15);
    const first = cache.gzippedTile(15, x, y);
    expect(first && new Uint8Array(gunzipSync(first))).toEqual(
      new Uint8Array(cutTile(source, 15, x, y) ?? []),
    );
    cache.gzippedTile(15, x + 1, y);
    expect(cache.gzippedTile(15, x, y)).toBe(first);
    cache.gzippedTile(15, x + 2, y);
    expect(cache.gzippedTile(15, x, y)).toBe(first);
    cache.gzippedTile(15, x + 1, y);
    cache.gzippedTile(15, x + 2, y);
    expect(cache.gzippedTile(15, x, y)).not.toBe(first);
  });
});

describe('the file of the base map', () => {
  test('comes back as it was written', () => {
    const file = serializeTiles(city);
    expect(deserializeTiles(file)).toEqual(city);
    expect(file.length).toBeLessThan(600_000);
  });

  test('is refused when damaged or of another version', () => {
    const file = serializeTiles(city);
    expect(() => deserializeTiles(file.subarray(0, file.length / 2))).toThrowError(/import the map again/);
    expect(() => deserializeTiles(gzipSync('{"format":"other"}'))).toThrowError(/another version/);
    expect(() => deserializeTiles(gzipSync('null'))).toThrowError(/import the map again/);
  });
});

const monaco = `${process.env.REFERENCE_DATA ?? ''}/roads-reference/monaco.osm.pbf`;
const hasMonaco = process.env.REFERENCE_DATA !== undefined && existsSync(monaco);

describe.skipIf(!hasMonaco)('Monaco, a real extract (needs REFERENCE_DATA)', () => {
  test('is cut into tiles with every layer', () => {
    const map = deserializeTiles(serializeTiles(buildTileLayers(readOsmPbf(readFileSync(monaco)))));
    expect(map.attribution).toBe('© OpenStreetMap');
    const cut = createTileSource(map);
    const tileOf = (z: number) => decodeTile(cutTile(cut, z, ...tileAt({ lon: 7.424, lat: 43.737 }, z)));
    const tile = tileOf(14);
    expect(tile.roads?.length).toBeGreaterThan(500);
    expect(tile.buildings?.length).toBeGreaterThan(100);
    expect(tileOf(16).buildings?.length).toBeGreaterThan(30);
    expect(tile.land?.length).toBeGreaterThan(20);
    expect(tile.places?.map((place) => place.attributes.name)).toContain('Monaco-Ville');
  }, 30_000);
});
