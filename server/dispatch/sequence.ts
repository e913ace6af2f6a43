import type { SequenceStep } from '../planning/index.ts';
import { LANDFILL_ID } from './frame.ts';

/** Which landfill lies best between two stops; undefined = where the truck is, or its depot. */
export type LandfillBetween = (before: SequenceStep | undefined, after: SequenceStep | undefined) => number;

/**
 * A sequence ordered by hand, with the landfill visits it needs: before the stop that would overfill the truck, and
 * before the depot. The frozen first steps stay untouched; other landfill visits are laid anew.
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
