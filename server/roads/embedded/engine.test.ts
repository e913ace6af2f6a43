import { describe, expect, it } from 'vitest';
import { asciiMap, type AsciiMap, type AsciiOptions, type AsciiWay } from './ascii-map-for-tests.ts';
import { Engine } from './engine.ts';
import { buildGraph } from './import.ts';
import { CAR, TRUCK } from './profile.ts';

interface Step {
  name: string;
  maneuver: { type: string; modifier?: string; exit?: number };
}
interface RouteAnswer {
  code: string;
  routes: {
    duration: number;
    weight: number;
    distance: number;
    geometry: { coordinates: [number, number][] };
    legs: { steps: Step[] }[];
  }[];
  waypoints: { name: string }[];
}

class City {
  readonly map: AsciiMap;
  readonly engine: Engine;

  constructor(drawing: string, ways: AsciiWay[], options?: AsciiOptions) {
    this.map = asciiMap(drawing, ways, options);
    this.engine = new Engine([buildGraph(this.map.osm, CAR), buildGraph(this.map.osm, TRUCK)]);
  }

  points(letters: string): string {
    return [...letters]
      .map((letter) =>
        this.map
          .at(letter)
          .map((x) => x.toFixed(6))
          .join(','),
      )
      .join(';');
  }

  ask(letters: string, query = '', profile = 'driving') {
    const url = `/route/v1/${profile}/${this.points(letters)}?overview=full&geometries=geojson&steps=true${query}`;
    return this.engine.answer(url) as unknown as { status: number; body: RouteAnswer };
  }

  /** Letters of the nodes a route passes, e.g. "abc"; the error code when there is none. */
  path(letters: string, query = '', profile = 'driving'): string {
    const { body } = this.ask(letters, query, profile);
    if (body.code !== 'Ok') return body.code;
    const letterAt = new Map(
      [...'abcdefghijklmnopqrstuvwxyz'].flatMap((letter) =>
        this.map.has(letter)
          ? [
              [
                this.map
                  .at(letter)
                  .map((x) => x.toFixed(6))
                  .join(),
                letter,
              ] as const,
            ]
          : [],
      ),
    );
    return body.routes[0]!.geometry.coordinates.map(
      (point) => letterAt.get(point.map((x) => x.toFixed(6)).join()) ?? '?',
    )
      .filter((letter, i, list) => letter !== list[i - 1])
      .join('');
  }

  table(letters: string, query = ''): (number | null)[][] {
    const answer = this.engine.answer(`/table/v1/driving/${this.points(letters)}${query}`);
    return answer.body.durations as (number | null)[][];
  }
}

const SQUARE = `
  a---b---c
  |   |   |
  d---e---f
`;
const GRID: AsciiWay[] = [
  { nodes: 'abc' },
  { nodes: 'def' },
  { nodes: 'ad' },
  { nodes: 'be' },
  { nodes: 'cf' },
];

describe('the rules of the road', () => {
  it('drives straight on where it can', () => {
    expect(new City(SQUARE, GRID).path('ac')).toBe('abc');
  });

  it('never drives against a one-way street', () => {
    const ways = [{ nodes: 'abc', oneway: 'yes' }, ...GRID.slice(1)];
    const city = new City(SQUARE, ways);
    expect(city.path('ac')).toBe('abc');
    expect(city.path('ca')).toBe('cfeda');
    expect(new City(SQUARE, [{ nodes: 'abc', oneway: '-1' }, ...GRID.slice(1)]).path('ac')).toBe('adefc');
    expect(
      new City(SQUARE, [{ nodes: 'abc', 'oneway:motor_vehicle': 'yes' }, ...GRID.slice(1)]).path('ca'),
    ).toBe('cfeda');
  });

  it('goes round roundabouts the right way', () => {
    const city = new City('a-b-c\n  | |\n  d-e\n', [
      { nodes: 'ab' },
      { nodes: 'bdecb', junction: 'roundabout' },
    ]);
    expect(city.path('ac')).toBe('abdec');
  });

  it('obeys turn restrictions at a node, forbidding and mandatory', () => {
    const restriction = (kind: string) =>
      new City(SQUARE, [{ nodes: 'ab' }, { nodes: 'bc' }, ...GRID.slice(1)], {
        relations: [{ tags: { restriction: kind }, from: 0, via: 'b', to: 1 }],
      });
    expect(restriction('no_straight_on').path('ac')).toBe('adefc');
    expect(restriction('no_straight_on').path('ca')).toBe('cba');
    const only = new City(SQUARE, [{ nodes: 'ab' }, { nodes: 'bc' }, ...GRID.slice(1)], {
      relations: [{ tags: { restriction: 'only_straight_on' }, from: 0, via: 'b', to: 1 }],
    });
    expect(only.path('ae')).toBe('ade');
    const exempt = new City(SQUARE, [{ nodes: 'ab' }, { nodes: 'bc' }, ...GRID.slice(1)], {
      relations: [{ tags: { restriction: 'no_straight_on', except: 'motorcar' }, from: 0, via: 'b', to: 1 }],
    });
    expect(exempt.path('ac')).toBe('abc');
  });

  it('obeys a restriction that runs over a way, only for those who came that way', () => {
    const drawing = `
      a---b---c
          |
      d---e---f
      |       |
      g-------h
    `;
    const city = new City(
      drawing,
      [
        { nodes: 'ab' },
        { nodes: 'bc' },
        { nodes: 'be' },
        { nodes: 'de' },
        { nodes: 'ef' },
        { nodes: 'dghf' },
      ],
      { relations: [{ tags: { restriction: 'no_left_turn' }, from: 0, via: 2, to: 4 }] },
    );
    expect(city.path('af')).toBe('abedghf');
    expect(city.path('cf')).toBe('cbef');
  });

  it('does not pass barriers, but gates; and turns back at them', () => {
    const barrier = (value: string) =>
      new City(
        'a-b-c\n|   |\nd-e-f\n',
        [{ nodes: 'abc' }, { nodes: 'ad' }, { nodes: 'def' }, { nodes: 'cf' }],
        {
          nodes: { b: { barrier: value } },
        },
      );
    expect(barrier('bollard').path('ac')).toBe('adefc');
    expect(barrier('gate').path('ac')).toBe('abc');
    const rising = new City('a-b-c\n', [{ nodes: 'abc' }], {
      nodes: { b: { barrier: 'bollard', bollard: 'rising' } },
    });
    expect(rising.path('ac')).toBe('abc');
  });

  it('uses private roads only to reach what lies on them', () => {
    const drawing = `
      a---b---c
      |       |
      d---e---f
    `;
    const ways: AsciiWay[] = [{ nodes: 'abc', access: 'private' }, { nodes: 'adef' }, { nodes: 'fc' }];
    const city = new City(drawing, ways);
    expect(city.path('de')).toBe('de');
    expect(city.path('db')).toBe('dab');
    expect(new City(drawing, [{ nodes: 'abc', access: 'no' }, ...ways.slice(1)]).path('ac')).toBe('adefc');
  });

  it('turns round at dead ends, not in mid-street', () => {
    const city = new City('a-b-c\n', [{ nodes: 'abc' }]);
    const { body } = city.ask('bab');
    expect(body.code).toBe('Ok');
    expect(city.path('abc')).toBe('abc');
    expect(city.path('bcb', '&continue_straight=true')).toBe('bcb');
  });

  it('leaves a stop in the direction of arrival unless told otherwise', () => {
    const city = new City('a---b---c---d\n', [{ nodes: 'abcd' }]);
    expect(city.path('aba', '&continue_straight=true')).toBe('abcdcba');
    expect(city.path('aba', '&continue_straight=false')).toBe('aba');
  });

  it('takes a ferry at its timetable', () => {
    const city = new City('a---b---c---d\n', [
      { nodes: 'ab' },
      { nodes: 'bc', highway: '', route: 'ferry', duration: '00:10' },
      { nodes: 'cd' },
    ]);
    expect(city.ask('ad').body.routes[0]!.duration).toBeGreaterThan(600);
    expect(city.ask('ad').body.routes[0]!.duration).toBeLessThan(700);
    expect(city.path('ad', '&exclude=ferry')).toBe('NoRoute');
  });

  it('drives at eight tenths of the limit, slower on bad surfaces', () => {
    const speed = (tags: Record<string, string>): number => {
      const { distance, duration } = new City('a---------b\n', [{ nodes: 'ab', ...tags }], {
        gridM: 200,
      }).ask('ab').body.routes[0]!;
      return Math.round((distance / duration) * 3.6);
    };
    expect(speed({})).toBe(25);
    expect(speed({ maxspeed: '50' })).toBe(40);
    expect(speed({ maxspeed: '30 mph' })).toBe(39);
    expect(speed({ maxspeed: 'FR:urban' })).toBe(40);
    expect(speed({ maxspeed: '90', surface: 'gravel' })).toBe(40);
    expect(speed({ highway: 'primary' })).toBe(65);
  });

  it('prefers what drivers prefer: narrow two-way lanes weigh twice their time', () => {
    const { duration, weight } = new City('a-----b\n', [{ nodes: 'ab', lanes: '1' }]).ask('ab').body
      .routes[0]!;
    expect(weight / duration).toBeCloseTo(2, 1);
  });

  it('waits at signals', () => {
    const quick = new City('a--b--c\n', [{ nodes: 'abc' }]).ask('ac').body.routes[0]!.duration;
    const signal = { highway: 'traffic_signals' };
    const slow = new City('a--b--c\n', [{ nodes: 'abc' }], { nodes: { b: signal } }).ask('ac');
    expect(slow.body.routes[0]!.duration - quick).toBeCloseTo(2, 1);
    const oneSided = new City('a--b--c\n', [{ nodes: 'abc' }], {
      nodes: { b: { ...signal, 'traffic_signals:direction': 'backward' } },
    });
    expect(oneSided.ask('ac').body.routes[0]!.duration).toBeCloseTo(quick, 1);
    expect(oneSided.ask('ca').body.routes[0]!.duration - quick).toBeCloseTo(2, 1);
  });

  it('charges turns by their angle, left ones more', () => {
    const cross = new City(
      `
        a
        |
      b-c-d
        |
        e
      `,
      [{ nodes: 'ac' }, { nodes: 'bc' }, { nodes: 'cd' }, { nodes: 'ce' }],
    );
    const [straight, left, right] = ['ea', 'eb', 'ed'].map(
      (pair) => cross.ask(pair).body.routes[0]!.duration,
    );
    expect(left!).toBeGreaterThan(right!);
    expect(right!).toBeGreaterThan(straight!);
  });
});

describe('the truck', () => {
  it('keeps off bridges and lanes it does not fit', () => {
    const way = (tags: Record<string, string>) =>
      new City(SQUARE, [{ nodes: 'abc', ...tags }, ...GRID.slice(1)]);
    const limits: Record<string, string>[] = [
      { maxheight: '3' },
      { maxweight: '7.5' },
      { maxwidth: '2.2' },
      { maxlength: '8' },
    ];
    for (const tags of limits) {
      expect(way(tags).path('ac')).toBe('abc');
      expect(way(tags).path('ac', '', 'truck')).toBe('adefc');
    }
  });

  it('hates U-turns more than the car does', () => {
    const city = new City('a---b---c\n', [{ nodes: 'abc' }]);
    const turn = (profile: string) =>
      city.ask('bcb', '&continue_straight=true', profile).body.routes[0]!.duration;
    expect(turn('truck')).toBeGreaterThan(turn('driving') + 60);
  });

  it('answers any other profile name as the car', () => {
    const city = new City(SQUARE, [{ nodes: 'abc', maxheight: '3' }, ...GRID.slice(1)]);
    expect(city.path('ac', '', 'bicycle')).toBe('abc');
  });
});

describe('closures', () => {
  const city = () => new City(SQUARE, GRID);
  const around = (map: AsciiMap, a: string, b: string) => {
    const [x1, y1] = map.at(a);
    const [x2, y2] = map.at(b);
    const x = (x1 + x2) / 2;
    const y = (y1 + y2) / 2;
    const s = 0.0002;
    return {
      kind: 'polygon' as const,
      ring: [
        [x - s, y - s],
        [x + s, y - s],
        [x + s, y + s],
        [x - s, y + s],
      ] as [number, number][],
    };
  };

  it('are respected by routes and tables at once, and lifted again', () => {
    const town = city();
    const before = town.table('ac');
    town.engine.setClosures([around(town.map, 'a', 'b')]);
    expect(town.path('ac')).toMatch(/^ade[bf]c$/);
    expect(town.path('ac')).not.toContain('ab');
    expect(town.table('ac')[0]![1]!).toBeGreaterThan(before[0]![1]!);
    town.engine.setClosures([]);
    expect(town.table('ac')).toEqual(before);
    expect(town.path('ac')).toBe('abc');
  });

  it('hold for one request alone when given with it', () => {
    const town = city();
    const url = `/table/v1/driving/${town.points('ac')}`;
    const before = town.table('ac')[0]![1]!;
    const around1 = town.engine.answer(url, [around(town.map, 'a', 'b')]).body.durations as number[][];
    expect(around1[0]![1]).toBeGreaterThan(before);
    town.engine.setClosures([around(town.map, 'a', 'b')]);
    expect(town.table('ac')[0]![1]).toBeCloseTo(around1[0]![1]!, 5);
  });

  it('close a named segment too', () => {
    const town = city();
    town.engine.setClosures([{ kind: 'segment', from: town.map.at('b'), to: town.map.at('c') }]);
    expect(town.path('ac')).not.toContain('bc');
  });

  it('leave what is cut off without a way, and say so', () => {
    const line = new City('a---b---c---d\n', [{ nodes: 'abcd' }]);
    line.engine.setClosures([around(line.map, 'b', 'c')]);
    expect(line.path('ad')).toBe('NoRoute');
    expect(line.table('ad')[0]![1]).toBeNull();
  });
});

describe('answers', () => {
  it('name streets and manoeuvres', () => {
    const steps = new City(SQUARE, GRID).ask('af').body.routes[0]!.legs[0]!.steps;
    expect(steps[0]!.maneuver.type).toBe('depart');
    expect(steps.at(-1)!.maneuver.type).toBe('arrive');
    expect(steps.map(({ name }) => name)).toContain('abc');
    expect(steps.some(({ maneuver }) => maneuver.modifier?.includes('right'))).toBe(true);
  });

  it('table and route agree', () => {
    const town = new City(SQUARE, GRID);
    const table = town.table('abcdef');
    [...'abcdef'].forEach((from, i) => {
      [...'abcdef'].forEach((to, j) => {
        const { body } = town.ask(from + to);
        expect(table[i]![j]!).toBeCloseTo(body.routes[0]!.duration, 5);
      });
    });
  });

  it('estimate unreachable cells when a fallback speed is given', () => {
    const islands = new City('a-b   c-d\n', [{ nodes: 'ab' }, { nodes: 'cd' }]);
    expect(islands.table('ad')[0]![1]).toBeNull();
    expect(islands.table('ad', '?fallback_speed=10')[0]![1]!).toBeGreaterThan(0);
  });

  it('offer another way when asked, best first', () => {
    const drawing = `
      a---b---c---d---e
      |   |   |   |   |
      f---g---h---i---j
    `;
    const ways = [{ nodes: 'abcde' }, { nodes: 'fghij' }, { nodes: 'af' }, { nodes: 'bg' }, { nodes: 'ch' }];
    const town = new City(drawing, [...ways, { nodes: 'di' }, { nodes: 'ej' }], { gridM: 90 });
    expect(town.ask('ae').body.routes).toHaveLength(1);
    const routes = town.ask('ae', '&alternatives=3').body.routes;
    expect(routes.length).toBeGreaterThan(1);
    expect(routes.every(({ weight }) => weight >= routes[0]!.weight)).toBe(true);
  });

  it('an empty map has no segment for anybody', () => {
    const engine = new Engine([buildGraph({ nodes: [], ways: [], relations: [] }, CAR)]);
    const { status, body } = engine.answer('/route/v1/driving/0,0;1,1');
    expect([status, body.code]).toEqual([400, 'NoSegment']);
  });
});
