import { describe, expect, it } from 'vitest';
import type { PlanHistoryEntry } from '../../../shared/plan.ts';
import { redoTarget, undoTarget } from './undo-target.ts';

const entry = (version: number, undoes: number | null = null): PlanHistoryEntry => ({
  version,
  at: '2026-11-24T15:00:00Z',
  actor: 'supervisor1',
  kind: undoes === null ? 'move' : 'undo',
  reason: '',
  undoes,
});

describe('undo and redo', () => {
  it.each<[string, PlanHistoryEntry[], number | null, number | null]>([
    ['nothing happened', [], null, null],
    ['one change', [entry(1)], 1, null],
    ['two changes, newest first or last', [entry(2), entry(1)], 2, null],
    ['one taken back', [entry(1), entry(2), entry(3, 2)], 1, 3],
    ['both taken back', [entry(1), entry(2), entry(3, 2), entry(4, 1)], null, 4],
    ['taken back, then put again', [entry(1), entry(2), entry(3, 2), entry(4, 3)], 2, null],
    ['two back, one put again', [entry(1), entry(2), entry(3, 2), entry(4, 1), entry(5, 4)], 1, 3],
    ['a change after a step back', [entry(1), entry(2, 1), entry(3)], 3, null],
  ])('%s', (_, history, undo, redo) => {
    expect(undoTarget(history)).toBe(undo);
    expect(redoTarget(history)).toBe(redo);
  });
});
