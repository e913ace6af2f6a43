import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WatchedKind } from '../../../shared/alert-rules.ts';
import { destination, distanceM, type LonLat } from '../../../shared/geo.ts';
import type { RouteView, StopView } from '../../../shared/plan.ts';
import { DEFAULT_RULES, type Rules } from '../../../shared/rules.ts';
import { NO_EPISODES, detect, type Episodes, type PositionFact, type RoomFacts } from './index.ts';

const NOON_MS = Date.parse('2026-03-02T12:00:00-05:00');
const STOP = { lat: -0.93, lon: -78.606 };
/** From the depot north, then east to the stop: two streets that meet at a right angle. */
const CORNER: LonLat = [-78.613, -0.93];
const LINE: LonLat[] = [[-78.613, -0.936], CORNER, [STOP.lon, STOP.lat], [-78.6, -0.93]];

function stop(over: Partial<StopView> = {}): StopView {
  return {
    id: 31,
    kind: 'incident',
    incidentId: 41,
    ...STOP,
    state: 'enroute',
    eta: new Date(NOON_MS + 600_000).toISOString(),
    etaEarliest: new Date(NOON_MS + 500_000).toISOString(),
    etaLatest: new Date(NOON_MS + 700_000).toISOString(),
    load: 3,
    loadAfter: 3,
    serviceS: 600,
    keep: 0.97,
    departedAt: null,
    finishedAt: null,
    failReason: null,
    address: null,
    ...over,
  } as StopView;
}

function route(over: Partial<RouteView> = {}): RouteView {
  return {
    id: 21,
    zone: 'oriental',
    truckId: 1,
    plate: 'XBA-1234',
    driverId: 5,
    state: 'running',
    startAt: new Date(NOON_MS - 3_600_000).toISOString(),
    geometry: { type: 'LineString', coordinates: LINE.map(([lon, lat]) => [lon, lat]) },
    stops: [stop()],
    ...over,
  } as RouteView;
}

function position(over: Partial<PositionFact> = {}): PositionFact {
  return {
    truckId: 1,
    lat: CORNER[1],
    lon: CORNER[0],
    heading: 0,
    speed: 8,
    t: NOON_MS,
    state: 'moving',
    ignition: true,
    ...over,
  };
}

function room(over: Partial<RoomFacts> = {}): RoomFacts {
  return {
    nowMs: NOON_MS,
    listeningSinceMs: NOON_MS - 48 * 3_600_000,
    rules: DEFAULT_RULES,
    trucks: [{ id: 1, plate: 'XBA-1234', zone: 'oriental', state: 'available', capacity: 25, loadAboard: 3 }],
    positions: new Map([[1, position()]]),
    devices: [{ id: 11, truckId: 1, name: 'GPS', lastFixMs: NOON_MS, battery: 0.9, skewS: 0 }],
    routes: [route()],
    degraded: false,
    incidents: [
      { id: 41, code: 'AB12', zone: 'oriental', severity: 3, windowEndMs: NOON_MS + 2 * 3_600_000 },
    ],
    closures: [],
    ...over,
  };
}

function raised(episodes: Episodes): WatchedKind[] {
  return [...episodes.values()]
    .filter(({ phase }) => phase !== 'rising')
    .map(({ reading }) => reading.kind)
    .sort();
}

/** The same room seen every five seconds, with fixes as young as the look. Returns what counts at the end. */
function watch(
  seconds: number,
  at: (s: number) => Partial<RoomFacts>,
  from: Episodes = NO_EPISODES,
): Episodes {
  let episodes = from;
  for (let s = 0; s <= seconds; s += 5)
    episodes = detect(episodes, room({ nowMs: NOON_MS + s * 1_000, ...at(s) }));
  return episodes;
}
const seen = (s: number, over: Partial<PositionFact>) =>
  new Map([[1, position({ t: NOON_MS + s * 1_000, ...over })]]);
const device = (over: object) => [{ ...room().devices[0]!, ...over }];
const truck = (over: object) => [{ ...room().trucks[0]!, ...over }];
const rules = (over: Partial<Rules['alerts']>): Rules => ({
  ...DEFAULT_RULES,
  alerts: { ...DEFAULT_RULES.alerts, ...over },
});

it('a room in order raises nothing in an hour', () => {
  const calm = watch(3_600, (s) => ({
    positions: seen(s, {}),
    devices: device({ lastFixMs: NOON_MS + s * 1_000 }),
  }));
  expect(raised(calm)).toEqual([]);
});

describe('offline', () => {
  it('after five minutes on a route, pressing; after a day when idle', () => {
    expect(raised(watch(295, () => ({})))).toEqual([]);
    const silent = watch(310, () => ({}));
    expect(raised(silent)).toEqual(['offline']);
    expect([...silent.values()][0]!.reading.level).toBe('high');
    const idle = (s: number) => detect(NO_EPISODES, room({ routes: [], nowMs: NOON_MS + s * 1_000 }));
    expect(raised(idle(20 * 3_600))).toEqual([]);
    expect(raised(idle(25 * 3_600))).toEqual(['offline']);
  });

  it('does not count what was missed while nobody listened, and then neither ends what was open', () => {
    const at = (s: number) =>
      room({ nowMs: NOON_MS + 600_000 + s * 1_000, listeningSinceMs: NOON_MS + 600_000 });
    expect(raised(detect(NO_EPISODES, at(0)))).toEqual([]);
    expect(raised(detect(NO_EPISODES, at(301)))).toEqual(['offline']);
    const open = watch(310, () => ({}));
    expect(raised(detect(open, at(1)))).toEqual(['offline']);
  });

  it('is not pressing while another device of the truck is heard', () => {
    const two = watch(310, (s) => ({
      devices: [...device({}), ...device({ id: 12, lastFixMs: NOON_MS + s * 1_000 })],
    }));
    expect([...two.values()].map(({ reading }) => [reading.subject.id, reading.level])).toEqual([
      [11, 'medium'],
    ]);
  });

  it('is over once it has been heard for half a minute, not at a single fix followed by silence', () => {
    const silent = watch(310, () => ({}));
    const blip = detect(
      silent,
      room({ nowMs: NOON_MS + 315_000, devices: device({ lastFixMs: NOON_MS + 315_000 }) }),
    );
    expect(raised(blip)).toEqual(['offline']);
    const back = watch(
      40,
      (s) => ({
        nowMs: NOON_MS + 315_000 + s * 1_000,
        devices: device({ lastFixMs: NOON_MS + 315_000 + s * 1_000 }),
      }),
      silent,
    );
    expect(raised(back)).toEqual([]);
  });
});

describe('speeding', () => {
  const at = (kmh: number) => (s: number) => ({ positions: seen(s, { speed: kmh / 3.6 }) });
  it('only when it lasts, and by how much', () => {
    expect(raised(watch(5, at(70)))).toEqual([]);
    expect(raised(watch(10, at(70)))).toEqual(['speeding']);
    expect(raised(watch(60, at(59)))).toEqual([]);
    expect([...watch(10, at(95)).values()][0]!.reading.level).toBe('high');
  });

  it('a speed that wavers about the limit is one alert, not many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 55.5, max: 66, noNaN: true }), { minLength: 60, maxLength: 60 }),
        (kmh) => {
          let episodes: Episodes = NO_EPISODES;
          let begun = 0;
          kmh.forEach((speed, i) => {
            const was = raised(episodes).length;
            episodes = detect(
              episodes,
              room({
                nowMs: NOON_MS + i * 5_000,
                positions: seen(i * 5, { speed: speed / 3.6 }),
                devices: [],
              }),
            );
            if (raised(episodes).length > was) begun += 1;
          });
          expect(begun).toBeLessThanOrEqual(1);
        },
      ),
      { seed: 4, numRuns: 100 },
    );
  });

  it('is not judged by a fix that is old', () => {
    const stale = watch(60, () => ({ positions: seen(0, { speed: 30, state: 'stale' }), devices: [] }));
    expect(raised(stale)).toEqual([]);
  });
});

describe('standing', () => {
  const still =
    (place: { lat: number; lon: number }, over: Partial<PositionFact> = {}) =>
    (s: number) => ({
      positions: seen(s, { ...place, state: 'stopped', speed: 0, ...over }),
      devices: [],
    });
  const elsewhere = { lat: CORNER[1], lon: CORNER[0] };
  it('idles after ten minutes with the engine on, never with it off or untold', () => {
    expect(raised(watch(595, still(elsewhere)))).toEqual([]);
    expect(raised(watch(600, still(elsewhere)))).toEqual(['idling']);
    expect(raised(watch(900, still(elsewhere, { ignition: false })))).toEqual([]);
    expect(raised(watch(900, still(elsewhere, { ignition: null })))).toEqual([]);
  });
  it('is a long stop after twenty minutes, at its own stop only beyond the service', () => {
    expect(raised(watch(1_200, still(elsewhere, { ignition: false })))).toEqual(['long-stop']);
    expect(raised(watch(1_790, still(STOP)))).toEqual([]);
    expect(raised(watch(1_800, still(STOP)))).toEqual(['long-stop']);
  });
  it('at the depot and the landfill it may stand as long as it likes', () => {
    for (const place of [DEFAULT_RULES.depot, DEFAULT_RULES.landfill])
      expect(raised(watch(3_600, still(place))).filter((kind) => kind !== 'off-route')).toEqual([]);
  });
});

describe('off route', () => {
  const at = (place: { lat: number; lon: number }) => (s: number) => ({
    positions: seen(s, place),
    devices: [],
  });
  it('is measured from the planned line, not from the straight way between stops', () => {
    const corner = { lat: CORNER[1], lon: CORNER[0] };
    // The corner lies half a kilometre from the straight way, and on the line.
    const middle = { lat: (-0.936 + STOP.lat) / 2, lon: (-78.613 + STOP.lon) / 2 };
    expect(distanceM(corner, middle)).toBeGreaterThan(400);
    expect(raised(watch(300, at(corner)))).toEqual([]);
    expect(raised(watch(300, at(middle)))).toEqual(['off-route']);
  });
  it('only when it lasts', () => {
    const aside = destination({ lat: CORNER[1], lon: CORNER[0] }, 0, 200);
    expect(raised(watch(85, at(aside)))).toEqual([]);
    expect(raised(watch(90, at(aside)))).toEqual(['off-route']);
  });
  it('jitter about the limit flaps nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 110, max: 190 }), { minLength: 80, maxLength: 80 }), (offsM) => {
        let episodes: Episodes = NO_EPISODES;
        let changes = 0;
        offsM.forEach((offM, i) => {
          const was = raised(episodes).length;
          const place = destination({ lat: CORNER[1], lon: CORNER[0] }, 315, offM * Math.SQRT2);
          episodes = detect(episodes, room({ nowMs: NOON_MS + i * 5_000, ...at(place)(i * 5) }));
          if (raised(episodes).length !== was) changes += 1;
        });
        expect(changes).toBeLessThanOrEqual(1);
      }),
      { seed: 5, numRuns: 60 },
    );
  });
  it('is not said of legs that were estimated without streets', () => {
    const far = destination({ lat: CORNER[1], lon: CORNER[0] }, 0, 900);
    expect(raised(watch(300, (s) => ({ ...at(far)(s), degraded: true })))).toEqual([]);
  });
});

describe('zone left', () => {
  it('outside its zone and off its line; on the way to the landfill never', () => {
    const west = { lat: -0.93, lon: -78.64 };
    const away = (s: number) => ({ positions: seen(s, west), devices: [] });
    expect(raised(watch(120, away))).toEqual(['off-route', 'zone-left']);
    const toLandfill = route({
      geometry: {
        type: 'LineString',
        coordinates: [
          [-78.6, -0.93],
          [-78.64, -0.93],
          [-78.663, -0.949],
        ],
      },
    });
    expect(raised(watch(300, (s) => ({ ...away(s), routes: [toLandfill] })))).toEqual([]);
  });
  it('outside the service area also without a route, pressing', () => {
    const stolen = watch(120, (s) => ({
      positions: seen(s, { lat: -1.1, lon: -78.6 }),
      routes: [],
      devices: [],
    }));
    expect([...stolen.values()].map(({ reading }) => [reading.kind, reading.level])).toEqual([
      ['zone-left', 'high'],
    ]);
  });
});

it('a closed area is entered only on a route and only when it stays inside', () => {
  const ring: LonLat[] = [
    [-78.62, -0.935],
    [-78.61, -0.935],
    [-78.61, -0.925],
    [-78.62, -0.925],
  ];
  const inside = (s: number) => ({ positions: seen(s, {}), devices: [], closures: [{ id: 3, ring }] });
  expect(raised(watch(15, inside))).toEqual([]);
  expect(raised(watch(20, inside))).toEqual(['closure-entered']);
  expect(raised(watch(60, (s) => ({ ...inside(s), routes: [] })))).toEqual([]);
});

describe('late start', () => {
  const planned = (over: Partial<RouteView>) => ({
    routes: [route({ state: 'planned', stops: [], ...over })],
  });
  it('a quarter of an hour after it should have begun, pressing with a driver bound', () => {
    const startAt = new Date(NOON_MS).toISOString();
    expect(
      raised(watch(890, (s) => ({ ...planned({ startAt }), nowMs: NOON_MS + s * 1_000, devices: [] }))),
    ).toEqual([]);
    const late = watch(905, (s) => ({ ...planned({ startAt }), nowMs: NOON_MS + s * 1_000, devices: [] }));
    expect([...late.values()].map(({ reading }) => [reading.kind, reading.level])).toEqual([
      ['late-start', 'high'],
    ]);
    const nobody = detect(NO_EPISODES, room(planned({ driverId: null })));
    expect([...nobody.values()].map(({ reading }) => reading.level)).toEqual(['medium']);
  });
  it('is over when it starts', () => {
    const late = detect(NO_EPISODES, room(planned({})));
    expect(raised(late)).toEqual(['late-start']);
    expect(raised(detect(late, room()))).toEqual([]);
  });
});

describe('window at risk', () => {
  const keep = (probability: number, severity = 3) => ({
    routes: [route({ stops: [stop({ keep: probability })] })],
    incidents: [{ ...room().incidents[0]!, severity }],
    devices: [],
  });
  const fresh = (s: number) => ({ positions: seen(s, {}) });
  it('below 60 % for a minute; until it is safely above again', () => {
    expect(raised(watch(55, (s) => ({ ...fresh(s), ...keep(0.5) })))).toEqual([]);
    const risky = watch(60, (s) => ({ ...fresh(s), ...keep(0.5) }));
    expect(raised(risky)).toEqual(['window-at-risk']);
    const wavering = watch(
      300,
      (s) => ({ ...fresh(s + 65), nowMs: NOON_MS + (s + 65) * 1_000, ...keep(0.65) }),
      risky,
    );
    expect(raised(wavering)).toEqual(['window-at-risk']);
    const safe = watch(
      65,
      (s) => ({ ...fresh(s + 400), nowMs: NOON_MS + (s + 400) * 1_000, ...keep(0.75) }),
      wavering,
    );
    expect(raised(safe)).toEqual([]);
  });
  it('is urgent for the gravest, and once the window is past', () => {
    const level = (facts: Partial<RoomFacts>) =>
      [...watch(60, (s) => ({ ...fresh(s), ...facts })).values()].map(({ reading }) => reading.level);
    expect(level(keep(0.5))).toEqual(['high']);
    expect(level(keep(0.5, 5))).toEqual(['urgent']);
    expect(
      level({ ...keep(0.9), incidents: [{ ...room().incidents[0]!, windowEndMs: NOON_MS - 1 }] }),
    ).toEqual(['urgent']);
  });
  it('without a route, in the last half hour', () => {
    const alone = (leftS: number) => ({
      routes: [],
      devices: [],
      incidents: [{ ...room().incidents[0]!, windowEndMs: NOON_MS + leftS * 1_000 }],
    });
    expect(raised(watch(60, (s) => ({ ...fresh(s), ...alone(3_600) })))).toEqual([]);
    expect(raised(watch(60, (s) => ({ ...fresh(s), ...alone(1_700) })))).toEqual(['window-at-risk']);
  });
});

describe('full, out, weak, wrong', () => {
  const now = (over: Partial<RoomFacts>) =>
    [...detect(NO_EPISODES, room(over)).values()].map(({ reading }) => [reading.kind, reading.level]);
  it('a full truck, pressing unless the landfill is next', () => {
    expect(now({ trucks: truck({ loadAboard: 22 }) })).toEqual([]);
    expect(now({ trucks: truck({ loadAboard: 24 }) })).toEqual([['truck-full', 'high']]);
    const next = [route({ stops: [stop({ kind: 'disposal' })] })];
    expect(now({ trucks: truck({ loadAboard: 24 }), routes: next })).toEqual([['truck-full', 'medium']]);
  });
  it('a truck out of service, urgent while its stops wait', () => {
    expect(now({ trucks: truck({ state: 'out' }), routes: [] })).toEqual([['truck-out', 'high']]);
    expect(
      now({ trucks: truck({ state: 'out' }), routes: [route({ stops: [stop({ state: 'planned' })] })] }),
    ).toEqual([['truck-out', 'urgent']]);
  });
  it('a battery that runs down and a clock ahead, each for a minute', () => {
    const weak = (s: number) => ({
      positions: seen(s, {}),
      devices: device({ battery: 0.1, skewS: 70, lastFixMs: NOON_MS + s * 1_000 }),
    });
    expect(raised(watch(55, weak))).toEqual([]);
    expect(raised(watch(60, weak))).toEqual(['clock-skew', 'low-battery']);
  });
});

it('a kind that is switched off is not raised, and ends', () => {
  const full = room({ trucks: truck({ loadAboard: 25 }) });
  const before = detect(NO_EPISODES, full);
  expect(raised(before)).toEqual(['truck-full']);
  expect(raised(detect(before, { ...full, rules: rules({ off: ['truck-full'] }) }))).toEqual([]);
});
