import { describe, expect, it } from 'vitest';
import { asciiMap } from './ascii-map-for-tests.ts';
import { Engine } from './engine.ts';
import { buildGraph } from './import.ts';
import { laneText } from './graph.ts';
import { LocalSearch } from './local-search.ts';
import { CAR } from './profile.ts';
import { Snapper } from './snap.ts';
import { TraceMatcher } from './trace-matcher.ts';

const city = asciiMap(
  `
  a-----b-----c
  |     |     |
  d-----e-----f
`,
  [
    { nodes: 'abc', name: 'North' },
    { nodes: 'def', name: 'South' },
    { nodes: 'ad', name: 'West' },
    { nodes: 'be', name: 'Middle' },
    { nodes: 'cf', name: 'East' },
  ],
  { gridM: 40 },
);
const graph = buildGraph(city.osm, CAR);

/** Fixes from letter to letter, `each` metres apart, off by a fixed pattern of a few metres. */
function drive(letters: string, offM = 6): [number, number][] {
  const fixes: [number, number][] = [];
  for (let i = 0; i + 1 < letters.length; i++) {
    const [ax, ay] = city.at(letters[i]!);
    const [bx, by] = city.at(letters[i + 1]!);
    for (const share of [0.2, 0.5, 0.8]) {
      const off = ((fixes.length % 3) - 1) * (offM / 111_195);
      fixes.push([ax + (bx - ax) * share + off, ay + (by - ay) * share - off]);
    }
  }
  return fixes;
}

describe('matching a trace', () => {
  it('finds the streets driven, noise notwithstanding', () => {
    const engine = new Engine([graph]);
    const fixes = drive('abef');
    const path = fixes.map((fix) => fix.map((x) => x.toFixed(6)).join(',')).join(';');
    const { status, body } = engine.answer(
      `/match/v1/driving/${path}?radiuses=${fixes.map(() => 10).join(';')}`,
    );
    expect(status).toBe(200);
    const names = (body.tracepoints as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual([...Array(3).fill('North'), ...Array(3).fill('Middle'), ...Array(3).fill('South')]);
    expect((body.matchings as unknown[]).length).toBe(1);
  });

  it('says where the vehicle is after each fix', () => {
    const matcher = new TraceMatcher(graph, new Snapper(graph), null, new LocalSearch(graph));
    const seen = drive('abe').map(([lon, lat], i) => {
      matcher.add({ lon, lat, timeS: i * 5, sigmaM: 10 });
      return laneText(graph, matcher.latest()!.candidate.lanes[0]!, 'name');
    });
    expect(seen.slice(1, 3)).toEqual(['North', 'North']);
    expect(seen.slice(-2)).toEqual(['Middle', 'Middle']);
    expect(matcher.finish()).toHaveLength(1);
  });

  it('splits where nobody could have driven, and drops fixes far from any street', () => {
    const matcher = new TraceMatcher(graph, new Snapper(graph), null, new LocalSearch(graph));
    const [first, second] = [drive('ab'), drive('ed')];
    [...first, [0.5, 0.5] as [number, number], ...second].forEach(([lon, lat], i) => {
      const timeS = i < 4 ? i * 5 : 10_000 + i * 5;
      matcher.add({ lon, lat, timeS, sigmaM: 10 });
    });
    const runs = matcher.finish();
    expect(runs.map((run) => run.length)).toEqual([3, 3]);
    expect(runs.flat().map(({ fix }) => fix)).toEqual([0, 1, 2, 4, 5, 6]);
  });
});
