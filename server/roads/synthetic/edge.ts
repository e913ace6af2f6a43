import { CITY_EDGE, NORTH_EDGE } from './districts.ts';
import { apartM, between, isWithin } from './plane.ts';
import type { Spot } from './plane.ts';

/** Towns do not end on a drawn line: their edge frays by up to about 200 m. */
function fray([x, y]: Spot, sign: 1 | -1): Spot {
  return [
    x + sign * (110 * Math.sin(y / 310 + x / 900) + 70 * Math.sin(y / 121 - x / 260)),
    y + sign * (110 * Math.sin(x / 290 - y / 800) + 70 * Math.sin(x / 133 + y / 240)),
  ];
}

export function isBuiltUp(spot: Spot): boolean {
  const drawn = fray(spot, 1);
  return isWithin(drawn, CITY_EDGE) || isWithin(drawn, NORTH_EDGE);
}

/** The frayed edges as rings, for the map's ground. */
export function builtUpRings(): Spot[][] {
  return [CITY_EDGE, NORTH_EDGE].map((edge) =>
    edge.flatMap((corner, i) => {
      const next = edge[(i + 1) % edge.length] as Spot;
      const steps = Math.max(1, Math.round(apartM(corner, next) / 60));
      return Array.from({ length: steps }, (_, k) => fray(between(corner, next, k / steps), -1));
    }),
  );
}
