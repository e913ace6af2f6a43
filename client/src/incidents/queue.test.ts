import { describe, expect, it } from 'vitest';
import type { RoomIncident } from '../live/room-view.ts';
import { neighbour, queueView, validationOutcome } from './queue.ts';

const incident = (id: number, state: 'pending' | 'validated', tone: RoomIncident['tone'] = 'neutral') =>
  ({ view: { id, state }, tone }) as RoomIncident;
const ids = (list: readonly RoomIncident[]) => list.map((item) => item.view.id);

describe('queue', () => {
  const first = [incident(1, 'pending'), incident(2, 'validated', 'crit'), incident(3, 'validated')];

  it('shows everything when nobody holds the list', () => {
    const { view, shown } = queueView(first, new Set(), false);
    expect(ids(view.pending)).toEqual([1]);
    expect(ids(view.risks)).toEqual([2]);
    expect([...shown]).toEqual([1, 2, 3]);
  });

  it('lets what is new wait while the list is held, and shows it afterwards', () => {
    const { shown } = queueView(first, new Set(), false);
    const next = [incident(9, 'pending'), ...first];
    const held = queueView(next, shown, true);
    expect(ids(held.view.waiting)).toEqual([9]);
    expect(ids(held.view.all)).toEqual([1, 2, 3]);
    expect(ids(queueView(next, held.shown, false).view.all)).toEqual([9, 1, 2, 3]);
  });

  it('never hides what is known when it changes state', () => {
    const { shown } = queueView(first, new Set(), false);
    const { view } = queueView([incident(1, 'validated'), incident(2, 'validated')], shown, true);
    expect(ids(view.all)).toEqual([1, 2]);
  });

  it('moves to the neighbour when a row leaves', () => {
    expect(neighbour([1, 2, 3], 2)).toBe(3);
    expect(neighbour([1, 2, 3], 3)).toBe(2);
    expect(neighbour([1], 1)).toBeNull();
  });
});

describe('what validating does', () => {
  const zone = { validatedSeverity: 18, threshold: 20, plannedRoute: null };
  it('starts a route only strictly above the threshold', () => {
    expect(validationOutcome(2, zone, 5).kind).toBe('waits');
    expect(validationOutcome(3, zone, 5).kind).toBe('route');
    expect(validationOutcome(3, { ...zone, plannedRoute: 4 }, 5).kind).toBe('waits');
  });
  it('offers the gravest to a running route at once', () => {
    expect(validationOutcome(5, null, 5).kind).toBe('proposal');
  });
});
