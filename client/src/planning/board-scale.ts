/** The board's time axis: which span it shows, and where an instant stands on it. Pixels of the lane, not the page. */
export const BOARD_SPANS = ['shift', 'around', 'hour'] as const;
export type BoardSpan = (typeof BOARD_SPANS)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Back and ahead of now. "Around" looks further ahead than back: what is done matters less than what comes. */
const AROUND = { backMs: 2 * HOUR_MS, aheadMs: 3.25 * HOUR_MS };
const HOUR = { backMs: 15 * MINUTE_MS, aheadMs: 45 * MINUTE_MS };
const MIN_SHIFT_MS = 2 * HOUR_MS;

export interface BoardScale {
  fromMs: number;
  toMs: number;
  widthPx: number;
  /** Not clamped: may lie outside the lane. */
  x(atMs: number): number;
  /** Inverse of x. */
  at(x: number): number;
  ticks: readonly { atMs: number; x: number }[];
}

/** `shift` is the extent of all routes of the day, used by the widest span. */
export function boardScale(
  span: BoardSpan,
  nowMs: number,
  shift: { fromMs: number; toMs: number },
  widthPx: number,
): BoardScale {
  const [fromMs, toMs] =
    span === 'shift'
      ? [shift.fromMs, Math.max(shift.toMs, shift.fromMs + MIN_SHIFT_MS)]
      : span === 'around'
        ? [nowMs - AROUND.backMs, nowMs + AROUND.aheadMs]
        : [nowMs - HOUR.backMs, nowMs + HOUR.aheadMs];
  const perMs = widthPx / (toMs - fromMs);
  const x = (atMs: number) => (atMs - fromMs) * perMs;
  const stepMs = tickStep(toMs - fromMs);
  const ticks: { atMs: number; x: number }[] = [];
  for (let atMs = Math.ceil(fromMs / stepMs) * stepMs; atMs <= toMs; atMs += stepMs)
    ticks.push({ atMs, x: x(atMs) });
  return { fromMs, toMs, widthPx, x, at: (px) => fromMs + px / perMs, ticks };
}

function tickStep(lengthMs: number): number {
  if (lengthMs <= 1.5 * HOUR_MS) return 10 * MINUTE_MS;
  if (lengthMs <= 3.5 * HOUR_MS) return 30 * MINUTE_MS;
  return lengthMs <= 14 * HOUR_MS ? HOUR_MS : 2 * HOUR_MS;
}
