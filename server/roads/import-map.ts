import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '../../shared/errors.ts';
import { buildGraphs, writeGraphFile } from './graph-file.ts';
import type { OsmData } from './osm/model.ts';
import { readOsmPbf } from './osm/pbf-read.ts';
import { buildTileLayers, serializeTiles } from './tiles/index.ts';

/** Files of an imported map inside its folder. */
export const MAP_FILES = { graph: 'roads.graph', tiles: 'base.tiles' } as const;

/** west, south, east, north in degrees. */
export type Box = readonly [number, number, number, number];

export interface ImportOptions {
  box?: Box;
  onProgress?: (stage: string, share: number) => void;
}

export interface ImportSummary {
  nodes: number;
  ways: number;
  streets: number;
  graphBytes: number;
}

/**
 * Builds the router's graph and the base map from an extract into a folder.
 * @throws DomainError `invalid-input` with one line: no such file, damaged, box outside it, nothing to drive on
 */
export async function importMap(
  pbfFile: string,
  folder: string,
  { box, onProgress }: ImportOptions = {},
): Promise<ImportSummary> {
  const whole = readOsmPbf(readExtract(pbfFile), { onProgress: (share) => onProgress?.('reading', share) });
  const osm = box ? cut(whole, box) : whole;
  const graphs = buildGraphs(osm, (profile, stage, share) => onProgress?.(`${profile}: ${stage}`, share));
  const streets = graphs[0]!.streetStart.length - 1;
  if (streets === 0) {
    throw new DomainError(
      'invalid-input',
      box ? 'There is no street inside the box.' : 'The file holds no street.',
    );
  }
  onProgress?.('base map', 0);
  const tiles = serializeTiles(buildTileLayers(osm));
  mkdirSync(folder, { recursive: true });
  const tilesFile = join(folder, MAP_FILES.tiles);
  writeFileSync(`${tilesFile}.part`, tiles);
  renameSync(`${tilesFile}.part`, tilesFile);
  writeGraphFile(join(folder, MAP_FILES.graph), graphs);
  onProgress?.('base map', 1);
  return { nodes: osm.nodes.length, ways: osm.ways.length, streets, graphBytes: graphs.length };
}

function readExtract(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : (code ?? 'unknown error');
    throw new DomainError('invalid-input', `The map file ${path} cannot be read: ${why}.`);
  }
}

/** Keeps the ways with a node inside the box, whole, and what they need. */
function cut(osm: OsmData, [west, south, east, north]: Box): OsmData {
  const inside = new Set<number>();
  let fileWest = Infinity;
  let fileEast = -Infinity;
  let fileSouth = Infinity;
  let fileNorth = -Infinity;
  for (const { id, lon, lat } of osm.nodes) {
    if (lon >= west && lon <= east && lat >= south && lat <= north) inside.add(id);
    fileWest = Math.min(fileWest, lon);
    fileEast = Math.max(fileEast, lon);
    fileSouth = Math.min(fileSouth, lat);
    fileNorth = Math.max(fileNorth, lat);
  }
  if (west > fileEast || east < fileWest || south > fileNorth || north < fileSouth) {
    const extent = [fileWest, fileSouth, fileEast, fileNorth].map((value) => value.toFixed(4)).join(',');
    throw new DomainError('invalid-input', `The box lies outside the map file, which covers ${extent}.`);
  }
  if (inside.size === 0) throw new DomainError('invalid-input', 'There is nothing inside the box.');
  const ways = osm.ways.filter((way) => way.refs.some((ref) => inside.has(ref)));
  const needed = new Set(inside);
  for (const way of ways) for (const ref of way.refs) needed.add(ref);
  const kept = new Set(ways.map((way) => way.id));
  return {
    nodes: osm.nodes.filter((node) => needed.has(node.id)),
    ways,
    relations: osm.relations.filter((relation) =>
      relation.members.some((member) =>
        member.type === 'way' ? kept.has(member.ref) : member.type === 'node' && inside.has(member.ref),
      ),
    ),
  };
}
