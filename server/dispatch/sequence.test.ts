import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SequenceStep } from '../planning/index.ts';
import { withDisposals } from './sequence.ts';

const job = (id: number): SequenceStep => ({ type: 'job', id });
const landfill: SequenceStep = { type: 'disposal', id: 1 };

describe('landfill visits of a sequence ordered by hand', () => {
  it('goes to the landfill before the stop that would overfill, and before the depot', () => {
    expect(withDisposals([job(5), job(6), job(7)], 0, 0, 10, () => 4)).toEqual([
      job(5),
      job(6),
      landfill,
      job(7),
      landfill,
    ]);
  });

  it('counts what is aboard already', () => {
    expect(withDisposals([job(5)], 0, 9, 10, () => 4)).toEqual([landfill, job(5), landfill]);
  });

  it('leaves the visits where they are while they suffice, and drops one with nothing to empty', () => {
    const steps = [job(5), landfill, landfill, job(6), job(7), landfill];
    expect(withDisposals(steps, 0, 0, 10, () => 4)).toEqual([job(5), landfill, job(6), job(7), landfill]);
  });

  it('property: never above capacity after the frozen steps, and empty at the end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 25 }),
        (loads, aboard) => {
          const steps = loads.map((_, index) => job(index + 1));
          let load = aboard;
          for (const step of withDisposals(steps, 0, aboard, 25, (id) => loads[id - 1]!)) {
            load = step.type === 'disposal' ? 0 : load + loads[step.id - 1]!;
            expect(load).toBeLessThanOrEqual(25);
          }
          expect(load).toBe(0);
        },
      ),
      { seed: 11, numRuns: 200 },
    );
  });
});
