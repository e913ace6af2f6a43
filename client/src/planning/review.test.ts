import { describe, expect, it } from 'vitest';
import type { PlanHistoryEntry, ProposalView } from '../../../shared/plan.ts';
import { placeBefore } from './draft-move.ts';
import type { PictureBlock, PictureRow } from './proposal-picture.ts';
import { closedBy, successorOf } from './review.ts';
import { boxOf, thumbPath } from './route-thumb.ts';

const open = (id: number, replaces: number | null, zone = 'oriental') =>
  ({ id, replaces, zone }) as unknown as ProposalView;

describe('what takes the place of a proposal that is gone', () => {
  it('is the one that says so', () => {
    expect(successorOf(117, [open(118, 117), open(119, null, 'occidental')], 'oriental')).toBe(118);
  });
  it('is the newest of the zone where the one between is gone as well', () => {
    expect(successorOf(117, [open(121, 120)], 'oriental')).toBe(121);
  });
  it('is none where the other is about something else, or of another zone', () => {
    expect(successorOf(117, [open(118, null)], 'oriental')).toBeNull();
    expect(successorOf(117, [open(118, 112, 'occidental')], 'oriental')).toBeNull();
    expect(successorOf(117, [], 'oriental')).toBeNull();
  });
});

describe('where a stop is dropped in a draft', () => {
  const block = (stopId: number) => ({ stopId, kind: 'incident' }) as PictureBlock;
  // Depot, a driven stop, three to do, depot.
  const row = {
    truck: { id: 9, mode: 'driving' },
    stopIds: [1, 2, 3, 4, 5, 6],
    after: [block(3), block(4), block(5)],
  } as unknown as PictureRow;

  it('counts among all other stops of the route, as the verb does', () => {
    expect(placeBefore(row, 77, 4)).toEqual({ truckId: 9, index: 3, before: 4 });
    expect(placeBefore(row, 3, 5)).toEqual({ truckId: 9, index: 3, before: 5 });
  });
  it('at the end stands before the way home', () => {
    expect(placeBefore(row, 77, null)).toEqual({ truckId: 9, index: 5, before: null });
    expect(placeBefore(row, 5, null)).toEqual({ truckId: 9, index: 4, before: null });
  });
  it('is the first on a truck that stands idle, and nowhere on one that is out', () => {
    const idle = {
      ...row,
      truck: { id: 12, mode: 'depot' },
      stopIds: [],
      after: [],
    } as unknown as PictureRow;
    expect(placeBefore(idle, 77, null)).toEqual({ truckId: 12, index: 0, before: null });
    const out = { ...row, truck: { id: 9, mode: 'broken' } } as unknown as PictureRow;
    expect(placeBefore(out, 77, null)).toBeNull();
  });
});

describe('a route drawn small', () => {
  const line: [number, number][] = [
    [-78.62, -0.94],
    [-78.6, -0.92],
  ];
  it('fits its box, north up, with its proportions', () => {
    expect(thumbPath(line, boxOf([line])!, 100, 50)).toBe('M25.0 50.0L75.0 0.0');
  });
  it('thins out a long line but keeps its end', () => {
    const long = Array.from({ length: 1_000 }, (_, i): [number, number] => [-78.6 + i / 1e4, -0.93]);
    const path = thumbPath(long, boxOf([long])!, 100, 50);
    expect(path.split('L').length).toBeLessThan(65);
    expect(path.endsWith('L100.0 25.0')).toBe(true);
  });
  it('has no box around nothing', () => {
    expect(boxOf([[]])).toBeNull();
  });
});

describe('who closed a proposal that was read', () => {
  const entry = (version: number, undoes: number | null = null) =>
    ({ version, actor: `s${version}`, undoes }) as PlanHistoryEntry;
  it('is who made the newest version since it was computed', () => {
    expect(closedBy({ baseVersion: 5 }, [entry(4), entry(7), entry(6)])?.actor).toBe('s7');
  });
  it('stays the same when the step is taken back', () => {
    expect(closedBy({ baseVersion: 5 }, [entry(8, 7), entry(7)])?.actor).toBe('s7');
  });
  it('is nobody where the plan stayed: it was rejected, or what it was for is gone', () => {
    expect(closedBy({ baseVersion: 5 }, [entry(5), entry(4)])).toBeNull();
  });
});
