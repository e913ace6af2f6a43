import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDomainError } from './errors.ts';
import {
  assertIncidentTransition,
  canTransitionIncident,
  INCIDENT_STATES,
  INCIDENT_TYPES,
  promiseOf,
  zoneOf,
} from './incident.ts';
import { DEFAULT_RULES } from './rules.ts';

describe('states of an incident', () => {
  it('follow each other in these ways and no other', () => {
    const allowed = INCIDENT_STATES.flatMap((from) =>
      INCIDENT_STATES.filter((to) => canTransitionIncident(from, to)).map((to) => `${from} → ${to}`),
    );
    expect(allowed).toEqual([
      'pending → validated',
      'pending → cancelled',
      'validated → assigned',
      'validated → cancelled',
      'assigned → validated',
      'assigned → completed',
      'assigned → cancelled',
    ]);
  });

  it('are refused by name', () => {
    const attempt = () => assertIncidentTransition('completed', 'pending');
    expect(attempt).toThrow(expect.toSatisfy((error) => isDomainError(error, 'invalid-transition')));
  });
});

describe('the promise of a report', () => {
  it.each([
    ['acopio', 1, 24],
    ['zona_critica', 3, 8],
    ['animal_muerto', 5, 2],
  ] as const)('%s: severity %i, %i h', (type, severity, hours) => {
    const reportedAt = Date.parse('2026-03-02T13:00:00Z');
    const promise = promiseOf(type, reportedAt, DEFAULT_RULES);
    expect(promise.severity).toBe(severity);
    expect(promise.windowStart.getTime()).toBe(reportedAt);
    expect(promise.windowEnd.getTime() - reportedAt).toBe(hours * 3_600_000);
  });

  it('there is one for every type', () => {
    expect(Object.keys(DEFAULT_RULES.severityByType).sort()).toEqual([...INCIDENT_TYPES].sort());
  });
});

describe('zones', () => {
  it.each([
    [-0.93, -78.6149, 'oriental'],
    [-0.93, -78.6151, 'occidental'],
    [DEFAULT_RULES.depot.lat, DEFAULT_RULES.depot.lon, 'oriental'],
    [DEFAULT_RULES.landfill.lat, DEFAULT_RULES.landfill.lon, 'occidental'],
  ])('%d, %d is %s', (lat, lon, zone) => expect(zoneOf({ lat, lon }, DEFAULT_RULES)).toBe(zone));

  it('every point of the service area has one, no point outside has', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1.2, max: -0.7, noNaN: true }),
        fc.double({ min: -78.8, max: -78.4, noNaN: true }),
        (lat, lon) => {
          const onEdge = [lat + 1.02, lat + 0.86, lon + 78.7, lon + 78.53].some(
            (gap) => Math.abs(gap) < 1e-9,
          );
          fc.pre(!onEdge);
          const isInside = lat > -1.02 && lat < -0.86 && lon > -78.7 && lon < -78.53;
          let zone: string | null = null;
          try {
            zone = zoneOf({ lat, lon }, DEFAULT_RULES);
          } catch (error) {
            expect(isDomainError(error, 'outside-service-area')).toBe(true);
          }
          expect(zone).toBe(isInside ? (lon > -78.615 ? 'oriental' : 'occidental') : null);
        },
      ),
      { seed: 3, numRuns: 500 },
    );
  });
});
