import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '../../shared/errors.ts';
import { importMap, MAP_FILES } from './import-map.ts';
import { readGraphFile } from './graph-file.ts';
import { createTileCache, createTileSource, deserializeTiles, type TileCache } from './tiles/index.ts';

/** The streets a server runs on: a graph for the router, tiles for the screens. */
export interface OpenMap {
  graphFile: string;
  tile: TileCache;
  /** True when the streets are invented. */
  synthetic: boolean;
}

interface Log {
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
}

/**
 * Opens the imported map of a data folder. Where none was imported, or what is there is of another version, the one
 * shipped with the product in `shippedDir` serves: as the build imported it, else imported now from its `.osm.pbf`.
 * @throws DomainError `invalid-input` when there is neither
 */
export async function openMap(dataDir: string, shippedDir: string, log: Log): Promise<OpenMap> {
  const folder = join(dataDir, 'map');
  for (const place of [folder, shippedDir]) {
    if (!Object.values(MAP_FILES).every((name) => existsSync(join(place, name)))) continue;
    try {
      return openFolder(place);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      log.warn({ reason: error.message }, 'the imported map cannot be used; taking the shipped one');
    }
  }
  const shipped = existsSync(shippedDir)
    ? readdirSync(shippedDir).find((name) => name.endsWith('.osm.pbf'))
    : undefined;
  if (shipped === undefined) {
    throw new DomainError('invalid-input', 'There is no map: run npm run map:import -- FILE.osm.pbf.');
  }
  const startedAt = performance.now();
  await importMap(join(shippedDir, shipped), folder);
  log.info({ map: shipped, seconds: (performance.now() - startedAt) / 1000 }, 'map imported');
  return openFolder(folder);
}

function openFolder(folder: string): OpenMap {
  const graphFile = join(folder, MAP_FILES.graph);
  readGraphFile(graphFile);
  const layers = deserializeTiles(readFileSync(join(folder, MAP_FILES.tiles)));
  return { graphFile, tile: createTileCache(createTileSource(layers)), synthetic: layers.synthetic };
}
