import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL of its own, in a temporary folder, on a random loopback port; gone without trace when stopped. */
export interface Cluster {
  /** Address of one of its databases. */
  url(database: string): string;
  port: number;
  folder: string;
  /** SIGKILL to the server and everything it started, at one instant; resolves when all are gone. */
  crash(): Promise<void>;
  /** Starts it again after a crash, or after it gave up by itself; does nothing while it runs. */
  start(): void;
  /** As an administrator does: connections are ended, the server starts again. */
  restart(): void;
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

/** Below those that systems give to clients: one that is let go to be taken again must not be taken meanwhile. */
const PORTS = { from: 12_000, to: 32_000 };

/** A TCP port nobody listens on at this moment, and no client is given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/**
 * Makes and starts a cluster. `durable: false` (for tests) gives up fsync for speed; benches want true.
 * @param options.settings more of postgresql.conf, `name=value` without blanks
 * @throws Error when PostgreSQL with PostGIS is not installed, or it does not start
 */
export async function startCluster({
  durable = false,
  within = tmpdir(),
  settings: given = [],
}: {
  durable?: boolean;
  /** The folder it is made in. */
  within?: string;
  /** Further settings, such as `max_wal_size=64MB`. */
  settings?: readonly string[];
} = {}): Promise<Cluster> {
  const programs = postgresPrograms();
  if (!programs) throw new Error('PostgreSQL with PostGIS is not installed');
  const folder = mkdtempSync(join(within, 'epagal-pg-'));
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
  let isMade = false;
  const must = (program: string, args: string[]) => {
    const { status, stderr, stdout } = run(program, args);
    if (status !== 0) {
      if (!isMade) rmSync(folder, { recursive: true, force: true });
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
    ...given,
  ];
  const options = [`-p ${port}`, ...settings.map((setting) => `-c ${setting}`)].join(' ');
  const start = () => {
    must('pg_ctl', ['start', '-w', '-t', '300', '-D', data, '-l', join(folder, 'log'), '-o', options]);
  };
  start();
  isMade = true;
  let stopped = false;
  return {
    url: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    port,
    folder,
    async crash() {
      const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
      // Stopped first, so that it makes no more children meanwhile.
      process.kill(pid, 'SIGSTOP');
      const family = familyOf(pid);
      for (const one of family) process.kill(one, 'SIGKILL');
      while (family.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 10));
      // A new server takes a dead one that nobody has asked after yet for a living one.
      for (const lock of [join(data, 'postmaster.pid'), join(folder, `.s.PGSQL.${port}.lock`)]) {
        rmSync(lock, { force: true });
      }
    },
    start() {
      if (run('pg_ctl', ['status', '-D', data]).status !== 0) start();
    },
    restart() {
      must('pg_ctl', [
        'restart',
        '-w',
        '-t',
        '300',
        '-D',
        data,
        '-l',
        join(folder, 'log'),
        '-m',
        'fast',
        '-o',
        options,
      ]);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      run('pg_ctl', ['stop', '-D', data, '-m', durable ? 'fast' : 'immediate']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process and its children, itself first. */
function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}

/** A process that ended may still stand in the table until somebody asks for its end. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
