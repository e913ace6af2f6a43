/** Which version the next undo or redo takes back. A step back is itself a version, so redo is undoing the undo. */
import type { PlanHistoryEntry } from '../../../shared/plan.ts';

function byVersion(history: readonly PlanHistoryEntry[]): PlanHistoryEntry[] {
  return [...history].sort((a, b) => b.version - a.version);
}

/** The newest change still in force, or null. Entries may come in any order. */
export function undoTarget(history: readonly PlanHistoryEntry[]): number | null {
  const newest = byVersion(history);
  const undone = new Set<number>();
  for (const entry of newest) {
    if (undone.has(entry.version)) continue;
    if (entry.undoes !== null) {
      undone.add(entry.undoes);
      continue;
    }
    return entry.version;
  }
  return null;
}

/** The newest step back, as long as nothing else was changed after it. */
export function redoTarget(history: readonly PlanHistoryEntry[]): number | null {
  const newest = byVersion(history);
  const undone = new Set<number>();
  for (const entry of newest) {
    if (entry.undoes === null) return null;
    if (undone.has(entry.version)) continue;
    const target = newest.find((other) => other.version === entry.undoes);
    if (target?.undoes !== null && target !== undefined) {
      // A redo: the step back it took back no longer counts.
      undone.add(target.version);
      continue;
    }
    return entry.version;
  }
  return null;
}
