/** `npm run build`: the client, the server and the base map, each only when what it is made of has changed. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST, PROJECT_ROOT } from '../ops/project.ts';

/**
 * Programs of dist/server by name. Workers and child processes lie beside the programs that start them, and shared
 * code in the same folder, so that `new URL('./planning-worker.js', import.meta.url)` holds in every bundle.
 */
const SERVER_ENTRIES: Readonly<Record<string, string>> = {
  start: 'server/cli/start.ts',
  migrate: 'server/cli/migrate.ts',
  'user-create': 'server/cli/user-create.ts',
  backup: 'server/cli/backup.ts',
  restore: 'server/cli/restore.ts',
  doctor: 'server/cli/doctor.ts',
  roads: 'server/cli/roads.ts',
  plan: 'server/cli/plan.ts',
  'map-import': 'server/cli/map-import.ts',
  fixtures: 'server/cli/fixtures.ts',
  'planning-worker': 'server/planning/worker.ts',
  'roads-worker': 'server/roads/embedded-worker.ts',
  'embedded-process': 'server/db/embedded-process.ts',
};
const SYNTHETIC_MAP = 'server/roads/synthetic/latacunga.osm.pbf';

interface Part {
  name: 'client' | 'server' | 'map';
  /** Files and folders whose content decides whether the part is up to date. */
  madeOf: readonly string[];
  /** A file that is there when the part is. */
  proof: string;
  make(): Promise<void>;
}

const PARTS: readonly Part[] = [
  {
    name: 'client',
    madeOf: ['client', 'shared', 'package-lock.json'],
    proof: join(DIST.client, 'index.html'),
    make: makeClient,
  },
  {
    name: 'server',
    madeOf: ['server', 'shared', 'package-lock.json'],
    proof: join(DIST.server, 'start.js'),
    make: makeServer,
  },
  {
    name: 'map',
    madeOf: ['server/roads'],
    proof: join(DIST.map, 'roads.graph'),
    make: makeMap,
  },
];

/** Builds one part when it is missing or out of date. */
async function buildPart(part: Part): Promise<void> {
  const startedAt = performance.now();
  const hash = contentHash(part);
  if (isCurrent(part, hash)) return;
  await rm(stampOf(part), { force: true });
  await part.make();
  await mkdir(DIST.stamps, { recursive: true });
  await writeFile(stampOf(part), hash);
  console.log(`built ${part.name} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

/**
 * Builds what is missing or out of date, each part in a process of its own: they share the cores, and the bundlers'
 * memory is gone when they end. Returns at once when everything is up to date.
 * @throws Error when a part fails; its output has been shown
 */
export async function ensureBuilt(
  names: readonly Part['name'][] = PARTS.map(({ name }) => name),
): Promise<void> {
  const stale = PARTS.filter(({ name }) => names.includes(name) && !isBuilt(name));
  const ended = await Promise.all(stale.map((part) => inOwnProcess(part)));
  const failed = stale.filter((_, index) => ended[index] !== 0);
  if (failed.length > 0) throw new Error(`the build of ${failed.map(({ name }) => name).join(', ')} failed`);
}

/** True when a part is there and made of what the sources are now. */
export function isBuilt(name: Part['name']): boolean {
  const part = PARTS.find((candidate) => candidate.name === name)!;
  return isCurrent(part, contentHash(part));
}

function inOwnProcess(part: Part): Promise<number | null> {
  const program = join(PROJECT_ROOT, 'server/cli/build.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, part.name], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

const stampOf = (part: Part) => join(DIST.stamps, part.name);

function isCurrent(part: Part, hash: string): boolean {
  return existsSync(part.proof) && existsSync(stampOf(part)) && readFileSync(stampOf(part), 'utf8') === hash;
}

/** Content, not dates: a checkout or a copied folder sets dates anew. */
function contentHash(part: Part): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of part.madeOf.flatMap((entry) => filesUnder(join(PROJECT_ROOT, entry)))) {
    hash.update(relative(PROJECT_ROOT, path)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !/\.test\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function makeClient(): Promise<void> {
  process.env.NODE_ENV = 'production';
  const { build: viteBuild } = await import('vite');
  await viteBuild({ configFile: join(PROJECT_ROOT, 'client/vite.config.ts'), logLevel: 'warn' });
}

async function makeServer(): Promise<void> {
  // An install without scripts leaves the driver as it came.
  execFileSync(process.execPath, [join(PROJECT_ROOT, 'server/db/mend-driver.mjs')], { stdio: 'inherit' });
  const { build: esbuild } = await import('esbuild');
  await rm(DIST.server, { recursive: true, force: true });
  await esbuild({
    absWorkingDir: PROJECT_ROOT,
    entryPoints: { ...SERVER_ENTRIES },
    outdir: DIST.server,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    logLevel: 'warning',
  });
}

/** Imported here once, so that no first start has to; the extract beside it is what a data folder imports from. */
async function makeMap(): Promise<void> {
  const { importMap } = await import('../roads/import-map.ts');
  await rm(DIST.map, { recursive: true, force: true });
  await mkdir(DIST.map, { recursive: true });
  await copyFile(join(PROJECT_ROOT, SYNTHETIC_MAP), join(DIST.map, basename(SYNTHETIC_MAP)));
  await importMap(join(PROJECT_ROOT, SYNTHETIC_MAP), DIST.map);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const only = PARTS.find(({ name }) => name === process.argv[2]);
  const work = only ? buildPart(only) : ensureBuilt().then(() => console.log('everything is built'));
  work.catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
