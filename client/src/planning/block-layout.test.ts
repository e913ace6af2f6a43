import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutBlocks } from './block-layout.ts';
import { boardScale } from './board-scale.ts';

const MIN = 60_000;
const scale = boardScale('around', 0, { fromMs: 0, toMs: 0 }, 1_050);
const block = (minute: number, lengthMin: number, number: number | null = 1) => ({
  startMs: minute * MIN,
  endMs: (minute + lengthMin) * MIN,
  number,
});

describe('blocks in pixels', () => {
  it('keeps the true length of long ones and widens short ones', () => {
    const [long, short] = layoutBlocks([block(0, 30), block(60, 2)], scale);
    expect(long?.width).toBeCloseTo(100, 6);
    expect(short?.width).toBe(20);
  });

  it('drops a number that does not fit', () => {
    const placed = layoutBlocks([block(0, 2, 8), block(5, 2, 12), block(9, 2, 13)], scale);
    expect(placed.map((item) => item.number)).toEqual([8, null, 13]);
  });

  it('leaves out what lies outside', () => {
    expect(layoutBlocks([block(-600, 10), block(600, 10)], scale)).toEqual([]);
  });

  it('never lets a block reach the next one while there is any room', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 3, max: 40 }), { minLength: 2, maxLength: 30 }), (gaps) => {
        let minute = -100;
        const blocks = gaps.map((gap) => block((minute += gap), 2));
        const placed = layoutBlocks(blocks, scale);
        placed.slice(1).forEach((item, index) => {
          const before = placed[index]!;
          expect(before.left + before.width).toBeLessThanOrEqual(item.left);
        });
      }),
      { seed: 1 },
    );
  });
});
