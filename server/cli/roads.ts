/** `npm run roads -- FILE.osm.pbf --port P [--max-table-size N]`: the embedded router alone, in OSRM's place. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DomainError } from '../../shared/errors.ts';
import { Engine, OSRM_LIMITS } from '../roads/embedded/engine.ts';
import { buildGraphs } from '../roads/graph-file.ts';
import { createRoadsServer } from '../roads/http-server.ts';
import { readOsmPbf } from '../roads/osm/pbf-read.ts';

const USAGE = 'Usage: npm run roads -- FILE.osm.pbf [--port 5000] [--host 127.0.0.1] [--max-table-size 100]';

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '5000' },
      host: { type: 'string', default: '127.0.0.1' },
      'max-table-size': { type: 'string', default: String(OSRM_LIMITS.tablePoints) },
    },
  });
  const [file] = positionals;
  const port = whole(values.port, 0, 65_535);
  const tablePoints = whole(values['max-table-size'], 1, 100_000);
  if (file === undefined || positionals.length > 1 || port === null || tablePoints === null)
    return fail(USAGE);

  const startedAt = performance.now();
  const graphs = buildGraphs(readOsmPbf(read(file)));
  if (graphs[0]!.streetStart.length <= 1) return fail(`${file} holds no street.`);
  const server = createRoadsServer(new Engine(graphs, { ...OSRM_LIMITS, tablePoints }));
  server.on('error', (error) => fail(`The router cannot listen on port ${port}: ${error.message}`));
  server.listen(port, values.host, () => {
    const address = server.address();
    const bound = typeof address === 'object' && address ? address.port : port;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(
      `roads: http://${values.host}:${bound} (${graphs[0]!.laneStreet.length} lanes, ready in ${seconds} s)`,
    );
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close(() => process.exit(0));
      server.closeAllConnections();
    });
  }
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    throw new DomainError('not-found', `The map file ${file} cannot be read.`);
  }
}

function whole(text: string, least: number, most: number): number | null {
  const value = Number(text);
  return Number.isInteger(value) && value >= least && value <= most ? value : null;
}

function fail(line: string): void {
  console.error(line);
  process.exit(1);
}

try {
  main();
} catch (error) {
  fail(
    error instanceof DomainError || error instanceof TypeError
      ? error.message.split('\n')[0]!
      : String(error),
  );
}
