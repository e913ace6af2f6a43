/** How a simulated crew differs from the table: factors on planned seconds, from a uniform number in [0, 1). */

/** Traffic: mostly a little slower than the table says, seldom much. */
export function travelFactor(uniform: number): number {
  return 0.9 + 0.35 * uniform ** 2;
}

/** A heap smaller than reported, or a bin that sticks. */
export function serviceFactor(uniform: number): number {
  return 0.7 + 0.7 * uniform;
}
