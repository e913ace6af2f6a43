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
/** Tenths of a metre that fit beside a duration in one exact number: 100,000 km. */
const DISTANCE_SPAN = 1e9;

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
  /** By source, then destination: tenths of a second and of a metre packed into one number, -1 for no way. */
  private readonly rows = new Map<number, Map<number, number>>();
  private pairCount = 0;
  private readonly points = new Map<string, number>();
  private detour = FIRST_DETOUR;
  private speedMPerS = FIRST_SPEED_M_PER_S;

  /** A number that stands for a point in `recall` and `remember`. */
  idOf([lon, lat]: LonLat): number {
    const text = `${lon.toFixed(6)},${lat.toFixed(6)}`;
    let id = this.points.get(text);
    if (id === undefined) {
      if (this.points.size >= MAX_POINTS) {
        this.points.clear();
        this.forget();
      }
      id = this.points.size;
      this.points.set(text, id);
    }
    return id;
  }

  recall(profile: VehicleProfile, fromId: number, toId: number): PairTravel | undefined {
    const packed = this.rows.get(rowKey(profile, fromId))?.get(toId);
    if (packed === undefined) return undefined;
    if (packed < 0) return { durationS: Infinity, distanceM: Infinity };
    const durationTenths = Math.floor(packed / DISTANCE_SPAN);
    return { durationS: durationTenths / 10, distanceM: (packed - durationTenths * DISTANCE_SPAN) / 10 };
  }

  remember(
    profile: VehicleProfile,
    fromId: number,
    toId: number,
    durationS: number,
    distanceM: number,
  ): void {
    const key = rowKey(profile, fromId);
    let row = this.rows.get(key);
    if (!row) {
      row = new Map();
      this.rows.set(key, row);
    }
    const before = row.size;
    const noWay = durationS === Infinity || distanceM === Infinity;
    row.set(toId, noWay ? -1 : Math.round(durationS * 10) * DISTANCE_SPAN + Math.round(distanceM * 10));
    this.pairCount += row.size - before;
    if (this.pairCount > MAX_PAIRS) this.dropOldest(key);
  }

  private dropOldest(keep: number): void {
    for (const [key, row] of this.rows) {
      if (key === keep) continue;
      this.rows.delete(key);
      this.pairCount -= row.size;
      return;
    }
  }

  /** Learns detour and speed from one pair. */
  learn(from: LonLat, to: LonLat, travel: PairTravel): void {
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
    this.rows.clear();
    this.pairCount = 0;
  }
}

function rowKey(profile: VehicleProfile, fromId: number): number {
  return profile === 'truck' ? -fromId - 1 : fromId;
}
