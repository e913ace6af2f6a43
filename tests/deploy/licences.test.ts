import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

/** Licences under which anybody may run, change and pass on what we ship. */
const FREE = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'OFL-1.1',
  'PostgreSQL',
  'Unlicense',
]);
/** What is none of these, each with why it may be here. */
const KNOWN: Readonly<Record<string, string>> = {
  'mapbox-gl':
    'Mapbox’s terms: a browser loads it only where MAPBOX_TOKEN is set; without one the map is MapLibre’s',
  sentry: 'FSL-1.1-Apache-2.0: a command-line tool that comes along with @sentry/node and is never run',
  'vaul-vue': 'names no licence in its package; its sources are MIT',
};

interface Package {
  license?: string;
}
const { packages } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Package>;
};
const all = Object.entries(packages).flatMap(([path, one]) =>
  path === '' ? [] : [{ name: path.replace(/^.*node_modules\//, ''), licence: one.license ?? 'none' }],
);
/** `A OR B` leaves the choice to us. */
const isFree = (licence: string) =>
  licence
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((one) => FREE.has(one));

describe('what we depend on', () => {
  it('is free, but for what is named here', () => {
    expect(all.length).toBeGreaterThan(200);
    const others = all.filter(({ licence }) => !isFree(licence));
    expect(others.filter(({ name }) => !(name in KNOWN))).toEqual([]);
    // An exception that is no longer needed goes.
    expect([...new Set(others.map(({ name }) => name))].toSorted()).toEqual(Object.keys(KNOWN).toSorted());
  });

  it('would be seen otherwise', () => {
    expect(['GPL-3.0-only', 'SEE LICENSE IN LICENSE.txt', 'none', 'UNLICENSED'].filter(isFree)).toEqual([]);
    expect(isFree('(MIT OR GPL-3.0-only)')).toBe(true);
  });
});
