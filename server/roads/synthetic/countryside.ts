import { AIRPORT } from './city-plan.ts';
import { isBuiltUp } from './edge.ts';
import { apartM, between, isWithin, wander } from './plane.ts';
import type { PieceIndex, Spot } from './plane.ts';
import type { Street, Waters } from './streets.ts';

const WEST_M = -9500;
const EAST_M = 9000;
const SOUTH_M = -9300;
const NORTH_M = 8150;
const FIELD_M = 470;

/**
 * Farm lanes: a loose mesh between the country roads, denser near them and in the valley than in the mountains. Lanes end at
 * rivers, so that the next bridge is a real way round.
 */
export function drawCountryside(majors: PieceIndex, waters: Waters, random: () => number): Street[] {
  const columns = Math.floor((EAST_M - WEST_M) / FIELD_M);
  const rows = Math.floor((NORTH_M - SOUTH_M) / FIELD_M);
  const corner = Array.from({ length: columns + 1 }, (_, i) =>
    Array.from({ length: rows + 1 }, (_, j): Spot => [
      WEST_M + (i + (j % 2) * 0.5 + (random() - 0.5) * 0.62) * FIELD_M,
      SOUTH_M + (j + (random() - 0.5) * 0.62) * FIELD_M,
    ]),
  );
  const streets: Street[] = [];
  const connect = (a: Spot | undefined, b: Spot | undefined): void => {
    const dice = random();
    if (!a || !b) return;
    const middle = between(a, b, 0.5);
    if (Math.max(Math.abs(a[0]), Math.abs(b[0])) > 9400 || dice > lanesPer(middle, majors)) return;
    if ([a, b, middle].some((spot) => isBuiltUp(spot) || isWithin(spot, AIRPORT) || waters.isWet(spot, 30)))
      return;
    const isTrack = random() < 0.16;
    const steps = Math.max(3, Math.round(apartM(a, b) / 40));
    const straight = Array.from({ length: steps + 1 }, (_, k) => between(a, b, k / steps));
    streets.push({
      line: wander(straight, 13 + 16 * random(), 260, random),
      highway: isTrack ? 'track' : 'unclassified',
      tags: { surface: isTrack ? 'dirt' : random() < 0.5 ? 'gravel' : 'compacted' },
      oneway: false,
      hasBridges: false,
    });
  };
  for (let i = 0; i <= columns; i++) {
    for (let j = 0; j <= rows; j++) {
      const here = corner[i]?.[j];
      connect(here, corner[i + 1]?.[j]);
      connect(here, corner[i]?.[j + 1]);
      if ((i + j) % 5 === 0) connect(here, corner[i + 1]?.[j + 1]);
    }
  }
  return streets;
}

/** The share of possible lanes that exist here. */
function lanesPer([x, y]: Spot, majors: PieceIndex): number {
  const nearRoad = majors.nearest([x, y], 900) !== null;
  const isMountain = x > 5200 || x < -7600 || Math.hypot(x + 5000, y + 1500) < 1200;
  if (isMountain) return nearRoad ? 0.46 : 0.42;
  return nearRoad ? 0.68 : 0.56;
}
