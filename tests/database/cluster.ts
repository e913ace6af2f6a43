import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL of its own, in a temporary folder, on a random loopback port; gone without trace when stopped. */
export interface Cluster {
  /** Address of one of its databases. */
  url(database: string): string;
  port: number;
  folder: string;
  /** Synchronous, so that it also works while a process ends. */
  stop(): void;
}

const DEBIAN_ROOT = '/usr/lib/postgresql';

/** Folder of the newest PostgreSQL programs that have PostGIS beside them, null when there are none. */
export function postgresPrograms(): string | null {
  if (!existsSync(DEBIAN_ROOT)) return null;
  const version = readdirSync(DEBIAN_ROOT)
    .filter((name) => existsSync(join(DEBIAN_ROOT, name, 'bin/initdb')))
    .filter((name) => existsSync(`/usr/share/postgresql/${name}/extension/postgis.control`))
    .toSorted((a, b) => Number(b) - Number(a))[0];
  return version ? join(DEBIAN_ROOT, version, 'bin') : null;
}

/** A TCP port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * Makes and starts a cluster. `durable: false` (for tests) gives up fsync for speed; benches want true.
 * @throws Error when PostgreSQL with PostGIS is not installed, or it does not start
 */
export async function startCluster({ durable = false } = {}): Promise<Cluster> {
  const programs = postgresPrograms();
  if (!programs) throw new Error('PostgreSQL with PostGIS is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'epagal-pg-'));
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    // initdb refuses root.
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    chownSync(folder, id('-u'), id('-g'));
  }
  const run = (program: string, args: string[]) => {
    const command = [join(programs, program), ...args];
    const [file, ...rest] = asRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    return spawnSync(file ?? '', rest, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const must = (program: string, args: string[]) => {
    const { status, stderr, stdout } = run(program, args);
    if (status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`${program} failed: ${(stderr || stdout).trim().split('\n').at(-1) ?? ''}`);
    }
  };
  const data = join(folder, 'data');
  must('initdb', [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ]);
  const port = await freePort();
  const fast = durable
    ? []
    : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'shared_buffers=64MB'];
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'max_connections=200',
    'jit=off',
    ...fast,
  ];
  const options = [`-p ${port}`, ...settings.map((setting) => `-c ${setting}`)].join(' ');
  must('pg_ctl', ['start', '-w', '-D', data, '-l', join(folder, 'log'), '-o', options]);
  let stopped = false;
  return {
    url: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    port,
    folder,
    stop() {
      if (stopped) return;
      stopped = true;
      run('pg_ctl', ['stop', '-D', data, '-m', durable ? 'fast' : 'immediate']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
