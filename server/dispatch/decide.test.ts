import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../shared/rules.ts';
import { decide, type ZoneFacts } from './decide.ts';

const NOW = Date.parse('2026-11-24T15:00:00Z');
const quiet: ZoneFacts = {
  plannedRoutes: 0,
  runningRoutes: 0,
  validatedSeverity: 0,
  assignedSeverity: 0,
  fresh: [],
  idleTrucks: 3,
  nowMs: NOW,
};
const incident = (id: number, severity: number, windowHours = 8) => ({
  id,
  severity,
  windowEndMs: NOW + windowHours * 3_600_000,
});

describe('what dispatch does on its own in a zone', () => {
  const cases: { name: string; facts: Partial<ZoneFacts>; expected: ReturnType<typeof decide> }[] = [
    { name: 'nothing waits', facts: {}, expected: { action: 'none' } },
    {
      name: 'exactly the threshold is not above it',
      facts: { validatedSeverity: 20, fresh: [incident(1, 5)] },
      expected: { action: 'none' },
    },
    {
      name: 'above the threshold and no route planned: a first route, at once',
      facts: { validatedSeverity: 21, fresh: [incident(1, 1)] },
      expected: { action: 'generate' },
    },
    {
      name: 'above the threshold with every truck out and none on the road: wait',
      facts: { validatedSeverity: 21, fresh: [incident(1, 1)], idleTrucks: 0 },
      expected: { action: 'none' },
    },
    {
      name: 'a dead animal while a route is planned: recalculate it, as a proposal',
      facts: { plannedRoutes: 1, validatedSeverity: 5, assignedSeverity: 10, fresh: [incident(1, 5)] },
      expected: { action: 'propose', kind: 'recalculation', incidentIds: 'all' },
    },
    {
      name: 'small ones on a planned route, total not above 1.5 thresholds: leave it',
      facts: { plannedRoutes: 1, validatedSeverity: 3, assignedSeverity: 27, fresh: [incident(1, 3)] },
      expected: { action: 'none' },
    },
    {
      name: 'total above 1.5 thresholds: recalculate',
      facts: { plannedRoutes: 1, validatedSeverity: 4, assignedSeverity: 27, fresh: [incident(1, 3)] },
      expected: { action: 'propose', kind: 'recalculation', incidentIds: 'all' },
    },
    {
      name: 'a dead animal while trucks are on the road: into the running route where it costs least',
      facts: { runningRoutes: 2, validatedSeverity: 5, fresh: [incident(7, 5)] },
      expected: { action: 'propose', kind: 'insertion', incidentIds: [7] },
    },
    {
      name: 'a window about to close and no truck left to send: only a running route can keep it',
      facts: { runningRoutes: 1, validatedSeverity: 1, fresh: [incident(8, 1, 1)], idleTrucks: 0 },
      expected: { action: 'propose', kind: 'insertion', incidentIds: [8] },
    },
    {
      name: 'the same window with an idle truck: the running route is left alone',
      facts: { runningRoutes: 1, validatedSeverity: 1, fresh: [incident(8, 1, 1)], idleTrucks: 1 },
      expected: { action: 'none' },
    },
    {
      name: 'facts already weighed give no new proposal',
      facts: { plannedRoutes: 1, validatedSeverity: 50, assignedSeverity: 0, fresh: [] },
      expected: { action: 'none' },
    },
  ];
  it.each(cases)('$name', ({ facts, expected }) => {
    expect(decide({ ...quiet, ...facts }, DEFAULT_RULES)).toEqual(expected);
  });
});
