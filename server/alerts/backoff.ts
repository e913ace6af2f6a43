/** After so many attempts a delivery is given up: about half an hour after the first. */
export const MAX_ATTEMPTS = 9;
const FIRST_S = 5;
const LONGEST_S = 3_600;

/**
 * Seconds until the next attempt: doubled each time, spread by half to either side so that what failed together does
 * not come back together; never sooner than the other side asked for.
 * @param attempt how many were made, from 1
 * @param random a number in [0, 1)
 */
export function retryDelayS(attempt: number, random: number, askedS: number | null): number {
  const delayS = Math.min(LONGEST_S, FIRST_S * 2 ** (attempt - 1)) * (0.5 + random);
  return Math.min(LONGEST_S, Math.max(delayS, askedS ?? 0));
}
