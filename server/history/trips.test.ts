import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { destination, distanceM, type Point } from '../../shared/geo.ts';
import { oneTrack, type TrackPoint } from './track-points.ts';
import { historyOf } from './trips.ts';
import { tripsCsv } from './trips-csv.ts';

const HOME: Point = { lat: -0.93, lon: -78.61 };
const T0 = Date.parse('2026-03-02T13:00:00Z');

/** A day drawn as legs: `drive` metres at m/s, or `stand` seconds, a fix every five seconds. */
type Leg = { drive: number; speed: number } | { stand: number; ignition?: boolean; gap?: boolean };

function draw(legs: readonly Leg[], jitterM = 0): TrackPoint[] {
  const points: TrackPoint[] = [];
  let t = T0;
  let at: Point = HOME;
  const put = (speed: number, ignition: boolean | null) => {
    const place = destination(at, (points.length * 97) % 360, jitterM);
    points.push({ t, ...place, speed, ignition, kind: 'tracker' });
  };
  put(0, null);
  for (const leg of legs) {
    if ('drive' in leg) {
      for (let driven = 0; driven < leg.drive; driven += leg.speed * 5) {
        at = destination(at, 90, leg.speed * 5);
        t += 5_000;
        put(leg.speed, true);
      }
    } else {
      const end = t + leg.stand * 1_000;
      while (t < end) {
        t = leg.gap ? end : t + 5_000;
        put(0, leg.ignition ?? null);
      }
    }
  }
  return points;
}

describe('a truck day', () => {
  it('is trips between long stands, with their distance, idling and top speed', () => {
    const { trips, stands, summary } = historyOf(
      draw([
        { drive: 2_000, speed: 10 },
        { stand: 120 },
        { drive: 1_000, speed: 5 },
        { stand: 900, ignition: false },
        { drive: 3_000, speed: 15 },
      ]),
    );
    expect(trips).toHaveLength(2);
    expect(trips[0]!.distanceM).toBeCloseTo(3_000, -1);
    expect(trips[0]).toMatchObject({ idleS: 120, maxSpeed: 10 });
    expect(trips[1]!.distanceM).toBeCloseTo(3_000, -1);
    expect(stands.map(({ inTrip, idleS, parkedS }) => [inTrip, idleS, parkedS])).toEqual([
      [true, 120, 0],
      [false, 0, 900],
    ]);
    expect(summary).toMatchObject({ trips: 2, idleS: 120, parkedS: 900, unknownS: 0, maxSpeed: 15 });
    expect(summary.movingS).toBeCloseTo(200 + 200 + 200, 0);
  });

  it('a standing receiver that wanders drives nowhere', () => {
    const { trips, summary } = historyOf(draw([{ stand: 3_600 }], 4));
    expect(trips).toEqual([]);
    expect(summary).toMatchObject({ distanceM: 0, movingS: 0, parkedS: 3_600 });
  });

  it('a traffic light is part of the drive; engine on at a long stand is idling', () => {
    const { trips, summary } = historyOf(
      draw([
        { drive: 500, speed: 10 },
        { stand: 10 },
        { drive: 500, speed: 10 },
        { stand: 1_200, ignition: true },
      ]),
    );
    expect(trips).toHaveLength(1);
    expect(trips[0]!.movingS).toBe(110);
    expect(summary).toMatchObject({ idleS: 1_200, parkedS: 0 });
  });

  it('a silence over which it stayed is parking; one after which it is elsewhere is unknown, and no distance', () => {
    expect(historyOf(draw([{ stand: 7_200, gap: true }])).summary).toMatchObject({
      parkedS: 7_200,
      unknownS: 0,
    });
    const [a, b] = [draw([{ drive: 500, speed: 10 }]), draw([{ drive: 500, speed: 10 }])];
    const later = b.map((p) => ({ ...p, ...destination(p, 0, 4_000), t: p.t + 3_600_000 }));
    const { summary, trips } = historyOf([...a, ...later]);
    expect(trips).toHaveLength(2);
    expect(summary.distanceM).toBeCloseTo(1_000, -1);
    expect(summary.unknownS).toBeGreaterThan(3_400);
  });

  it('a phone beside a tracker adds nothing; alone it counts', () => {
    const tracker = draw([{ drive: 1_000, speed: 10 }]);
    const phone = tracker.map((p) => ({
      ...p,
      ...destination(p, 0, 30),
      t: p.t + 1_300,
      kind: 'phone' as const,
    }));
    expect(oneTrack([...phone, ...tracker])).toEqual(tracker);
    expect(oneTrack(phone)).toEqual(phone);
  });
});

const leg: fc.Arbitrary<Leg> = fc.oneof(
  fc.record({ drive: fc.integer({ min: 50, max: 3_000 }), speed: fc.integer({ min: 2, max: 20 }) }),
  fc.record({
    stand: fc.integer({ min: 1, max: 400 }).map((n) => n * 5),
    ignition: fc.boolean(),
    gap: fc.boolean(),
  }),
);

describe('for every day', () => {
  it('the order of arrival does not matter, and the sums add up', () => {
    fc.assert(
      fc.property(
        fc.array(leg, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 5 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 1_000_000 })),
        (legs, jitterM, keys) => {
          const points = draw(legs, jitterM);
          const inOrder = historyOf(oneTrack(points));
          const shuffled = points
            .map((point) => ({ point, key: keys.next().value }))
            .sort((a, b) => a.key - b.key)
            .map(({ point }) => point);
          expect(historyOf(oneTrack([...shuffled, ...points.slice(0, 5)]))).toEqual(inOrder);

          const { trips, stands, summary } = inOrder;
          const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
          const span = (points.at(-1)!.t - points[0]!.t) / 1_000;
          expect(summary.movingS + summary.idleS + summary.parkedS + summary.unknownS).toBeCloseTo(span, 6);
          expect(sum(trips.map((trip) => trip.distanceM))).toBeCloseTo(summary.distanceM, 6);
          expect(sum(trips.map((trip) => trip.movingS))).toBeCloseTo(summary.movingS, 6);
          expect(sum(stands.map((one) => one.idleS))).toBeCloseTo(summary.idleS, 6);
          expect(sum(stands.map((one) => one.parkedS))).toBeCloseTo(summary.parkedS, 6);
          for (const trip of trips) {
            expect(trip.toT).toBeGreaterThan(trip.fromT);
            expect(trip.distanceM).toBeGreaterThanOrEqual(distanceM(trip.start, trip.end) - 1e-6);
          }
          trips.slice(1).forEach((trip, i) => expect(trip.fromT).toBeGreaterThanOrEqual(trips[i]!.toT));
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });
});

describe('the table for a spreadsheet', () => {
  const history = historyOf(draw([{ drive: 2_000, speed: 10 }]));
  it('speaks the language it is asked in, in local time, with a row of sums', () => {
    const [head, row, total] = tripsCsv('XBA-1234', history, 'es').split('\r\n');
    expect(head).toMatch(/^placa;salida;llegada;km;/);
    expect(row).toMatch(
      /^XBA-1234;2026-03-02 08:00:00;2026-03-02 08:03:20;2,00;3,3;0,0;36;-0.93000 -78.61000;/,
    );
    expect(total).toBe('XBA-1234;total;;2,00;3,3;0,0;36;;');
    expect(tripsCsv('XBA-1234', history, 'en').split('\r\n')[1]).toMatch(/,2\.00,3\.3,/);
  });
  it('is never run as a formula', () => {
    expect(tripsCsv('=1+1', history, 'en').split('\r\n')[1]).toMatch(/^'=1\+1,/);
  });
});
