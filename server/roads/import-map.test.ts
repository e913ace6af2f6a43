import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DomainError } from '../../shared/errors.ts';
import { asciiMap } from './embedded/ascii-map-for-tests.ts';
import { readGraphFile } from './graph-file.ts';
import { importMap, MAP_FILES } from './import-map.ts';
import { writeOsmPbf } from './osm/pbf-write.ts';
import { createRoads, httpTransport, workerTransport } from './osrm-client.ts';
import { createRoadsServer } from './http-server.ts';
import { Engine } from './embedded/engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'import-map-'));
afterAll(() => rmSync(folder, { recursive: true }));
const city = asciiMap('a---b---c\n|       |\nd---e---f\n', [{ nodes: 'abc' }, { nodes: 'adefc' }]);
const file = join(folder, 'city.osm.pbf');
writeFileSync(file, writeOsmPbf({ ...city.osm } as Parameters<typeof writeOsmPbf>[0]));

const refusal = async (...args: Parameters<typeof importMap>): Promise<string> => {
  try {
    await importMap(...args);
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return (error as Error).message;
  }
  throw new Error('the import was not refused');
};

describe('importing a map', () => {
  it('builds graph and tiles with progress, and the worker answers from them', async () => {
    const target = join(folder, 'map');
    const stages: string[] = [];
    const summary = await importMap(file, target, { onProgress: (stage) => stages.push(stage) });
    expect(summary).toMatchObject({ ways: 2, nodes: 6 });
    expect(stages).toEqual(
      expect.arrayContaining(['reading', 'driving: hierarchy', 'truck: hierarchy', 'base map']),
    );
    const ask = workerTransport(join(target, MAP_FILES.graph));
    const roads = createRoads(ask, { engine: 'embedded', now: () => 0, timeoutMs: 60_000 });
    const direct = await roads.route([city.at('a'), city.at('b')]);
    expect(direct).toMatchObject({ degraded: false });
    const [x, y] = city.at('a');
    const closed = 0.0001;
    await roads.setClosures([
      {
        kind: 'polygon',
        ring: [
          [x + 2 * closed, y - closed],
          [x + 3 * closed, y - closed],
          [x + 3 * closed, y + closed],
          [x + 2 * closed, y + closed],
        ],
      },
    ]);
    expect((await roads.route([city.at('a'), city.at('b')])).distanceM).toBeGreaterThan(direct.distanceM * 2);
    await roads.close();
  }, 60_000);

  it('refuses in one line what it cannot import', async () => {
    const target = join(folder, 'bad');
    expect(await refusal(join(folder, 'none.osm.pbf'), target)).toMatch(/there is no such file/);
    const whole = readFileSync(file);
    writeFileSync(join(folder, 'cut.osm.pbf'), whole.subarray(0, whole.length - 20));
    expect(await refusal(join(folder, 'cut.osm.pbf'), target)).toMatch(/ends in the middle of a block/);
    writeFileSync(join(folder, 'text.osm.pbf'), 'hello, this is no map at all');
    expect(await refusal(join(folder, 'text.osm.pbf'), target)).toMatch(/not an OSM PBF file/);
    expect(await refusal(file, target, { box: [10, 10, 11, 11] })).toMatch(/outside the map file/);
    expect(await refusal(file, target, { box: [0.0005, 0.9995, 0.0006, 0.9996] })).toMatch(
      /nothing inside the box/,
    );
    const bare = join(folder, 'bare.osm.pbf');
    writeFileSync(bare, writeOsmPbf({ nodes: [{ id: 1, lon: 0, lat: 0 }], ways: [], relations: [] }));
    expect(await refusal(bare, target)).toMatch(/holds no street/);
  });

  it('tells a damaged graph file from a good one', () => {
    const path = join(folder, 'odd.graph');
    writeFileSync(path, 'nonsense');
    expect(() => readGraphFile(path)).toThrow(DomainError);
    expect(() => readGraphFile(join(folder, 'missing.graph'))).toThrow(/cannot be used/);
  });
});

describe('the router over HTTP', () => {
  it('answers as in process, errors with their status, and the client cannot tell', async () => {
    const engine = new Engine(readGraphFile(join(folder, 'map', MAP_FILES.graph)));
    const server = createRoadsServer(engine);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address() as { port: number };
    const base = `http://127.0.0.1:${address.port}`;
    const path = `/route/v1/driving/${city.at('a').join(',')};${city.at('f').join(',')}?steps=true`;
    const transport = httpTransport(base);
    expect(await transport(path)).toEqual(engine.answer(path));
    expect(await transport('/')).toMatchObject({ status: 400, body: { code: 'InvalidUrl' } });
    const roads = createRoads(transport, { engine: 'osrm', now: () => 0 });
    expect((await roads.table([city.at('a'), city.at('f')])).degraded).toBe(false);
    await roads.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a router whose graph is gone', () => {
  it('is reported, not waited for, and answers once the graph is there', async () => {
    const path = join(folder, 'later', MAP_FILES.graph);
    const ask = workerTransport(path);
    const roads = createRoads(ask, { engine: 'embedded', now: () => 0, timeoutMs: 60_000 });
    expect((await roads.route([city.at('a'), city.at('b')])).degraded).toBe(true);
    expect(roads.state()).toMatchObject({
      status: 'degraded',
      note: expect.stringMatching(/cannot be used/),
    });
    await importMap(file, join(folder, 'later'));
    expect((await roads.route([city.at('a'), city.at('b')])).degraded).toBe(false);
    expect(roads.state().status).toBe('ok');
    await roads.close();
  }, 60_000);
});
