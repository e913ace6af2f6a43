import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  currentStop,
  foldWork,
  progressOf,
  routeOfDay,
  takenBackWith,
  undoable,
  UNDO_MS,
  type Action,
  type Work,
} from './work.ts';
import { planOf, routeOf, stopOf } from './test-route.ts';

const action = (order: number, work: Work, atMs = 0): Action => ({
  clientId: `c${order}`,
  order,
  atMs,
  sendAfterMs: atMs + UNDO_MS,
  stopNumber: null,
  work,
});

describe('the route with what waits on the phone', () => {
  const plan = planOf([
    routeOf(
      [
        stopOf(1, { kind: 'depot' }),
        stopOf(2, { load: 3 }),
        stopOf(3, { kind: 'disposal', load: -3 }),
        stopOf(4, { kind: 'depot' }),
      ],
      { assignmentId: 9 },
    ),
  ]);

  it('sets out: the first depot is behind, the route runs', () => {
    const [route] = foldWork(plan, [action(1, { kind: 'start', assignmentId: 9 }, 60_000)]).routes;
    expect(route!.state).toBe('running');
    expect(route!.startedAt).toBe('1970-01-01T00:01:00.000Z');
    expect(currentStop(route!)!.id).toBe(2);
  });

  it('counts what comes aboard and what the landfill takes', () => {
    const loads = [1, 2, 3].map(
      (many) =>
        foldWork(
          plan,
          [
            action(1, { kind: 'start', assignmentId: 9 }),
            action(2, { kind: 'complete', stopId: 2 }),
            action(3, { kind: 'complete', stopId: 3 }),
          ].slice(0, many),
        ).routes[0]!.loadAboard,
    );
    expect(loads).toEqual([0, 3, 0]);
  });

  it('opens again what a visit closed, and nothing that somebody said', () => {
    const closed = (closedBy: 'visit' | 'word') =>
      planOf([routeOf([stopOf(2, { state: 'done', closedBy, evidence: 'B' })], { assignmentId: 9 })]);
    const reopened = (closedBy: 'visit' | 'word') =>
      foldWork(closed(closedBy), [action(1, { kind: 'reopen', stopId: 2 })]).routes[0]!.stops[0];
    expect(reopened('visit')).toMatchObject({ state: 'planned', closedBy: null, evidence: null });
    expect(reopened('word')).toMatchObject({ state: 'done', closedBy: 'word' });
  });

  it('a stop that failed brings nothing aboard and says why', () => {
    const [route] = foldWork(plan, [action(1, { kind: 'fail', stopId: 2, reason: 'Calle cerrada' })]).routes;
    expect(route!.loadAboard).toBe(0);
    expect(route!.stops[1]).toMatchObject({ state: 'failed', failReason: 'Calle cerrada' });
    expect(progressOf(route!)).toEqual({ done: 0, failed: 1, total: 1 });
  });

  it('what the server has already does not happen twice, in any order of arrival', () => {
    const works: Work[] = [
      { kind: 'start', assignmentId: 9 },
      { kind: 'depart', stopId: 2 },
      { kind: 'complete', stopId: 2 },
      { kind: 'complete', stopId: 3 },
      { kind: 'finish', assignmentId: 9 },
    ];
    const actions = works.map((work, index) => action(index, work));
    const once = foldWork(plan, actions);
    fc.assert(
      fc.property(fc.nat(works.length), (had) => {
        const told = foldWork(plan, actions.slice(0, had));
        expect(foldWork(told, actions)).toEqual(once);
      }),
      { seed: 7 },
    );
  });

  it('leaves other routes and other assignments alone', () => {
    expect(foldWork(plan, [action(1, { kind: 'start', assignmentId: 8 })])).toEqual(plan);
    expect(foldWork(plan, [action(1, { kind: 'complete', stopId: 99 })])).toEqual(plan);
  });
});

describe('undo', () => {
  const complete = action(1, { kind: 'complete', stopId: 2 }, 1_000);
  const depart = { ...action(2, { kind: 'depart', stopId: 3 }, 2_000), sendAfterMs: 2_000 };

  it('offers the last answer for eight seconds, not what needs no undo', () => {
    expect(undoable([complete, depart], 3_000)).toBe(complete);
    expect(undoable([complete, depart], 9_000)).toBeNull();
  });

  it('takes back what followed too', () => {
    expect(takenBackWith([complete, depart], 'c1')).toEqual([complete, depart]);
    expect(takenBackWith([complete, depart], 'c2')).toEqual([depart]);
    expect(takenBackWith([complete], 'gone')).toEqual([]);
  });
});

describe('the route of the day', () => {
  const planned = routeOf([], { id: 1, state: 'planned', startAt: '2026-11-24T13:00:00Z' });
  const later = routeOf([], { id: 2, state: 'planned', startAt: '2026-11-24T19:00:00Z' });
  const running = routeOf([], { id: 3, state: 'running' });
  const done = routeOf([], { id: 4, state: 'done', finishedAt: '2026-11-24T12:00:00Z' });

  it('is the running one, else the next planned, else the last finished', () => {
    expect(routeOfDay([done, later, planned, running])?.id).toBe(3);
    expect(routeOfDay([done, later, planned])?.id).toBe(1);
    expect(routeOfDay([done])?.id).toBe(4);
    expect(routeOfDay([routeOf([], { state: 'cancelled' })])).toBeNull();
  });
});
