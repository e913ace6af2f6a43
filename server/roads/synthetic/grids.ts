import { OPEN_GROUNDS } from './city-plan.ts';
import { isBuiltUp } from './edge.ts';
import { CENTRE, DISTRICTS, VILLAGES } from './districts.ts';
import type { District } from './districts.ts';
import { apartM, between, isWithin, lengthM } from './plane.ts';
import type { PieceIndex, Spot } from './plane.ts';
import { runsBeside } from './streets.ts';
import type { Street, Waters } from './streets.ts';

/** A city block: its four corners, inside the kerb. */
export interface Block {
  district: string;
  corners: Spot[];
}

export interface Grids {
  streets: Street[];
  blocks: Block[];
}

const STEP_M = 12;
const DEG = Math.PI / 180;
/** Streets run a little past the street they end at; the rest is trimmed when they are joined. */
const OVERSHOOT_M = 4;

interface Axes {
  at: Spot;
  east: Spot;
  north: Spot;
}

/** Streets of the centre, the city's districts and the villages, with the blocks between them. */
export function drawGrids(majors: PieceIndex, waters: Waters, random: () => number): Grids {
  const grids: Grids = { streets: [], blocks: [] };
  const isFree = (spot: Spot): boolean =>
    !waters.isWet(spot, 26) && !OPEN_GROUNDS.some(({ ring }) => isWithin(spot, ring));

  drawCentre(grids, majors, isFree);
  for (const district of DISTRICTS) {
    const isHome = (spot: Spot): boolean =>
      nearestDistrict(spot) === district && isBuiltUp(spot) && !isInCentre(spot) && isFree(spot);
    drawDistrict(district, 1500, isHome, grids, majors, random);
  }
  for (const village of VILLAGES) {
    const radiusM = village.radiusM ?? 300;
    const lobe = random() * 6;
    const isHome = (spot: Spot): boolean => {
      const angle = Math.atan2(spot[1] - village.at[1], spot[0] - village.at[0]);
      return apartM(spot, village.at) < radiusM * (0.85 + 0.25 * Math.sin(2 * angle + lobe)) && isFree(spot);
    };
    drawDistrict(village, radiusM * 1.3, isHome, grids, majors, random);
  }
  return grids;
}

function nearestDistrict(spot: Spot): District | undefined {
  let best: District | undefined;
  let bestM = Infinity;
  for (const district of DISTRICTS) {
    const distanceM = apartM(spot, district.at);
    if (distanceM < bestM) {
      best = district;
      bestM = distanceM;
    }
  }
  return best;
}

const centreAxes: Axes = {
  at: [0, 0],
  east: [Math.cos(CENTRE.eastAxisDeg * DEG), Math.sin(CENTRE.eastAxisDeg * DEG)],
  north: [-Math.sin(CENTRE.northAxisDeg * DEG), Math.cos(CENTRE.northAxisDeg * DEG)],
};

/** The spot at `a` metres along the east axis and `b` along the north one. */
function onAxes({ at, east, north }: Axes, a: number, b: number): Spot {
  return [at[0] + east[0] * a + north[0] * b, at[1] + east[1] * a + north[1] * b];
}

export function onCentreAxes(a: number, b: number): Spot {
  return bend(onAxes(centreAxes, a, b), 4);
}

function isInCentre([x, y]: Spot): boolean {
  const { east, north } = centreAxes;
  const determinant = east[0] * north[1] - east[1] * north[0];
  const a = (x * north[1] - y * north[0]) / determinant;
  const b = (y * east[0] - x * east[1]) / determinant;
  return a > CENTRE.west - 30 && a < CENTRE.east + 30 && b > CENTRE.south - 30 && b < CENTRE.north + 30;
}

/** No street is quite straight: a slow, fixed waviness of the ground, a few metres deep. */
function bend([x, y]: Spot, depthM: number): Spot {
  return [
    x + depthM * (Math.sin(y / 173 + x / 410) + 0.6 * Math.sin(y / 71 - x / 190)),
    y + depthM * (Math.sin(x / 191 - y / 370) + 0.6 * Math.sin(x / 83 + y / 230)),
  ];
}

function drawCentre(grids: Grids, majors: PieceIndex, isFree: (spot: Spot) => boolean): void {
  const draw = (
    name: string,
    oneway: number,
    fromTo: number,
    spotAt: (along: number) => Spot,
    from: number,
  ): void => {
    const line: Spot[] = [];
    for (let along = from; along <= fromTo; along += STEP_M) line.push(spotAt(along));
    const isAvenue = name.startsWith('Av.');
    for (const run of freeRuns(line, majors, isFree)) {
      grids.streets.push({
        line: oneway < 0 ? run.reverse() : run,
        highway: isAvenue ? 'secondary' : 'residential',
        name,
        tags: { surface: isAvenue ? 'asphalt' : 'paving_stones', maxspeed: isAvenue ? '50' : '40' },
        oneway: oneway !== 0,
        hasBridges: false,
      });
    }
  };
  for (const street of CENTRE.northSouth) {
    draw(street.name, street.oneway, CENTRE.north, (b) => onCentreAxes(street.at, b), CENTRE.south);
  }
  for (const street of CENTRE.eastWest) {
    draw(street.name, street.oneway, CENTRE.east, (a) => onCentreAxes(a, street.at), CENTRE.west);
  }
  for (let i = 0; i + 1 < CENTRE.northSouth.length; i++) {
    for (let j = 0; j + 1 < CENTRE.eastWest.length; j++) {
      const corners = blockBetween(
        onCentreAxes,
        [CENTRE.northSouth[i]?.at ?? 0, CENTRE.northSouth[i + 1]?.at ?? 0],
        [CENTRE.eastWest[j]?.at ?? 0, CENTRE.eastWest[j + 1]?.at ?? 0],
      );
      if (corners.every(isFree)) grids.blocks.push({ district: 'Centro', corners });
    }
  }
}

function drawDistrict(
  district: District,
  reachM: number,
  isHome: (spot: Spot) => boolean,
  grids: Grids,
  majors: PieceIndex,
  random: () => number,
): void {
  const turn = district.rotationDeg * DEG;
  const axes: Axes = {
    at: district.at,
    east: [Math.cos(turn), Math.sin(turn)],
    north: [-Math.sin(turn), Math.cos(turn)],
  };
  const spotAt = (a: number, b: number): Spot => {
    const spot = onAxes(axes, a, b);
    const nearAnchor = Math.min(1, apartM(spot, district.at) / 400);
    return bend(spot, 5 + 9 * nearAnchor);
  };
  const columns = places(reachM, district.blockM[0], random);
  const rows = places(reachM, district.blockM[1], random);

  const draw = (
    index: number,
    names: readonly string[],
    ends: readonly number[],
    at: (along: number) => Spot,
  ): void => {
    const isCollector = index % 4 === 0;
    const name = nameOf(index, names);
    const isOneway = !isCollector && random() < 0.22;
    const surface = isCollector || random() < 0.45 ? 'asphalt' : random() < 0.7 ? 'paving_stones' : 'unpaved';
    for (const [from, to] of stretches(ends, isCollector ? 0 : 0.11, random)) {
      const line: Spot[] = [];
      for (let along = from - OVERSHOOT_M; along < to + OVERSHOOT_M; along += STEP_M) line.push(at(along));
      line.push(at(to + OVERSHOOT_M));
      for (const run of freeRuns(line, majors, isHome)) {
        grids.streets.push({
          line: isOneway && index % 2 === 0 ? run.reverse() : run,
          highway:
            isCollector && district.radiusM === undefined && index % 8 === 0 ? 'tertiary' : 'residential',
          ...(name ? { name } : {}),
          tags: { surface },
          oneway: isOneway,
          hasBridges: false,
        });
      }
    }
  };
  columns.forEach((a, i) => draw(i - centreOf(columns), district.northSouth, rows, (b) => spotAt(a, b)));
  rows.forEach((b, i) => draw(i - centreOf(rows), district.eastWest, columns, (a) => spotAt(a, b)));

  for (let i = 0; i + 1 < columns.length; i++) {
    for (let j = 0; j + 1 < rows.length; j++) {
      const corners = blockBetween(
        spotAt,
        [columns[i] ?? 0, columns[i + 1] ?? 0],
        [rows[j] ?? 0, rows[j + 1] ?? 0],
      );
      const isClear = corners.every(isHome) && isApart(corners, majors, 9);
      if (isClear) grids.blocks.push({ district: district.name, corners });
    }
  }
}

/** Where parallel streets lie: 0 in the middle of the list, about a block apart, not quite evenly. */
function places(reachM: number, blockM: number, random: () => number): number[] {
  const halfCount = Math.ceil(reachM / blockM);
  const side = (): number[] => {
    let at = 0;
    return Array.from({ length: halfCount }, () => (at += blockM * (0.84 + 0.32 * random())));
  };
  const [before, after] = [side(), side()];
  return [...before.map((at) => -at).reverse(), 0, ...after];
}

function centreOf(list: readonly number[]): number {
  return (list.length - 1) / 2;
}

/** Names go outward from the middle: 0, +1, -1, +2, -2…; past the last, streets are numbered or nameless. */
function nameOf(index: number, names: readonly string[]): string | undefined {
  const rank = index > 0 ? 2 * index - 1 : -2 * index;
  const known = names[rank];
  if (known !== undefined) return known;
  return index > 0 && rank < names.length + 12 ? `Calle ${rank + 1}` : undefined;
}

/** The street between its crossings, with a block left out now and then. */
function stretches(ends: readonly number[], omitShare: number, random: () => number): [number, number][] {
  const kept: [number, number][] = [];
  let open: [number, number] | null = null;
  for (let i = 0; i + 1 < ends.length; i++) {
    const [from, to] = [ends[i] ?? 0, ends[i + 1] ?? 0];
    if (random() < omitShare) {
      if (open) kept.push(open);
      open = null;
    } else {
      open = open ? [open[0], to] : [from, to];
    }
  }
  if (open) kept.push(open);
  return kept;
}

/** Parts of a line that stay on free ground and do not run beside a major road. */
function freeRuns(line: readonly Spot[], majors: PieceIndex, isFree: (spot: Spot) => boolean): Spot[][] {
  const runs: Spot[][] = [];
  let run: Spot[] = [];
  line.forEach((spot, i) => {
    const ahead = line[i + 1] ?? line[i - 1] ?? spot;
    const span = apartM(spot, ahead) || 1;
    const direction: Spot = [(ahead[0] - spot[0]) / span, (ahead[1] - spot[1]) / span];
    if (isFree(spot) && !runsBeside(spot, direction, majors)) {
      run.push(spot);
    } else {
      runs.push(run);
      run = [];
    }
  });
  runs.push(run);
  return runs.filter((points) => lengthM(points) > 45);
}

/** Whether a four-sided ground keeps away from the major roads, also between its corners. */
export function isApart(corners: readonly Spot[], majors: PieceIndex, marginM: number): boolean {
  const [sw, se, ne, nw] = corners;
  if (!sw || !se || !ne || !nw) return false;
  const middle = between(sw, ne, 0.5);
  const sides = [between(sw, se, 0.5), between(se, ne, 0.5), between(ne, nw, 0.5), between(nw, sw, 0.5)];
  return [...corners, ...sides, middle].every((spot) => !majors.nearest(spot, marginM));
}

const KERB_M = 7;

function blockBetween(
  spotAt: (a: number, b: number) => Spot,
  [west, east]: [number, number],
  [south, north]: [number, number],
): Spot[] {
  return [
    spotAt(west + KERB_M, south + KERB_M),
    spotAt(east - KERB_M, south + KERB_M),
    spotAt(east - KERB_M, north - KERB_M),
    spotAt(west + KERB_M, north - KERB_M),
  ];
}
