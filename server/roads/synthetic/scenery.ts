import { LAGOON, LANDFILL, OPEN_GROUNDS, RAILWAY, RUNWAY } from './city-plan.ts';
import { builtUpRings, isBuiltUp } from './edge.ts';
import { CENTRE, DISTRICTS, VILLAGES } from './districts.ts';
import { isApart, onCentreAxes } from './grids.ts';
import type { Block } from './grids.ts';
import { apartM, between, isOnMap, isWithin, smooth } from './plane.ts';
import type { PieceIndex, Spot } from './plane.ts';
import type { Waters } from './streets.ts';

export type Tags = Readonly<Record<string, string>>;

/** Everything drawn that is not driven on. */
export interface Scenery {
  areas: { ring: Spot[]; tags: Tags }[];
  lines: { line: Spot[]; tags: Tags }[];
  points: { spot: Spot; tags: Tags }[];
}

const CENTRE_PARKS: readonly {
  name: string;
  a: readonly [number, number];
  b: readonly [number, number];
  tags: Tags;
}[] = [
  { name: 'Parque Vicente León', a: [-374, -288], b: [118, 222], tags: { leisure: 'park' } },
  { name: 'Parque Bolívar', a: [-468, -374], b: [310, 404], tags: { leisure: 'park' } },
  { name: 'Plaza San Francisco', a: [-101, 0], b: [310, 404], tags: { place: 'square' } },
  { name: 'Plaza de Santo Domingo', a: [-194, -101], b: [0, 118], tags: { place: 'square' } },
  { name: 'Parque La Filantropía', a: [-561, -468], b: [-196, -76], tags: { leisure: 'park' } },
  { name: 'Parque San Sebastián', a: [92, 284], b: [-196, -76], tags: { leisure: 'park' } },
  { name: 'Plaza El Salto', a: [-561, -468], b: [580, 668], tags: { landuse: 'retail' } },
  { name: 'Unidad Educativa Vicente León', a: [-288, -194], b: [222, 310], tags: { amenity: 'school' } },
  { name: 'Hospital Provincial', a: [-194, -101], b: [-288, -196], tags: { amenity: 'hospital' } },
  { name: 'Parque La Merced', a: [92, 228], b: [668, 762], tags: { leisure: 'park' } },
];

export function drawScenery(
  blocks: readonly Block[],
  majors: PieceIndex,
  waters: Waters,
  random: () => number,
): Scenery {
  const scenery: Scenery = { areas: [], lines: [], points: [] };
  drawGround(scenery, waters, random);
  drawWaters(scenery, waters);
  drawBlocks(scenery, blocks, majors, random);
  scenery.lines.push({
    line: smooth(RAILWAY, 60).filter(isOnMap),
    tags: { railway: 'rail', name: 'Ferrocarril' },
  });
  scenery.areas.push(
    ...OPEN_GROUNDS.map(({ name, ring, tags }) => ({ ring: [...ring], tags: { ...tags, name } })),
    { ring: [...LAGOON], tags: { natural: 'water', water: 'lake', name: 'Laguna de Ignacio Flores' } },
    { ring: [...RUNWAY], tags: { aeroway: 'runway' } },
    { ring: blob(LANDFILL, 210, random), tags: { landuse: 'landfill', name: 'Botadero Inchapo' } },
  );
  drawPlaces(scenery);
  return scenery;
}

/** An irregular closed patch. */
function blob(centre: Spot, radiusM: number, random: () => number): Spot[] {
  const [phase, lobes] = [random() * 6.28, 2 + Math.floor(random() * 3)];
  return Array.from({ length: 18 }, (_, i): Spot => {
    const angle = (i / 18) * 6.28;
    const reach = radiusM * (0.86 + 0.2 * Math.sin(lobes * angle + phase) + 0.1 * random());
    return [centre[0] + Math.cos(angle) * reach, centre[1] + Math.sin(angle) * reach];
  });
}

function drawGround(scenery: Scenery, waters: Waters, random: () => number): void {
  for (const ring of builtUpRings()) scenery.areas.push({ ring, tags: { landuse: 'residential' } });
  for (const village of VILLAGES) {
    scenery.areas.push({
      ring: blob(village.at, (village.radiusM ?? 300) * 1.02, random),
      tags: { landuse: 'residential', name: village.name },
    });
  }
  const industrial: readonly [string, Spot, number][] = [
    ['Parque Industrial', [-1760, -2250], 260],
    ['Zona industrial norte', [-1900, 3700], 300],
    ['Zona industrial sur', [-1500, -3900], 280],
  ];
  for (const [name, at, radiusM] of industrial) {
    scenery.areas.push({ ring: blob(at, radiusM, random), tags: { landuse: 'industrial', name } });
  }
  const covers: readonly [Tags, number, number][] = [
    [{ landuse: 'farmland' }, 150, 320],
    [{ natural: 'wood' }, 60, 260],
    [{ landuse: 'meadow' }, 60, 240],
    [{ natural: 'scrub' }, 40, 420],
  ];
  for (const [tags, count, radiusM] of covers) {
    for (let i = 0; i < count; i++) {
      const at: Spot = [-9200 + random() * 18_000, -9000 + random() * 16_900];
      const isInTown = isBuiltUp(at) || OPEN_GROUNDS.some(({ ring }) => isWithin(at, ring));
      const size = radiusM * (0.5 + random());
      const nearTown = Math.hypot(at[0], at[1]) < 3400;
      if (!isInTown && !nearTown && !waters.isWet(at, 60)) {
        const ring = blob(at, size, random);
        if (ring.every(isOnMap)) scenery.areas.push({ ring, tags });
      }
    }
  }
}

function drawWaters(scenery: Scenery, waters: Waters): void {
  for (const { name, halfWidthM, line } of waters.rivers) {
    const isWide = halfWidthM > 10;
    scenery.lines.push({ line, tags: { waterway: 'river', name } });
    if (!isWide) continue;
    const side = (sign: number): Spot[] =>
      line.map((spot, i) => {
        const [before, after] = [line[i - 1] ?? spot, line[i + 1] ?? spot];
        const span = apartM(before, after) || 1;
        const width = sign * halfWidthM * (1 + 0.16 * Math.sin(i / 3.1) + 0.1 * Math.sin(i / 1.7));
        return [
          spot[0] - ((after[1] - before[1]) / span) * width,
          spot[1] + ((after[0] - before[0]) / span) * width,
        ];
      });
    scenery.areas.push({
      ring: [...side(1), ...side(-1).reverse()],
      tags: { natural: 'water', water: 'river', name },
    });
  }
}

function drawBlocks(
  scenery: Scenery,
  blocks: readonly Block[],
  majors: PieceIndex,
  random: () => number,
): void {
  const taken: Spot[] = [];
  for (const { name, a, b, tags } of CENTRE_PARKS) {
    const inset = 8;
    const ring: Spot[] = [
      onCentreAxes(a[0] + inset, b[0] + inset),
      onCentreAxes(a[1] - inset, b[0] + inset),
      onCentreAxes(a[1] - inset, b[1] - inset),
      onCentreAxes(a[0] + inset, b[1] - inset),
    ];
    taken.push(middleOf(ring));
    scenery.areas.push({ ring, tags: { ...tags, name } });
  }
  const special: readonly [number, Tags][] = [
    [0.035, { leisure: 'park' }],
    [0.05, { leisure: 'pitch', sport: 'soccer' }],
    [0.062, { amenity: 'school' }],
  ];
  for (const { district, corners } of blocks) {
    const dice = random();
    if (taken.some((spot) => apartM(spot, middleOf(corners)) < 40)) continue;
    const kind = special.find(([share]) => dice < share)?.[1];
    if (district !== 'Centro' && kind) {
      const isNamed = kind.leisure === 'park' && random() < 0.5;
      const tags = isNamed ? { ...kind, name: `Parque ${district}` } : kind;
      scenery.areas.push({ ring: corners, tags });
    } else if (district === 'Centro' || dice > 0.86) {
      drawHouses(scenery, corners, majors, random);
    }
  }
}

/** Two rows of houses with a patio between them, as the blocks of the centre are built. */
function drawHouses(
  scenery: Scenery,
  corners: readonly Spot[],
  majors: PieceIndex,
  random: () => number,
): void {
  const [sw, se, ne, nw] = corners;
  if (!sw || !se || !ne || !nw) return;
  const at = (u: number, v: number): Spot => between(between(sw, se, u), between(nw, ne, u), v);
  for (const [low, high] of [
    [0.02, 0.4],
    [0.6, 0.98],
  ] as const) {
    let from = 0.02;
    while (from < 0.85) {
      const to = Math.min(0.98, from + 0.2 + 0.22 * random());
      const depth = (high - low) * (0.72 + 0.28 * random());
      const [bottom, top] = low < 0.5 ? [low, low + depth] : [high - depth, high];
      const ring = [at(from, bottom), at(to - 0.015, bottom), at(to - 0.015, top), at(from, top)];
      const isBuilt = random() > 0.08;
      if (isBuilt && isApart(ring, majors, 8)) scenery.areas.push({ ring, tags: { building: 'yes' } });
      from = to;
    }
  }
}

function middleOf(ring: readonly Spot[]): Spot {
  const sum = ring.reduce<Spot>((total, spot) => [total[0] + spot[0], total[1] + spot[1]], [0, 0]);
  return [sum[0] / ring.length, sum[1] / ring.length];
}

function drawPlaces(scenery: Scenery): void {
  const label = (spot: Spot, place: string, name: string): void => {
    scenery.points.push({ spot, tags: { place, name } });
  };
  label(onCentreAxes(-331, 170), 'city', 'Latacunga');
  label(onCentreAxes(CENTRE.west + 300, 440), 'suburb', 'Centro Histórico');
  for (const district of DISTRICTS) {
    label([district.at[0] + 130, district.at[1] + 40], 'suburb', district.name);
  }
  for (const village of VILLAGES) {
    const isParish = (village.radiusM ?? 0) > 300;
    label([village.at[0] + 40, village.at[1] + 30], isParish ? 'village' : 'locality', village.name);
  }
  const localities: readonly [Spot, string][] = [
    [[-5150, -1180], 'Inchapo'],
    [[2900, 2550], 'Yugsiloma'],
    [[3300, -2700], 'Santán'],
    [[-3900, -900], 'Chan'],
    [[4300, 5900], 'Colaya'],
    [[-8000, -900], 'Alpamálag'],
    [[6900, 700], 'Palo Quemado'],
    [[-4900, 7200], 'Cuicuno'],
  ];
  for (const [spot, name] of localities) label(spot, 'locality', name);
}
