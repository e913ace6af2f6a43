import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { findBrowser } from './browser.ts';

/** Something the checks need from the machine, beyond Node. */
interface Need {
  name: string;
  /** What is not checked without it. */
  without: string;
  isThere(): boolean;
  /** Debian packages that bring it; asked only once the package lists are fresh. */
  packages(): string[];
}

const NEEDS: readonly Need[] = [
  {
    name: 'PostgreSQL with PostGIS',
    without: 'database tests on a real server',
    isThere: () => postgisVersions().length > 0,
    packages: () => ['postgresql', 'postgresql-contrib', newestPostgis()].filter((name) => name !== ''),
  },
  {
    name: 'Redis',
    without: 'tests with several server instances',
    isThere: () => existsSync('/usr/bin/redis-server'),
    packages: () => ['redis-server'],
  },
  {
    name: 'Chromium',
    without: 'browser tests',
    isThere: () => findBrowser() !== null,
    packages: () => ['chromium', 'fonts-liberation'],
  },
];

export interface MachineReport {
  installed: string[];
  /** One line each: what is left out, and why. */
  leftOut: string[];
}

/**
 * Makes sure of PostGIS, Redis and Chromium: as root on Debian or Ubuntu what is missing is installed by apt,
 * elsewhere it is named. Never throws: what could not be had is in `leftOut`.
 */
export function prepareMachine(say: (line: string) => void): MachineReport {
  const missing = NEEDS.filter((need) => !need.isThere());
  if (missing.length === 0) return { installed: [], leftOut: [] };
  const names = missing.map((need) => need.name).join(', ');
  const obstacle = whyNoApt();
  if (obstacle) return { installed: [], leftOut: missing.map((need) => describe(need, obstacle)) };
  say(`installing ${names}`);
  apt(['update']);
  const leftOut: string[] = [];
  for (const need of missing) {
    const failure = apt(['install', '--yes', '--no-install-recommends', ...need.packages()]);
    if (!need.isThere())
      leftOut.push(describe(need, failure ?? 'its package brought no program that starts'));
  }
  return { installed: missing.filter((need) => need.isThere()).map((need) => need.name), leftOut };
}

function describe(need: Need, why: string): string {
  return `${need.name}: not here (${why}); left out: ${need.without}`;
}

function whyNoApt(): string | null {
  if (!existsSync('/usr/bin/apt-get')) return 'no apt on this machine; install it by hand';
  if (process.getuid?.() !== 0) return 'not root, so nothing is installed; install it by hand';
  return null;
}

/** Null when it worked, else the last line apt printed. */
function apt(args: string[]): string | null {
  const run = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 600_000,
  });
  if (run.status === 0) return null;
  return run.stderr.trim().split('\n').at(-1) || `apt-get ${args[0]} failed`;
}

/** Major versions of installed servers that have PostGIS, newest first. */
export function postgisVersions(): number[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((version) => existsSync(`${root}/${version}/bin/initdb`))
    .filter((version) => existsSync(`/usr/share/postgresql/${version}/extension/postgis.control`))
    .map(Number)
    .sort((a, b) => b - a);
}

function newestPostgis(): string {
  const found = spawnSync('apt-cache', ['search', '--names-only', '^postgresql-[0-9]+-postgis-3$'], {
    encoding: 'utf8',
  });
  const names = (found.stdout ?? '').match(/^postgresql-\d+-postgis-3/gm) ?? [];
  return names.sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]))[0] ?? '';
}
