import type { SequenceStep } from '../planning/index.ts';
import { LANDFILL_ID } from './frame.ts';

/** Which landfill lies best between two stops; undefined = where the truck is, or its depot. */
export type LandfillBetween = (before: SequenceStep | undefined, after: SequenceStep | undefined) => number;

/**
 * A sequence ordered by hand, with the landfill visits it needs. Those it has stay where they are while they suffice;
 * else they are laid anew: before the stop that would overfill the truck, and before the depot. The frozen first steps
 * stay untouched.
 *
 * @param loadOf severity points of a job
 */
export function withDisposals(
  steps: readonly SequenceStep[],
  frozen: number,
  aboard: number,
  capacity: number,
  loadOf: (jobId: number) => number,
  landfillBetween: LandfillBetween = () => LANDFILL_ID,
): SequenceStep[] {
  const asLaid = withoutNeedless(steps, frozen, aboard, loadOf);
  if (suffices(asLaid, frozen, aboard, capacity, loadOf)) return asLaid;
  const visit = (after: SequenceStep | undefined) =>
    out.push({ type: 'disposal', id: landfillBetween(out.at(-1), after) });
  const out: SequenceStep[] = [];
  let load = aboard;
  steps.forEach((step, index) => {
    if (step.type !== 'job') {
      if (index >= frozen) return;
      load = 0;
      out.push(step);
      return;
    }
    const more = loadOf(step.id);
    if (index >= frozen && load + more > capacity && load > 0) {
      visit(step);
      load = 0;
    }
    load += more;
    out.push(step);
  });
  if (load > 0) visit(undefined);
  return out;
}

/** A truck with nothing aboard has nothing to empty. */
function withoutNeedless(
  steps: readonly SequenceStep[],
  frozen: number,
  aboard: number,
  loadOf: (jobId: number) => number,
): SequenceStep[] {
  let load = aboard;
  return steps.filter((step, index) => {
    if (step.type === 'job') {
      load += loadOf(step.id);
      return true;
    }
    const isNeeded = load > 0 || index < frozen;
    load = 0;
    return isNeeded;
  });
}

/** Never too full behind the frozen steps, and empty at the end. */
function suffices(
  steps: readonly SequenceStep[],
  frozen: number,
  aboard: number,
  capacity: number,
  loadOf: (jobId: number) => number,
): boolean {
  let load = aboard;
  for (const [index, step] of steps.entries()) {
    load = step.type === 'job' ? load + loadOf(step.id) : 0;
    if (index >= frozen && load > capacity) return false;
  }
  return load === 0;
}
