import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nearestOnLine } from '../../../shared/geo.ts';
import type { LonLat } from '../../../shared/geo.ts';
import type { OsmData, OsmWay } from '../osm/model.ts';
import { readOsmPbf } from '../osm/pbf-read.ts';
import { seededRandom } from './random.ts';
import { isSynthetic, LATACUNGA_ANCHORS, LATACUNGA_SEED, syntheticLatacunga } from './index.ts';

const osm = syntheticLatacunga(LATACUNGA_ANCHORS, LATACUNGA_SEED);
const committed = readFileSync(new URL('./latacunga.osm.pbf', import.meta.url));
const streets = osm.ways.filter((way) => way.tags.highway !== undefined);
const forCars = streets.filter((way) => way.tags.highway !== 'track');
const places = new Map(osm.nodes.map((node) => [node.id, node]));
const lineOf = (way: OsmWay): LonLat[] =>
  way.refs.map((ref) => {
    const node = places.get(ref);
    if (!node) throw new Error(`way ${way.id} names node ${ref}, which is not there`);
    return [node.lon, node.lat];
  });

/** Node to the nodes a car reaches next, either as driven or against the traffic. */
function neighbours(direction: 'driven' | 'against'): Map<number, number[]> {
  const next = new Map<number, number[]>();
  const add = (from: number, to: number): unknown =>
    direction === 'driven'
      ? next.set(from, [...(next.get(from) ?? []), to])
      : next.set(to, [...(next.get(to) ?? []), from]);
  for (const way of forCars) {
    for (let i = 1; i < way.refs.length; i++) {
      const [from, to] = [way.refs[i - 1] as number, way.refs[i] as number];
      add(from, to);
      if (way.tags.oneway !== 'yes') add(to, from);
    }
  }
  return next;
}

function reachedFrom(start: number, next: ReadonlyMap<number, number[]>): Set<number> {
  const reached = new Set([start]);
  for (const node of reached) for (const other of next.get(node) ?? []) reached.add(other);
  return reached;
}

/** Degrees as whole 1e-7, the precision of the file. */
function comparable(data: OsmData): OsmData {
  const nodes = data.nodes.map((node) => ({
    ...node,
    lon: Math.round(node.lon * 1e7),
    lat: Math.round(node.lat * 1e7),
  }));
  return { nodes, ways: data.ways, relations: data.relations };
}

describe('the synthetic network of Latacunga', () => {
  test('is what the repository ships (after a change: npm run map:synthetic)', () => {
    expect(comparable(readOsmPbf(committed))).toEqual(comparable(osm));
    expect(committed.length).toBeLessThan(600_000);
  });

  test('draws from its seed alone', () => {
    const first = (seed: number): number[] => Array.from({ length: 50 }, seededRandom(seed));
    expect(first(LATACUNGA_SEED)).toEqual(first(LATACUNGA_SEED));
    expect(first(LATACUNGA_SEED)).not.toEqual(first(LATACUNGA_SEED + 1));
    expect(first(7).every((value) => value >= 0 && value < 1)).toBe(true);
  });

  test('says that it is synthetic, also when cut out of the file by its streets and grounds', () => {
    expect(isSynthetic(osm)).toBe(true);
    expect(isSynthetic({ ...osm, nodes: osm.nodes.filter((node) => !node.tags) })).toBe(true);
    expect(isSynthetic({ nodes: [], ways: streets, relations: [] })).toBe(true);
    expect(
      isSynthetic({ nodes: [{ id: 1, lon: 0, lat: 0, tags: { place: 'city' } }], ways: [], relations: [] }),
    ).toBe(false);
  });

  test('is the size of a city', () => {
    const uses = new Map<number, number>();
    for (const { refs } of streets) {
      refs.forEach((ref, i) => {
        const isEnd = i === 0 || i === refs.length - 1;
        uses.set(ref, (uses.get(ref) ?? 0) + (isEnd ? 1 : 2));
      });
    }
    const segments = streets.reduce(
      (sum, { refs }) =>
        sum + refs.slice(1).filter((ref, i) => i === refs.length - 2 || uses.get(ref) !== 2).length,
      0,
    );
    expect(segments).toBeGreaterThan(6_000);
    expect(segments).toBeLessThan(12_000);
    const withTag = (key: string, value: string): number =>
      osm.ways.filter((way) => way.tags[key] === value).length;
    expect(withTag('oneway', 'yes')).toBeGreaterThan(100);
    expect(withTag('bridge', 'yes')).toBeGreaterThan(8);
    expect(withTag('bridge', 'yes')).toBeLessThan(40);
    expect(withTag('building', 'yes')).toBeGreaterThan(300);
    expect(osm.nodes.filter((node) => node.tags?.highway === 'traffic_signals').length).toBeGreaterThan(20);
    expect(osm.ways.some((way) => way.tags.surface === 'gravel')).toBe(true);
    expect([...uses.values()].filter((count) => count === 1).length).toBeGreaterThan(100);
  });

  test('stays inside its box', () => {
    const strays = osm.nodes.filter(
      ({ lon, lat }) => lon < -78.7005 || lon > -78.5295 || lat < -1.0205 || lat > -0.8595,
    );
    expect(strays).toEqual([]);
  });

  test('every street is reached from every other by car', () => {
    const nodes = new Set(forCars.flatMap((way) => way.refs));
    const start = forCars[0]?.refs[0] as number;
    const [ahead, behind] = [
      reachedFrom(start, neighbours('driven')),
      reachedFrom(start, neighbours('against')),
    ];
    const both = [...nodes].filter((node) => ahead.has(node) && behind.has(node));
    expect(both.length / nodes.size).toBeGreaterThanOrEqual(0.99);
    expect(both.length).toBe(nodes.size);
  });

  test('the depot and the landfill lie on it', () => {
    const lines = forCars.map(lineOf);
    for (const spot of [
      { lat: -0.936, lon: -78.613 },
      { lat: -0.949, lon: -78.663 },
    ]) {
      const nearest = Math.min(...lines.map((line) => nearestOnLine(spot, line).distanceM));
      expect(nearest).toBeLessThan(5);
    }
  });

  test('turn restrictions join ends of ways at a shared node', () => {
    const byId = new Map(osm.ways.map((way) => [way.id, way]));
    expect(osm.relations.length).toBeGreaterThanOrEqual(12);
    for (const { members, tags } of osm.relations) {
      expect(tags.type).toBe('restriction');
      const via = members.find((member) => member.role === 'via')?.ref;
      for (const role of ['from', 'to']) {
        const refs = byId.get(members.find((member) => member.role === role)?.ref ?? 0)?.refs ?? [];
        expect([refs[0], refs.at(-1)]).toContain(via);
      }
    }
  });

  test('streets bear their real names near the corners they are known by', () => {
    const plain = (text: string): string =>
      text
        .normalize('NFD')
        .replace(/\p{M}/gu, '')
        .toUpperCase()
        .replace(/\b(AV|CALLE|VIA|A|LA|LOS|LAS)\b\.?/g, '')
        .trim();
    const named = streets
      .filter((way) => way.tags.name)
      .map((way) => ({ name: way.tags.name ?? '', line: lineOf(way) }));
    // The corners are approximate and spelled as people write them: one name each, and both for most.
    const misses: string[] = [];
    let complete = 0;
    for (const { lon, lat, corner } of LATACUNGA_ANCHORS.corners) {
      const near = named.filter(({ line }) => nearestOnLine({ lon, lat }, line).distanceM < 150);
      const found = new Set(
        near.map(({ name }) => plain(name)).filter((name) => plain(corner).includes(name)),
      );
      expect(found.size, corner).toBeGreaterThanOrEqual(1);
      if (found.size >= 2) complete++;
      else misses.push(`${corner}: ${[...found].join()}`);
    }
    expect(complete, misses.join('\n')).toBeGreaterThanOrEqual(25);
  });
});
