import { indexPieces, isOnMap, smooth, wander } from './plane.ts';
import type { PieceIndex, Spot } from './plane.ts';
import { ARTERIALS, COUNTRY_ROADS, RIVERS } from './city-plan.ts';
import type { PlannedRoad } from './city-plan.ts';

/** A street before it is joined to others: a line that will be cut where it meets them. */
export interface Street {
  line: Spot[];
  highway: string;
  name?: string;
  tags: Readonly<Record<string, string>>;
  /** Driven from the first point to the last only. */
  oneway: boolean;
  /** Whether it goes over water; other streets end at the bank. */
  hasBridges: boolean;
}

export interface Waters {
  rivers: readonly { name: string; halfWidthM: number; line: Spot[] }[];
  /** Whether a spot lies in a river or within `marginM` of its bank. */
  isWet(spot: Spot, marginM: number): boolean;
}

export function drawRivers(random: () => number): Waters {
  const rivers = RIVERS.map((river) => ({
    name: river.name,
    halfWidthM: river.halfWidthM,
    line: wander(smooth(river.through, 30), 34, 560, random).filter(isOnMap),
  }));
  const index = indexPieces(rivers.map((river) => river.line));
  const widest = Math.max(...rivers.map((river) => river.halfWidthM));
  return {
    rivers,
    isWet(spot, marginM) {
      const nearest = index.nearest(spot, widest + marginM);
      const river = nearest && rivers[nearest.line];
      return Boolean(river && nearest.distanceM < river.halfWidthM + marginM);
    },
  };
}

/** Arterials and country roads: everything drawn by hand. */
export function drawPlannedRoads(random: () => number): Street[] {
  return [...ARTERIALS, ...COUNTRY_ROADS].map((road) => ({
    line: wander(smooth(road.through, 25), road.wanderM ?? 0, 900, random).filter(isOnMap),
    highway: road.highway,
    name: road.name,
    tags: tagsOf(road),
    oneway: road.oneway === true,
    hasBridges: true,
  }));
}

function tagsOf(road: PlannedRoad): Record<string, string> {
  const tags: Record<string, string> = { surface: road.surface ?? 'asphalt' };
  if (road.ref) tags.ref = road.ref;
  if (road.maxspeed) tags.maxspeed = road.maxspeed;
  return tags;
}

/** Whether a line through `spot` would run beside a major road instead of crossing it. */
export function runsBeside(spot: Spot, direction: Spot, majors: PieceIndex, withinM = 34): boolean {
  const major = majors.nearest(spot, withinM);
  if (!major) return false;
  const alignment = Math.abs(major.direction[0] * direction[0] + major.direction[1] * direction[1]);
  return alignment > 0.87;
}
