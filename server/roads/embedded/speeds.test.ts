import { describe, expect, it } from 'vitest';
import { asciiMap } from './ascii-map-for-tests.ts';
import { Engine } from './engine.ts';
import { buildGraph } from './import.ts';
import { CAR } from './profile.ts';
import { formatSegmentSpeeds, parseSegmentSpeeds, segmentSpeeds } from './speeds.ts';

const city = asciiMap('a---b---c\n|       |\nd---e---f\n', [{ nodes: 'abc' }, { nodes: 'adefc' }]);
const id = (letter: string): number => 'abcdef'.indexOf(letter) + 1;
const graph = buildGraph(city.osm, CAR);
const jam = [
  { from: id('a'), to: id('b'), factors: Array.from({ length: 24 }, (_, hour) => (hour === 7 ? 0.2 : 1)) },
  { from: id('b'), to: id('c'), factors: [0.5] },
];
const seconds = (engine: Engine, from: string, to: string): number => {
  const { body } = engine.answer(`/route/v1/driving/${city.at(from).join(',')};${city.at(to).join(',')}`);
  return (body.routes as { duration: number }[])[0]!.duration;
};

describe('learned speeds', () => {
  it('slow the streets they name, in their direction and hour only', () => {
    const engine = new Engine([graph]);
    const usual = seconds(engine, 'a', 'b');
    engine.setSpeeds(jam, 7);
    expect(seconds(engine, 'a', 'b')).toBeGreaterThan(usual * 2);
    expect(seconds(engine, 'b', 'a')).toBe(usual);
    expect(seconds(engine, 'b', 'c')).toBeCloseTo(usual * 2, 0);
    engine.setSpeeds(jam, 12);
    expect(seconds(engine, 'a', 'b')).toBe(usual);
    engine.setSpeeds([], 0);
    expect(seconds(engine, 'b', 'c')).toBe(usual);
  });

  it('go together with closures', () => {
    const engine = new Engine([graph]);
    engine.setSpeeds(jam, 7);
    engine.setClosures([{ kind: 'segment', from: city.at('d'), to: city.at('e') }]);
    expect(seconds(engine, 'a', 'c')).toBeGreaterThan(seconds(new Engine([graph]), 'a', 'c') * 2);
  });

  it('are written as OSRM reads them', () => {
    const text = formatSegmentSpeeds(segmentSpeeds(graph, jam, 7));
    expect(text.trim().split('\n').toSorted()).toEqual([
      `${id('a')},${id('b')},5`,
      `${id('b')},${id('c')},12.5`,
    ]);
    expect(parseSegmentSpeeds(`${text}\nnonsense\n1,2\n3,4,30,25\n`).at(-1)).toEqual({
      from: 3,
      to: 4,
      kmh: 30,
    });
  });
});
