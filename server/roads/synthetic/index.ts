import corners from './corners.json' with { type: 'json' };
import type { Anchors } from './latacunga.ts';

export { LATACUNGA_SEED, syntheticLatacunga } from './latacunga.ts';
export type { Anchors } from './latacunga.ts';
export { isSynthetic, SYNTHETIC_TAG } from './marker.ts';

/** Real street corners and places of Latacunga, approximate, from public addresses. */
export const LATACUNGA_ANCHORS: Anchors = corners;
