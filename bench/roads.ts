/**
 * `npm run bench:roads [-- FILE.osm.pbf]`: how fast the embedded router imports, loads and answers, asked through its
 * worker thread as the server does. Without a file: the synthetic city. Last line: the numbers as JSON.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Engine } from '../server/roads/embedded/engine.ts';
import { buildGraphs, readGraphFile, writeGraphFile } from '../server/roads/graph-file.ts';
import { readOsmPbf } from '../server/roads/osm/pbf-read.ts';
import { createRoads } from '../server/roads/osrm-client.ts';
import type { LonLat } from '../server/roads/roads.ts';
import { workerTransport } from '../server/roads/transport.ts';

const SYNTHETIC = fileURLToPath(new URL('../server/roads/synthetic/latacunga.osm.pbf', import.meta.url));
const TABLE_POINTS = 200;
const ROUTES = 100;
const TRACES = 20;

interface RouteBody {
  routes?: { geometry: { coordinates: [number, number][] }; duration: number }[];
}

async function main(): Promise<void> {
  const file = process.argv[2] ?? SYNTHETIC;
  const folder = mkdtempSync(join(tmpdir(), 'bench-roads-'));
  const graphFile = join(folder, 'roads.graph');
  const random = seeded(7);

  let startedAt = performance.now();
  const graphs = buildGraphs(readOsmPbf(readFileSync(file)));
  writeGraphFile(graphFile, graphs);
  const importS = (performance.now() - startedAt) / 1000;
  const graph = graphs[0]!;
  console.log(`${file}: ${graph.laneStreet.length} lanes, ${graph.turnTarget.length} turns`);

  startedAt = performance.now();
  new Engine(readGraphFile(graphFile));
  const loadMs = performance.now() - startedAt;

  const point = (): LonLat => {
    const node = graph.streetNode[Math.floor(random() * graph.streetNode.length)]!;
    return [graph.nodeLon[node]! / 1e6, graph.nodeLat[node]! / 1e6];
  };
  const place = (): string => point().join(',');
  const ask = workerTransport(graphFile);
  const roads = createRoads(ask, { engine: 'embedded', now: () => performance.now() });
  await roads.nearest(point());
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();

  const tables: number[] = [];
  for (let i = 0; i < 7; i++) {
    const points = Array.from({ length: TABLE_POINTS }, point);
    tables.push(
      await timed(async () => {
        const table = await roads.table(points);
        if (table.degraded) throw new Error('the router did not answer');
      }),
    );
  }
  const routes: number[] = [];
  const lines: [number, number][][] = [];
  for (let i = 0; i < ROUTES; i++) {
    const path = `/route/v1/driving/${place()};${place()}?overview=full&geometries=geojson`;
    routes.push(
      await timed(async () => {
        const { status, body } = await ask(path);
        if (status !== 200) throw new Error(`${path} was answered ${status}`);
        const route = (body as RouteBody).routes?.[0];
        if (route && route.duration > 120 && lines.length < TRACES) lines.push(route.geometry.coordinates);
      }),
    );
  }
  const matches: number[] = [];
  for (const line of lines) {
    const trace = noisyTrace(line, random);
    const radiuses = trace.map(() => 15).join(';');
    const times = trace.map((_, i) => 1_700_000_000 + i * 5).join(';');
    const path = `/match/v1/driving/${trace.join(';')}?radiuses=${radiuses}&timestamps=${times}&overview=full`;
    matches.push(
      await timed(async () => {
        const { status } = await ask(path);
        if (status !== 200) throw new Error(`a trace was answered ${status}`);
      }),
    );
  }
  delay.disable();
  await roads.close();
  rmSync(folder, { recursive: true });
  console.log(
    JSON.stringify({
      importS: round(importS),
      loadMs: round(loadMs),
      table200Ms: round(median(tables)),
      routeP50Ms: round(median(routes)),
      matchP50Ms: round(median(matches)),
      loopDelayMaxMs: round(delay.max / 1e6),
    }),
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** A fix every 50 m or so along a line, 10 m off. */
function noisyTrace(line: readonly [number, number][], random: () => number): string[] {
  const trace: string[] = [];
  let since = 50;
  for (let i = 0; i + 1 < line.length && trace.length < 90; i++) {
    const [ax, ay] = line[i]!;
    const [bx, by] = line[i + 1]!;
    const piece = Math.hypot(bx - ax, by - ay) * 111_195;
    while (since <= piece && trace.length < 90) {
      const share = since / piece;
      const off = (): number => ((random() + random() - 1) * 14) / 111_195;
      trace.push(
        `${(ax + (bx - ax) * share + off()).toFixed(6)},${(ay + (by - ay) * share + off()).toFixed(6)}`,
      );
      since += 50;
    }
    since -= piece;
  }
  return trace;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const round = (value: number): number => Math.round(value * 100) / 100;

await main();
