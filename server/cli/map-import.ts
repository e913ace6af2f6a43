/** `npm run map:import -- FILE.osm.pbf [--bbox w,s,e,n]`: builds DATA_DIR/map, the router's graph and the base map. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DomainError } from '../../shared/errors.ts';
import { importMap, type Box } from '../roads/import-map.ts';

const USAGE = 'Usage: npm run map:import -- FILE.osm.pbf [--bbox west,south,east,north]';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { bbox: { type: 'string' } },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new DomainError('invalid-input', USAGE);
  const box = values.bbox === undefined ? undefined : parseBox(values.bbox);
  const folder = join(process.env.DATA_DIR ?? '.data', 'map');
  const startedAt = performance.now();
  const summary = await importMap(file, folder, { box, onProgress: progress() });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`map: ${summary.streets} streets of ${summary.ways} ways in ${folder}, ${seconds} s`);
}

function parseBox(text: string): Box {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const [west, south, east, north] = numbers as [number, number, number, number];
  const fits =
    numbers.length === 4 &&
    numbers.every(Number.isFinite) &&
    west < east &&
    south < north &&
    Math.abs(west) <= 180 &&
    Math.abs(east) <= 180 &&
    Math.abs(south) <= 90 &&
    Math.abs(north) <= 90;
  if (!fits)
    throw new DomainError('invalid-input', `--bbox must be west,south,east,north in degrees, not "${text}".`);
  return [west, south, east, north];
}

/** A line per stage, and on a terminal its percentage. */
function progress(): (stage: string, share: number) => void {
  let shown = '';
  return (stage, share) => {
    const percent = `${stage} ${Math.floor(share * 10) * 10} %`;
    if (percent === shown) return;
    shown = percent;
    console.log(percent);
  };
}

try {
  await main();
} catch (error) {
  const known = error instanceof DomainError || error instanceof TypeError;
  console.error(known ? error.message.split('\n')[0] : error);
  process.exit(1);
}
