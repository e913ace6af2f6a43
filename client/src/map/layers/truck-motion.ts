/** Where a truck is between two fixes: it glides from where it was shown to the newest fix, at its real pace. */

/** The shader works in metres-scale offsets from here, so that 32-bit floats stay exact to a millimetre. */
export interface Mercator {
  x: number;
  y: number;
}

/** Web mercator of the whole world as 0–1, y from north to south. */
export function toMercator(lon: number, lat: number): Mercator {
  const sin = Math.sin((lat * Math.PI) / 180);
  return { x: (lon + 180) / 360, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
}

/** Inverse of toMercator. */
export function fromMercator({ x, y }: Mercator): { lon: number; lat: number } {
  return { lon: x * 360 - 180, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI };
}

export interface Motion {
  from: Mercator;
  to: Mercator;
  startMs: number;
  endMs: number;
  /** Device time of the fix it glides to. */
  fixMs: number;
}

const MAX_GLIDE_MS = 6_000;
const MIN_GLIDE_MS = 300;
/** A longer jump (about 1 km) is shown as a jump: gliding through houses would be a lie. */
const JUMP_MERCATOR = 1_000 / 40_030_000;

/** The place shown at an instant. */
export function placeAt(motion: Motion, nowMs: number): Mercator {
  const length = motion.endMs - motion.startMs;
  const t = length <= 0 ? 1 : Math.min(1, Math.max(0, (nowMs - motion.startMs) / length));
  return {
    x: motion.from.x + (motion.to.x - motion.from.x) * t,
    y: motion.from.y + (motion.to.y - motion.from.y) * t,
  };
}

/** The next glide after a fix arrived at `nowMs`; lasts as long as the two fixes are apart. */
export function glideTo(
  before: Motion | undefined,
  to: Mercator,
  fixMs: number,
  nowMs: number,
  still: boolean,
): Motion {
  if (before === undefined) return { from: to, to, startMs: nowMs, endMs: nowMs, fixMs };
  if (before.fixMs === fixMs && before.to.x === to.x && before.to.y === to.y) return before;
  const from = placeAt(before, nowMs);
  const jumped = Math.hypot(to.x - from.x, to.y - from.y) > JUMP_MERCATOR;
  if (still || jumped) return { from: to, to, startMs: nowMs, endMs: nowMs, fixMs };
  const apart = Math.min(MAX_GLIDE_MS, Math.max(MIN_GLIDE_MS, fixMs - before.fixMs));
  return { from, to, startMs: nowMs, endMs: nowMs + apart, fixMs };
}
