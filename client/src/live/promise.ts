/**
 * The promise of an incident: how likely its window is kept, from the arrival range P10–P90 that the plan
 * publishes. The arrival is taken as a split normal: one spread before the expected instant, another after it.
 */
const Z90 = 1.2815515655446004;
const MIN_SPREAD_MS = 30_000;

/** Φ(z) by Abramowitz & Stegun 26.2.17 (absolute error < 7.5e-8). */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const poly =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z >= 0 ? 1 - tail : tail;
}

export interface ArrivalRange {
  eta: string;
  etaEarliest: string;
  etaLatest: string;
}

/** Share of one. Instants are ISO strings; the range is P10–P90. */
export function keepProbability(arrival: ArrivalRange, windowEnd: string): number {
  const expected = Date.parse(arrival.eta);
  const deadline = Date.parse(windowEnd);
  const edge = deadline >= expected ? Date.parse(arrival.etaLatest) : Date.parse(arrival.etaEarliest);
  const spread = Math.max(MIN_SPREAD_MS, Math.abs(edge - expected) / Z90);
  return normalCdf((deadline - expected) / spread);
}

export type PromiseLevel = 'ok' | 'risk' | 'crit';

/** ≥ 90 % kept, 60–89 % at risk, below 60 % critical; judged on the whole percent that is shown. */
export function promiseLevel(probability: number): PromiseLevel {
  const shown = Math.round(probability * 100);
  return shown >= 90 ? 'ok' : shown >= 60 ? 'risk' : 'crit';
}
