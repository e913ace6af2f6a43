import type { OsmData, OsmNode, OsmRelation, OsmWay } from '../osm/model.ts';
import { LANDFILL } from './city-plan.ts';
import { connectNetwork } from './connect.ts';
import { drawCountryside } from './countryside.ts';
import { drawGrids } from './grids.ts';
import { joinStreets } from './join.ts';
import type { Chain, Network } from './join.ts';
import { SYNTHETIC_TAG } from './marker.ts';
import { indexPieces, lonLatOf, spotOf } from './plane.ts';
import type { Spot } from './plane.ts';
import { seededRandom } from './random.ts';
import { drawScenery } from './scenery.ts';
import type { Scenery, Tags } from './scenery.ts';
import { drawPlannedRoads, drawRivers } from './streets.ts';
import type { Street } from './streets.ts';
import { chooseTrafficRules } from './traffic-rules.ts';
import type { TurnRule } from './traffic-rules.ts';

/** Street corners and places the invented city is anchored on: `corners.json`. */
export interface Anchors {
  corners: readonly { lon: number; lat: number; place: string; corner: string }[];
  places: readonly { name: string; lon: number; lat: number }[];
}

/** The seed of the network the repository ships. */
export const LATACUNGA_SEED = 1534;

const FIRST_SCENERY_NODE = 1_000_000;
const FIRST_SCENERY_WAY = 1_000_000;

/**
 * An invented street network of Latacunga, Ecuador: real names at their real places, invented in between. Pure:
 * the same anchors and seed give the same data. It says of itself that it is synthetic (see marker.ts), so that
 * it is never shown as surveyed.
 */
export function syntheticLatacunga(anchors: Anchors, seed: number): OsmData {
  const random = seededRandom(seed);
  const waters = drawRivers(random);
  const planned = drawPlannedRoads(random);
  const majors = indexPieces(planned.map((street) => street.line));
  const grids = drawGrids(majors, waters, random);
  const lanes = drawCountryside(majors, waters, random);
  const yards = drawYards(anchors);
  const network = connectNetwork(joinStreets([...planned, ...grids.streets, ...lanes, ...yards], waters));
  const rules = chooseTrafficRules(network);
  return toOsm(network, rules, drawScenery(grids.blocks, majors, waters, random));
}

/** Driveways of the depot and of the landfill, through the very spots the operation uses. */
function drawYards(anchors: Anchors): Street[] {
  const depotPlace = anchors.places.find((place) => place.name.includes('Depot'));
  const depot = depotPlace ? spotOf(depotPlace.lon, depotPlace.lat) : spotOf(-78.613, -0.936);
  const yard = (name: string, line: Spot[], surface: string): Street => ({
    line,
    highway: 'service',
    name,
    tags: { surface, maxspeed: '20' },
    oneway: false,
    hasBridges: false,
  });
  const [x, y] = LANDFILL;
  return [
    yard(
      'Depósito EPAGAL',
      [
        [depot[0] - 15, depot[1] + 60],
        [depot[0] - 4, depot[1] + 16],
        depot,
        [depot[0] + 8, depot[1] - 30],
        [depot[0] + 28, depot[1] - 95],
      ],
      'asphalt',
    ),
    yard(
      'Botadero Inchapo',
      [
        [x, y],
        [x - 70, y + 40],
        [x - 120, y + 10],
        [x - 100, y - 60],
        [x - 30, y - 70],
        [x, y],
      ],
      'gravel',
    ),
  ];
}

function toOsm(
  network: Network,
  rules: { signals: Set<number>; turns: TurnRule[] },
  scenery: Scenery,
): OsmData {
  const nodes: OsmNode[] = [];
  const ways: OsmWay[] = [];
  const relations: OsmRelation[] = [];

  const used = [
    ...new Set(network.chains.flatMap(({ links }) => links.flatMap(({ from, to }) => [from, to]))),
  ];
  const idOf = new Map(used.sort((a, b) => a - b).map((spot, i) => [spot, i + 1]));
  for (const [spot, id] of idOf) {
    const [lon, lat] = lonLatOf(network.spots[spot] as Spot);
    nodes.push({
      id,
      lon,
      lat,
      ...(rules.signals.has(spot) ? { tags: { highway: 'traffic_signals' } } : {}),
    });
  }
  const turnSpots = new Set(rules.turns.map((turn) => turn.via));
  const wayEndingAt = new Map<string, number>();
  for (const piece of network.chains.flatMap((chain) => splitChain(chain, turnSpots))) {
    const id = ways.length + 1;
    ways.push({ id, refs: piece.spots.map((spot) => idOf.get(spot) as number), tags: piece.tags });
    for (const [end, inner] of [
      [piece.spots[0], piece.spots[1]],
      [piece.spots.at(-1), piece.spots.at(-2)],
    ]) {
      wayEndingAt.set(`${end}-${inner}`, id);
    }
  }
  for (const turn of rules.turns) {
    const from = wayEndingAt.get(`${turn.via}-${turn.from}`);
    const to = wayEndingAt.get(`${turn.via}-${turn.to}`);
    const via = idOf.get(turn.via);
    if (from === undefined || to === undefined || via === undefined) continue;
    relations.push({
      id: relations.length + 1,
      members: [
        { type: 'way', ref: from, role: 'from' },
        { type: 'node', ref: via, role: 'via' },
        { type: 'way', ref: to, role: 'to' },
      ],
      tags: { type: 'restriction', restriction: turn.kind },
    });
  }
  addScenery(scenery, nodes, ways);
  return { nodes, ways, relations };
}

/** Parts of a chain with the same tags, also cut where a turn is restricted: a rule joins ends of ways. */
function splitChain(chain: Chain, cutAt: ReadonlySet<number>): { spots: number[]; tags: Tags }[] {
  const { street } = chain;
  const parts: { spots: number[]; tags: Tags; kind: string }[] = [];
  for (const link of chain.links) {
    const kind = `${link.isBridge}-${link.oneway}`;
    const open = parts.at(-1);
    if (open && open.kind === kind && !cutAt.has(link.from)) {
      open.spots.push(link.to);
      continue;
    }
    const tags: Record<string, string> = { highway: street.highway };
    if (street.name) tags.name = street.name;
    Object.assign(tags, street.tags, { [SYNTHETIC_TAG]: 'yes' });
    if (link.oneway) tags.oneway = 'yes';
    if (link.isBridge) Object.assign(tags, { bridge: 'yes', layer: '1' });
    parts.push({ spots: [link.from, link.to], tags, kind });
  }
  return parts;
}

function addScenery(scenery: Scenery, nodes: OsmNode[], ways: OsmWay[]): void {
  let nodeId = FIRST_SCENERY_NODE;
  let wayId = FIRST_SCENERY_WAY;
  const place = (spot: Spot, tags?: Tags): number => {
    const [lon, lat] = lonLatOf(spot);
    nodes.push({ id: nodeId, lon, lat, ...(tags ? { tags } : {}) });
    return nodeId++;
  };
  for (const { spot, tags } of scenery.points) place(spot, { ...tags, [SYNTHETIC_TAG]: 'yes' });
  for (const { ring, tags } of scenery.areas) {
    const refs = ring.map((spot) => place(spot));
    const isGround = tags.landuse === 'residential';
    ways.push({
      id: wayId++,
      refs: [...refs, refs[0] as number],
      tags: isGround ? { ...tags, [SYNTHETIC_TAG]: 'yes' } : tags,
    });
  }
  for (const { line, tags } of scenery.lines) {
    ways.push({ id: wayId++, refs: line.map((spot) => place(spot)), tags });
  }
}
