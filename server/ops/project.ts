import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, wherever this code runs from: the sources or a bundle in dist/server. */
export const PROJECT_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

/** What `npm run build` makes. */
export const DIST = {
  client: join(PROJECT_ROOT, 'dist/client'),
  server: join(PROJECT_ROOT, 'dist/server'),
  map: join(PROJECT_ROOT, 'dist/map'),
  stamps: join(PROJECT_ROOT, 'dist/.stamps'),
} as const;

/** Version of this release, as package.json names it. */
export const VERSION = (
  JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string }
).version;

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json not found above the program');
  return findRoot(parent);
}
