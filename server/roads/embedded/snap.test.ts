import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiMap } from './ascii-map-for-tests.ts';
import { distanceM, latOfMercatorY, mercatorY, projectionRatio, toFixed } from './geo.ts';
import { buildGraph } from './import.ts';
import type { OsmData } from './osm.ts';
import { CAR } from './profile.ts';
import { Snapper } from './snap.ts';

/** Many short streets anywhere in a small square. */
const scattered = fc
  .array(
    fc.tuple(
      fc.nat(3000),
      fc.nat(3000),
      fc.integer({ min: -300, max: 300 }),
      fc.integer({ min: -300, max: 300 }),
    ),
    {
      minLength: 1,
      maxLength: 120,
    },
  )
  .map((list): OsmData => {
    const at = (x: number, y: number) => ({ lon: -78.6 + x * 1e-5, lat: -0.9 + y * 1e-5 });
    return {
      nodes: list.flatMap(([x, y, dx, dy], i) => [
        { id: 2 * i + 1, ...at(x, y) },
        { id: 2 * i + 2, ...at(x + dx, y + dy) },
      ]),
      ways: list.map((_, i) => ({
        id: i + 1,
        refs: [2 * i + 1, 2 * i + 2],
        tags: { highway: 'residential' },
      })),
      relations: [],
    };
  });

describe('snapping', () => {
  it('finds the nearest street of all', () => {
    fc.assert(
      fc.property(scattered, fc.nat(3000), fc.nat(3000), (osm, x, y) => {
        const graph = buildGraph(osm, CAR);
        const lon = -78.6 + x * 1e-5;
        const lat = -0.9 + y * 1e-5;
        const [found] = new Snapper(graph).nearest(lon, lat, 1);
        let least = Infinity;
        for (let street = 0; street + 1 < graph.streetStart.length; street++) {
          const a = graph.streetNode[graph.streetStart[street]!]!;
          const b = graph.streetNode[graph.streetStart[street]! + 1]!;
          const [ax, bx] = [graph.nodeLon[a]! / 1e6, graph.nodeLon[b]! / 1e6];
          const [ay, by] = [mercatorY(graph.nodeLat[a]!), mercatorY(graph.nodeLat[b]!)];
          const share = projectionRatio(ax, ay, bx, by, lon, mercatorY(toFixed(lat)));
          const px = toFixed(ax + (bx - ax) * share);
          const py = latOfMercatorY(ay + (by - ay) * share);
          least = Math.min(least, distanceM(toFixed(lon), toFixed(lat), px, py));
        }
        if (least === Infinity) expect(found).toBeUndefined();
        else expect(found!.distanceM).toBeLessThan(least + 0.3);
      }),
      { seed: 21, numRuns: 60 },
    );
  });

  it('keeps to the bearing and the side of the street asked for', () => {
    const city = asciiMap('a------b\n', [{ nodes: 'ab' }]);
    const snapper = new Snapper(buildGraph(city.osm, CAR));
    const [lon, lat] = city.at('a');
    const south: [number, number] = [lon + 0.001, lat - 0.0002];
    const [east] = snapper.nearest(...south, 1, { bearing: { degrees: 90, range: 20 } });
    expect([east!.forwardLane >= 0, east!.reverseLane >= 0]).toEqual([true, false]);
    expect(snapper.nearest(...south, 1, { bearing: { degrees: 0, range: 20 } })).toEqual([]);
    const [curb] = snapper.nearest(...south, 1, { approach: 'curb' });
    expect([curb!.forwardLane >= 0, curb!.reverseLane >= 0]).toEqual([true, false]);
    const [opposite] = snapper.nearest(...south, 1, { approach: 'opposite' });
    expect([opposite!.forwardLane >= 0, opposite!.reverseLane >= 0]).toEqual([false, true]);
    expect(snapper.nearest(...south, 1, { maxDistanceM: 10 })).toEqual([]);
  });
});
