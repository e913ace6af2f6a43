import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxRing, destination } from '../../shared/geo.ts';
import { NOWHERE, nextVisits, VISIT_RULES, type Place, type Visit } from './geofences.ts';

const STOP = { id: 'stop:1', lat: -0.93, lon: -78.61, radiusM: 40 };

/** Fixes as [second, metres from the stop]; the visits they prove as `second+arrived`. */
function visitsOf(fixes: readonly (readonly [number, number])[], places: Place[] = [STOP]): string[] {
  let state = NOWHERE;
  const all: Visit[] = [];
  for (const [second, metres] of fixes) {
    const step = nextVisits(state, { t: second * 1_000, ...destination(STOP, 90, metres) }, places);
    state = step.state;
    all.push(...step.visits);
  }
  return all.map((visit) => `${visit.at / 1_000} ${visit.kind} ${visit.placeId}`);
}

describe('visits', () => {
  const cases: [string, [number, number][], string[]][] = [
    [
      'far away',
      [
        [0, 900],
        [60, 800],
      ],
      [],
    ],
    [
      'driving past is no visit',
      [
        [0, 200],
        [5, 30],
        [10, 5],
        [15, 35],
        [20, 200],
      ],
      [],
    ],
    [
      'staying is, from the first fix inside to the first outside',
      [
        [0, 200],
        [10, 30],
        [20, 10],
        [40, 5],
        [200, 12],
        [210, 150],
        [245, 600],
      ],
      ['10 arrived stop:1', '210 departed stop:1'],
    ],
    [
      'an edge is crossed once',
      [
        [0, 39],
        [10, 45],
        [20, 38],
        [30, 55],
        [40, 41],
        [300, 50],
        [310, 90],
        [345, 300],
      ],
      ['0 arrived stop:1', '310 departed stop:1'],
    ],
    [
      'one wandering fix ends no visit',
      [
        [0, 10],
        [40, 10],
        [50, 120],
        [60, 10],
        [200, 10],
      ],
      ['0 arrived stop:1'],
    ],
    [
      'a second visit is a second one',
      [
        [0, 5],
        [40, 5],
        [50, 200],
        [90, 500],
        [200, 5],
        [240, 5],
      ],
      ['0 arrived stop:1', '50 departed stop:1', '200 arrived stop:1'],
    ],
    [
      'a gap in the fixes counts as time',
      [
        [0, 10],
        [600, 8],
        [1_200, 500],
        [1_800, 900],
      ],
      ['0 arrived stop:1', '1200 departed stop:1'],
    ],
  ];
  it.each(cases)('%s', (_name, fixes, visits) => {
    expect(visitsOf(fixes)).toEqual(visits);
  });

  it('knows several places at once', () => {
    const depot: Place = { id: 'depot', ...destination(STOP, 90, 500), radiusM: 80 };
    const fixes: [number, number][] = [
      [0, 0],
      [40, 0],
      [100, 480],
      [140, 510],
      [180, 520],
    ];
    expect(visitsOf(fixes, [STOP, depot])).toEqual([
      '0 arrived stop:1',
      '100 departed stop:1',
      '100 arrived depot',
    ]);
  });

  it('knows areas, whose border is crossed once for all its wobbles', () => {
    const rules = { exitMarginM: 100, dwellMs: 120_000, leaveMs: 120_000 };
    const east: Place = { id: 'zone:oriental', ring: boxRing(-78.61, -1, -78.5, -0.9), rules };
    const fixes: [number, number][] = [
      [0, -300],
      [60, 20],
      [120, -60],
      [180, 30],
      [240, -90],
      [300, 50],
      [360, -400],
      [420, 80],
      [1_000, -400],
      [1_200, -900],
    ];
    expect(visitsOf(fixes, [east])).toEqual(['60 arrived zone:oriental', '1000 departed zone:oriental']);
  });

  it('flaps nothing: arrivals and departures alternate, and no visit is shorter than its dwell', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 150 })), {
          maxLength: 200,
        }),
        (steps) => {
          let state = NOWHERE;
          let t = 0;
          let arrivedAt: number | null = null;
          for (const [seconds, metres] of steps) {
            t += seconds * 1_000;
            const step = nextVisits(state, { t, ...destination(STOP, 90, metres) }, [STOP]);
            state = step.state;
            for (const visit of step.visits) {
              if (visit.kind === 'arrived') {
                expect(arrivedAt).toBeNull();
                expect(t - visit.at).toBeGreaterThanOrEqual(VISIT_RULES.dwellMs);
                arrivedAt = visit.at;
              } else {
                expect(t - visit.at).toBeGreaterThanOrEqual(VISIT_RULES.leaveMs);
                expect(visit.at - arrivedAt!).toBeGreaterThanOrEqual(VISIT_RULES.dwellMs);
                arrivedAt = null;
              }
            }
          }
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});
