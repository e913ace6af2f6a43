import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'epagal-osrm-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A PATH with nothing but these programs. */
function pathWith(name: string, programs: Record<string, string>): string {
  const bin = join(folder, name);
  mkdirSync(bin);
  for (const [program, target] of Object.entries(programs)) symlinkSync(target, join(bin, program));
  return bin;
}
const run = (args: string[], env: Record<string, string>): Promise<number> =>
  new Promise((resolve) => {
    spawn('/bin/sh', args, { env, stdio: 'ignore' }).once('close', (code) => resolve(code ?? -1));
  });

describe('docker/osrm-healthy.sh', () => {
  const script = join(PROJECT_ROOT, 'docker/osrm-healthy.sh');
  let router: Server;
  let status = 200;
  let asked: string[] = [];
  beforeAll(async () => {
    router = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status).end('{"code":"Ok"}');
    });
    await new Promise<void>((ready) => router.listen(0, '127.0.0.1', ready));
  });
  afterAll(() => new Promise((closed) => router.close(closed)));
  const port = () => String((router.address() as AddressInfo).port);

  for (const [name, programs] of [
    ['bash, as on Debian', { bash: '/bin/bash' }],
    ['wget, as on Alpine', { wget: '/usr/bin/wget' }],
  ] as const)
    it.skipIf(Object.values(programs).some((path) => !existsSync(path)))(`tells with ${name}`, async () => {
      const env = { PATH: pathWith(name, programs) };
      [status, asked] = [200, []];
      expect(await run([script, port()], env)).toBe(0);
      expect(asked).toEqual(['/nearest/v1/driving/-78.6155,-0.9352']);
      status = 400;
      expect(await run([script, port()], env)).not.toBe(0);
      expect(await run([script, '1'], env)).not.toBe(0);
    });
});

describe('docker/osrm-prepare.sh', () => {
  /** The script in folders of this test, its tools noting what they were asked. */
  const prepare = async (extract: string, exitCode = 0): Promise<{ code: number; did: string[] }> => {
    const [map, data, bin] = ['map', 'data', 'tools'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const name of [map, data, bin]) mkdirSync(name, { recursive: true });
    writeFileSync(join(map, 'extract.osm.pbf'), extract);
    for (const tool of ['osrm-extract', 'osrm-partition', 'osrm-customize']) {
      const made = tool === 'osrm-extract' ? `touch ${data}/extract.osrm` : 'true';
      writeFileSync(join(bin, tool), `#!/bin/sh\necho ${tool} >> ${folder}/did\n${made}\nexit ${exitCode}\n`);
      chmodSync(join(bin, tool), 0o755);
    }
    const text = readFileSync(join(PROJECT_ROOT, 'docker/osrm-prepare.sh'), 'utf8');
    writeFileSync(
      join(folder, 'prepare.sh'),
      text.replaceAll('/map/', `${map}/`).replaceAll('/data/', `${data}/`),
    );
    writeFileSync(join(folder, 'did'), '');
    const code = await run([join(folder, 'prepare.sh')], { PATH: `${bin}:${process.env.PATH}` });
    return { code, did: readFileSync(join(folder, 'did'), 'utf8').split('\n').filter(Boolean) };
  };
  const ALL = ['osrm-extract', 'osrm-partition', 'osrm-customize'];

  it('prepares an extract once, and anew when it has changed or was left half done', async () => {
    expect(await prepare('first')).toEqual({ code: 0, did: ALL });
    expect(await prepare('first')).toEqual({ code: 0, did: [] });
    expect((await prepare('second', 1)).code).toBe(1);
    expect(await prepare('second')).toEqual({ code: 0, did: ALL });
    expect(existsSync(join(folder, 'data/extract.osm.pbf'))).toBe(false);
  });
});
