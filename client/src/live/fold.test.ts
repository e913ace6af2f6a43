import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../../../shared/events.ts';
import { CUT_AFTER_MS, freshness, LATE_AFTER_MS, outdatedBy } from './fold.ts';

describe('events make parts of the room old', () => {
  it('reads each part once for a burst', () => {
    expect([...outdatedBy(['incident.reported', 'incident.reported', 'proposal.created'])].sort()).toEqual([
      'incidents',
      'proposals',
      'zones',
    ]);
  });

  it('reads the incidents again when a stop completes one', () => {
    expect(outdatedBy(['stop.completed']).has('incidents')).toBe(true);
    expect(outdatedBy(['stop.departed']).has('incidents')).toBe(false);
  });

  it('a new current plan touches plan, history and incidents', () => {
    const outdated = outdatedBy(['plan.current']);
    for (const dataset of ['plan', 'history', 'incidents'] as const) expect(outdated.has(dataset)).toBe(true);
  });

  it('knows every event that exists', () => {
    const silent = EVENT_TYPES.filter((type) => outdatedBy([type]).size === 0);
    expect(silent.sort()).toEqual([
      'channel.created',
      'channel.removed',
      'channel.retried',
      'channel.tried',
      'channel.updated',
      'user.created',
      'user.updated',
    ]);
  });
});

describe('freshness', () => {
  it('turns amber at 5 s and is cut at 30 s', () => {
    expect(freshness(0, LATE_AFTER_MS - 1)).toBe('live');
    expect(freshness(0, LATE_AFTER_MS)).toBe('late');
    expect(freshness(0, CUT_AFTER_MS)).toBe('cut');
  });
});
