import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Cluster {
  url: string;
  stop(): void;
}

/**
 * A PostgreSQL of its own in a temporary folder, with the defaults that matter for honesty: fsync on,
 * synchronous_commit on. As root it runs as the user `postgres`, because initdb refuses root.
 * @throws Error when PostgreSQL's programs are not installed
 */
export async function startCluster(): Promise<Cluster> {
  const bin = postgresBin();
  const folder = mkdtempSync(join(tmpdir(), 'epagal-bench-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
    );
    chownSync(folder, uid!, gid!);
    chmodSync(folder, 0o700);
  }
  const data = join(folder, 'data');
  const run = (program: string, args: string[]) => {
    const [file, rest] = isRoot
      ? ['runuser', ['-u', 'postgres', '--', join(bin, program), ...args]]
      : [join(bin, program), args];
    const result = spawnSync(file, rest, {
      encoding: 'utf8',
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (result.status !== 0) throw new Error(`${program} failed: ${result.stderr || result.error?.message}`);
  };
  const port = await freePort();
  const settings = [
    `-p ${port}`,
    `-c listen_addresses=127.0.0.1`,
    `-k ${folder}`,
    '-c fsync=on',
    '-c synchronous_commit=on',
    '-c shared_buffers=512MB',
    '-c max_wal_size=4GB',
  ];
  try {
    run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale']);
    run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', settings.join(' '), 'start']);
    run('createdb', ['-h', folder, '-p', String(port), '-U', 'postgres', 'bench']);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/bench`,
    stop() {
      run('pg_ctl', ['-D', data, '-m', 'fast', '-w', 'stop']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function postgresBin(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const bin = join(root, version, 'bin');
    if (Number(version) >= 15 && existsSync(join(bin, 'initdb'))) return bin;
  }
  throw new Error(
    'PostgreSQL 15 or newer is not installed (looked in /usr/lib/postgresql): apt-get install postgis postgresql',
  );
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
