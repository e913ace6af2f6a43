import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiMap } from './ascii-map-for-tests.ts';
import { Engine, OSRM_LIMITS } from './engine.ts';
import { buildGraph } from './import.ts';
import { CAR } from './profile.ts';
import { decodePolyline, encodePolyline, parseRequest } from './request.ts';

const city = asciiMap('a-b-c\n|   |\nd-e-f\n', [{ nodes: 'abc' }, { nodes: 'adefc' }]);
const engine = new Engine([buildGraph(city.osm, CAR)], OSRM_LIMITS);
const ab = `${city.at('a').join(',')};${city.at('b').join(',')}`;

describe('the URL reader', () => {
  it('tells where it stopped, in the words of osrm-routed', () => {
    const message = (url: string) => {
      const { status, body } = engine.answer(url);
      return `${status} ${String(body.code)}: ${String(body.message)}`;
    };
    expect(message('/')).toBe('400 InvalidUrl: URL string malformed close to position 1: "/"');
    expect(message('/health')).toBe('400 InvalidUrl: URL string malformed close to position 7: "lth"');
    expect(message('/routes/v1/driving/1,2;3,4')).toBe('400 InvalidService: Service routes not found!');
    expect(message('/route/v2/driving/1,2;3,4')).toBe('400 InvalidVersion: Service route not found!');
    expect(message('/route/v1/driving/abc')).toBe(
      '400 InvalidQuery: Query string malformed close to position 18',
    );
    expect(message('/route/v1/driving/1,2;3,4?foo=1')).toBe(
      '400 InvalidQuery: Query string malformed close to position 26',
    );
    expect(message('/route/v1/driving/1,2;3,4?geometries=bad')).toBe(
      '400 InvalidQuery: Query string malformed close to position 37',
    );
    expect(message('/table/v1/driving/1,2;3,4?sources=5')).toBe('400 InvalidOptions: ');
    expect(message('/route/v1/driving/200,100;1,1')).toBe('400 InvalidValue: Invalid coordinate value.');
    expect(message(`/route/v1/driving/${ab}?radiuses=10`)).toBe(
      '400 InvalidOptions: Number of elements in radiuses size 1 does not match coordinate size 2',
    );
    expect(message(`/route/v1/driving/${ab}?exclude=unicorns`)).toBe(
      '400 InvalidValue: Exclude flag combination is not supported.',
    );
  });

  it('reads every option and both polyline forms', () => {
    const request = parseRequest(
      `/route/v1/driving/${ab}?steps=true&alternatives=2&annotations=duration,nodes&geometries=polyline6` +
        '&overview=false&continue_straight=false&bearings=10,20;&radiuses=unlimited;5.5&approaches=curb;' +
        '&hints=;&exclude=toll&snapping=any&generate_hints=false&skip_waypoints=true&waypoints=0;1',
    );
    expect(request).toMatchObject({
      options: {
        steps: true,
        alternatives: 2,
        geometries: 'polyline6',
        overview: 'false',
        continueStraight: false,
        bearings: [{ degrees: 10, range: 20 }, null],
        radiuses: [Infinity, 5.5],
        approaches: ['curb', null],
        exclude: ['toll'],
        snapping: 'any',
        waypoints: [0, 1],
      },
    });
    const encoded = encodePolyline([1_500_000, 2_000_000], [500_000, 750_000], 1e5);
    expect(parseRequest(`/route/v1/driving/polyline(${encodeURIComponent(encoded)})`)).toMatchObject({
      coordinates: [
        [1.5, 0.5],
        [2, 0.75],
      ],
    });
  });

  it('holds to osrm-routed’s limits', () => {
    const many = Array.from({ length: 101 }, () => city.at('a').join(',')).join(';');
    const table = engine.answer(`/table/v1/driving/${many}`);
    expect(table.body).toEqual({ code: 'TooBig', message: 'Too many table coordinates' });
    expect(engine.answer(`/match/v1/driving/${many}`).body.code).toBe('TooBig');
    expect(engine.answer(`/trip/v1/driving/${many}`).body.code).toBe('TooBig');
  });

  it('answers anything at all with a status and a code', () => {
    const piece = fc.constantFrom(
      ...[
        '/',
        'route',
        'table',
        'nearest',
        'trip',
        'match',
        'v1',
        'driving',
        '?',
        '&',
        '=',
        ';',
        ',',
        '.json',
      ],
      ...[
        '0,0',
        '1e9,2',
        'NaN,1',
        'polyline(',
        '_p~iF',
        ')',
        'steps=true',
        'radiuses=',
        'bearings=1,2',
        '%',
        '%zz',
      ],
      ...[
        'hints=',
        'sources=all',
        'timestamps=1;2',
        'annotations=true',
        '0,1;0.001,1',
        '__proto__',
        'constructor',
      ],
      ab,
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
          fc.array(piece, { maxLength: 6 }).map((parts) => `/route/v1/driving/${ab}?${parts.join('')}`),
          fc.string({ maxLength: 60 }).map((text) => `/match/v1/driving/${text}`),
          fc.string({ maxLength: 80 }),
        ),
        (url) => {
          const { status, body } = engine.answer(url);
          expect([200, 400]).toContain(status);
          expect(typeof body.code).toBe('string');
          JSON.stringify(body);
        },
      ),
      { seed: 31, numRuns: 1500 },
    );
  });

  it('polylines come back as they went', () => {
    const fixed = (limit: number) => fc.integer({ min: -limit * 1e6, max: limit * 1e6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fixed(180), fixed(85)), { maxLength: 30 }), (points) => {
        const text = encodePolyline(
          points.map(([lon]) => lon),
          points.map(([, lat]) => lat),
          1e6,
        );
        const back = decodePolyline(text, 1e6).map(([lon, lat]) => [
          Math.round(lon * 1e6),
          Math.round(lat * 1e6),
        ]);
        expect(back).toEqual(points.map(([lon, lat]) => [lon, lat]));
      }),
      { seed: 33, numRuns: 200 },
    );
  });
});
