import type { OsmData, OsmTags } from './osm.ts';

const METRES_PER_DEGREE = 111_195;

export interface AsciiWay extends Record<string, string> {
  /** Letters of its nodes in order. */
  nodes: string;
}

export interface AsciiMap {
  osm: OsmData;
  /** [lon, lat] of a letter. */
  at(letter: string): [number, number];
  has(letter: string): boolean;
  /** OSM id of the n-th way of the list. */
  wayId(index: number): number;
}

export interface AsciiOptions {
  /** Metres between neighbouring characters. */
  gridM?: number;
  nodes?: Record<string, OsmTags>;
  relations?: { tags: OsmTags; from: number; via: string | number; to: number }[];
}

/**
 * A street network drawn in text, for tests that read like a map: every letter or digit of the drawing is a node at
 * its place, everything else only helps the eye. Ways name their nodes; highway=residential unless said otherwise.
 */
export function asciiMap(drawing: string, ways: readonly AsciiWay[], options: AsciiOptions = {}): AsciiMap {
  const step = (options.gridM ?? 50) / METRES_PER_DEGREE;
  const places = new Map<string, [number, number]>();
  drawing.split('\n').forEach((line, row) => {
    [...line].forEach((character, column) => {
      if (/[a-z0-9]/i.test(character)) places.set(character, [column * step, 1 - row * step]);
    });
  });
  const letters = [...places.keys()].sort();
  const idOf = (letter: string): number => {
    const index = letters.indexOf(letter);
    if (index < 0) throw new Error(`the drawing has no ${letter}`);
    return index + 1;
  };
  const wayId = (index: number): number => 1000 + index;
  const osm: OsmData = {
    nodes: letters.map((letter) => {
      const [lon, lat] = places.get(letter)!;
      const tags = options.nodes?.[letter];
      return { id: idOf(letter), lon, lat, ...(tags ? { tags } : {}) };
    }),
    ways: ways.map(({ nodes, ...tags }, i) => ({
      id: wayId(i),
      refs: [...nodes].map(idOf),
      tags: { highway: 'residential', name: nodes, ...tags },
    })),
    relations: (options.relations ?? []).map(({ tags, from, via, to }, i) => ({
      id: 5000 + i,
      tags: { type: 'restriction', ...tags },
      members: [
        { type: 'way', ref: wayId(from), role: 'from' },
        typeof via === 'string'
          ? { type: 'node', ref: idOf(via), role: 'via' }
          : { type: 'way', ref: wayId(via), role: 'via' },
        { type: 'way', ref: wayId(to), role: 'to' },
      ],
    })),
  };
  return { osm, at: (letter) => places.get(letter)!, has: (letter) => places.has(letter), wayId };
}
