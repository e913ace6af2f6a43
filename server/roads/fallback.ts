import type { LonLat, VehicleProfile } from './roads.ts';

export interface PairTravel {
  durationS: number;
  distanceM: number;
}

/** Pairs kept before the oldest are let go. */
const MAX_PAIRS = 400_000;
const MAX_POINTS = 60_000;
/** Before anything was learned: streets are some 1.4 times the straight line, driven at 6.5 m/s. */
const FIRST_DETOUR = 1.4;
const FIRST_SPEED_M_PER_S = 6.5;
const LEARNING_RATE = 0.02;
const METRES_PER_DEGREE = 111_195;

/** Straight-line metres between two points (equirectangular; fine within a city). */
export function straightM([lonA, latA]: LonLat, [lonB, latB]: LonLat): number {
  const x = (lonB - lonA) * Math.cos((((latA + latB) / 2) * Math.PI) / 180);
  return Math.hypot(x, latB - latA) * METRES_PER_DEGREE;
}

/**
 * What is known when the router is out: times already seen between two stops, and how much longer than the straight
 * line ways turn out to be. Oldest pairs are forgotten first.
 */
export class TravelMemory {
  private readonly pairs = new Map<number, PairTravel>();
  private readonly points = new Map<string, number>();
  private detour = FIRST_DETOUR;
  private speedMPerS = FIRST_SPEED_M_PER_S;

  recall(profile: VehicleProfile, from: LonLat, to: LonLat): PairTravel | undefined {
    return this.pairs.get(this.key(profile, from, to));
  }

  remember(profile: VehicleProfile, from: LonLat, to: LonLat, travel: PairTravel): void {
    const key = this.key(profile, from, to);
    this.pairs.delete(key);
    this.pairs.set(key, travel);
    if (this.pairs.size > MAX_PAIRS) this.pairs.delete(this.pairs.keys().next().value!);
    const straight = straightM(from, to);
    if (straight < 200 || !Number.isFinite(travel.distanceM) || travel.durationS <= 0) return;
    this.detour += LEARNING_RATE * (travel.distanceM / straight - this.detour);
    this.speedMPerS += LEARNING_RATE * (travel.distanceM / travel.durationS - this.speedMPerS);
  }

  /** Straight line times the learned factor, at the learned speed. */
  estimate(from: LonLat, to: LonLat): PairTravel {
    const distanceM = straightM(from, to) * this.detour;
    return { distanceM, durationS: distanceM / this.speedMPerS };
  }

  forget(): void {
    this.pairs.clear();
  }

  private key(profile: VehicleProfile, from: LonLat, to: LonLat): number {
    const key = this.point(from) * 2 ** 25 + this.point(to);
    return profile === 'truck' ? -key - 1 : key;
  }

  private point([lon, lat]: LonLat): number {
    const text = `${lon.toFixed(6)},${lat.toFixed(6)}`;
    let id = this.points.get(text);
    if (id === undefined) {
      if (this.points.size >= MAX_POINTS) {
        this.points.clear();
        this.pairs.clear();
      }
      id = this.points.size;
      this.points.set(text, id);
    }
    return id;
  }
}
