/** Blocks in pixels: short ones are widened as far as the next one allows, so that none covers another. */
import type { BoardScale } from './board-scale.ts';

const MIN_WIDTH_PX = 20;
const LEAST_PX = 4;
const GAP_PX = 2;
/** Below these a number of one or two digits does not fit. */
const ONE_DIGIT_PX = 12;
const TWO_DIGITS_PX = 18;

export interface TimedBlock {
  startMs: number;
  endMs: number;
  number: number | null;
}

export interface PlacedBlock<Block extends TimedBlock> {
  block: Block;
  left: number;
  width: number;
  /** null where it would not fit. */
  number: number | null;
}

/** `blocks` in order of time; those wholly outside the lane are left out. */
export function layoutBlocks<Block extends TimedBlock>(
  blocks: readonly Block[],
  scale: BoardScale,
): PlacedBlock<Block>[] {
  const placed: PlacedBlock<Block>[] = [];
  blocks.forEach((block, index) => {
    const left = scale.x(block.startMs);
    const next = blocks[index + 1];
    const room = next ? scale.x(next.startMs) - left - GAP_PX : Infinity;
    const natural = scale.x(block.endMs) - left;
    const width = Math.max(LEAST_PX, Math.min(Math.max(natural, MIN_WIDTH_PX), room));
    if (left + width < 0 || left > scale.widthPx) return;
    const needed = block.number !== null && block.number > 9 ? TWO_DIGITS_PX : ONE_DIGIT_PX;
    placed.push({ block, left, width, number: width >= needed ? block.number : null });
  });
  return placed;
}
