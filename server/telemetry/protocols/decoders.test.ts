import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECODERS, fuzz } from '../../../tests/telemetry/fuzz-decoders.ts';
import { checkFix } from '../filters.ts';
import { OSMAND_QUERIES, OWNTRACKS_BODIES, TRACCAR_BODIES, TRACCAR_CLIENT_BODIES } from './corpus/frames.ts';
import { decodeFrame } from './frame.ts';
import { decodeOsmand, decodeTraccarClient, instantOf } from './osmand.ts';
import { decodeOwntracks } from './owntracks.ts';
import { decodeTraccar } from './traccar.ts';

const NOW = Date.parse('2026-11-24T15:00:00Z');
const form = (query: string) => Object.fromEntries(new URLSearchParams(query));

describe('OsmAnd', () => {
  const cases: [string, string, object][] = [
    [
      'everything, seconds and knots',
      'id=cab-7&lat=-0.9352&lon=-78.6155&timestamp=1795532400&speed=20&bearing=184.5&altitude=2802&accuracy=4.2&batt=87',
      { t: 1_795_532_400_000, lat: -0.9352, lon: -78.6155, heading: 184.5, accuracy: 4.2 },
    ],
    ['milliseconds', 'id=1&lat=-0.9&lon=-78.6&timestamp=1795532400123', { t: 1_795_532_400_123 }],
    ['an ISO instant', 'id=1&lat=-0.9&lon=-78.6&timestamp=2026-11-24T15:00:00Z', { t: NOW }],
    ['no instant: now', 'id=1&lat=-0.9&lon=-78.6', { t: NOW }],
    ['a location pair', 'id=1&location=-0.9,-78.6', { lat: -0.9, lon: -78.6 }],
    [
      'unknown heading',
      'id=1&lat=-0.9&lon=-78.6&bearing=-1&speed=',
      { heading: undefined, speed: undefined },
    ],
  ];
  it.each(cases)('%s', (_name, query, fix) => {
    expect(decodeOsmand(form(query), NOW).fix).toMatchObject(fix);
  });

  it('keeps who sent it, and what is no number stays none', () => {
    const { id, fix } = decodeOsmand(form('deviceid=cab-9&lat=&lon=west'), NOW);
    expect(id).toBe('cab-9');
    expect(checkFix(fix, { nowMs: NOW, oldestMs: 0 })).toBe('malformed');
  });

  it('turns knots into m/s and percent into a part of one', () => {
    const { fix } = decodeOsmand(form('id=1&lat=1&lon=1&speed=20&batt=87'), NOW);
    expect(fix).toMatchObject({ speed: expect.closeTo(10.289, 3), battery: expect.closeTo(0.87, 9) });
  });

  it.each([
    ['1795532400', 1_795_532_400_000],
    ['1795532400123', 1_795_532_400_123],
    ['2026-11-24T10:00:00-05:00', NOW],
    ['', NaN],
    ['soon', NaN],
  ])('reads the instant %j', (text, t) => {
    expect(instantOf(text)).toBe(t);
  });
});

it("reads Traccar Client's JSON, one location or several", () => {
  const location = (minute: number) => ({
    timestamp: `2026-11-24T15:0${minute}:00.000Z`,
    coords: { latitude: -0.93, longitude: -78.61, accuracy: 6, speed: 4.2, heading: 12, altitude: 2_800 },
    battery: { level: 0.55 },
  });
  const one = decodeTraccarClient({ location: location(0), device_id: 42 });
  expect(one).toMatchObject([{ id: '42', fix: { t: NOW, lat: -0.93, speed: 4.2, battery: 0.55 } }]);
  const many = decodeTraccarClient({ location: [location(0), location(1)], device_id: 'a' });
  expect(many.map(({ fix }) => (fix as { t: number }).t)).toEqual([NOW, NOW + 60_000]);
});

it('reads an OwnTracks location and passes over everything else', () => {
  const body = {
    _type: 'location',
    tst: NOW / 1_000,
    lat: -0.93,
    lon: -78.61,
    vel: 54,
    cog: 90,
    acc: 7,
    batt: 40,
    tid: 'c7',
  };
  expect(decodeOwntracks(body)?.fix).toMatchObject({
    t: NOW,
    lat: -0.93,
    speed: 15,
    heading: 90,
    battery: 0.4,
  });
  for (const other of [{ _type: 'lwt' }, { _type: 'transition' }, {}, null, [], 'x']) {
    expect(decodeOwntracks(other)).toBeNull();
  }
});

it("reads Traccar's forwarded position", () => {
  const body = {
    position: {
      fixTime: '2026-11-24T15:00:00.000+00:00',
      latitude: -0.93,
      longitude: -78.61,
      speed: 20,
      course: 270,
      accuracy: 0,
      attributes: { batteryLevel: 88, ignition: false, motion: true },
    },
    device: { uniqueId: '8612340000', name: 'Cab 7' },
  };
  expect(decodeTraccar(body)).toMatchObject({
    id: '8612340000',
    fix: { t: NOW, speed: expect.closeTo(10.289, 3), heading: 270, battery: 0.88, ignition: false },
  });
});

describe('what real senders send', () => {
  const rules = { nowMs: NOW + 30_000, oldestMs: NOW - 86_400_000 };
  const at = { t: NOW, lat: expect.closeTo(-0.9352, 4), lon: expect.closeTo(-78.6155, 4) };

  it.each(OSMAND_QUERIES)('OsmAnd %s', (query) => {
    const { id, fix } = decodeOsmand(form(query), NOW);
    expect(id).toMatch(/^(cab-7|482913|861234000012345)$/);
    expect(checkFix(fix, rules)).toMatchObject(at);
  });

  it.each(TRACCAR_CLIENT_BODIES)('Traccar Client %#', (body) => {
    const positions = decodeTraccarClient(body);
    expect(positions.map(({ id }) => id)).toEqual(positions.map(() => '482913'));
    expect(checkFix(positions[0]!.fix, rules)).toMatchObject(at);
  });

  it.each(OWNTRACKS_BODIES)('OwnTracks %#', (body) => {
    const decoded = decodeOwntracks(body);
    if ((body as { _type: string })._type !== 'location') expect(decoded).toBeNull();
    else expect(checkFix(decoded?.fix, rules)).toMatchObject(at);
  });

  it('Traccar, with a place and without one', () => {
    const verdicts = TRACCAR_BODIES.map((body) => checkFix(decodeTraccar(body).fix, rules));
    expect(verdicts).toEqual([
      expect.objectContaining({ ...at, speed: expect.closeTo(6.1, 2), battery: 0.88, ignition: true }),
      'low-accuracy',
    ]);
  });

  it('OsmAnd without a place, and an instant without a zone', () => {
    const without = decodeOsmand(form('id=1&lat=-0.93&lon=-78.6&valid=false'), NOW);
    expect(checkFix(without.fix, rules)).toBe('low-accuracy');
    expect(instantOf('2026-11-24 15:00:00')).toBe(NOW);
  });

  it.each(Object.entries(DECODERS))(
    '%s: near them, everything passes or is refused in words',
    (_name, decode) => {
      const { passed, refused, inputs } = fuzz(decode, 2_000, 31);
      expect(passed).toBeGreaterThan(inputs / 100);
      expect(refused).toBeGreaterThan(inputs / 100);
    },
  );
});

describe('whatever arrives', () => {
  const rules = { nowMs: NOW, oldestMs: 0 };
  const ends = (fix: unknown) => {
    const verdict = checkFix(fix, rules);
    return typeof verdict === 'string' || Number.isInteger(verdict.t);
  };
  const runs = { seed: 77, numRuns: 400 };

  it('a frame decodes or says why, and each of its fixes passes or says why', () => {
    const frames = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"seq":1,"fixes":[${json}]}`),
    );
    fc.assert(
      fc.property(frames, (text) => {
        const decoded = decodeFrame(text);
        if ('error' in decoded) return /^(not-json|bad-frame|too-many-fixes)$/.test(decoded.error);
        return decoded.frame.fixes.every(ends);
      }),
      runs,
    );
  });

  it('so does every HTTP protocol', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.record({ _type: fc.constant('location'), lat: fc.anything(), tst: fc.anything() }),
      fc.record({
        location: fc.anything(),
        device_id: fc.anything({ withObjectString: false, withNullPrototype: false }),
      }),
      fc.record({ position: fc.anything(), device: fc.anything() }),
    );
    fc.assert(
      fc.property(anything, (given) => {
        // Bodies are JSON: what JSON cannot say does not arrive.
        const text = JSON.stringify(given, (_key, value: unknown) =>
          typeof value === 'bigint' ? null : value,
        );
        const body: unknown = text === undefined ? null : JSON.parse(text);
        const owntracks = decodeOwntracks(body);
        return (
          decodeTraccarClient(body).every(({ fix }) => ends(fix)) &&
          ends(decodeTraccar(body).fix) &&
          (owntracks === null || ends(owntracks.fix))
        );
      }),
      runs,
    );
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('id', 'lat', 'lon', 'timestamp', 'speed', 'batt', 'location'),
          fc.string(),
        ),
        (given) => ends(decodeOsmand(given, NOW).fix),
      ),
      runs,
    );
  });
});
