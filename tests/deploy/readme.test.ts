import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const PAGES = ['README.md', 'CHANGELOG.md', 'docs/operations.md', 'docs/architecture.md'];
const scripts = (
  JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(join(PROJECT_ROOT, page), 'utf8');

  it('names only commands that are there', () => {
    const named = [...text.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name ?? '');
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('links only to what is there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link]) => link ?? '');
    for (const link of links) expect(existsSync(join(PROJECT_ROOT, dirname(page), link)), link).toBe(true);
  });
});

it('every command of package.json that runs a file has that file', () => {
  for (const [name, command] of Object.entries(scripts)) {
    for (const [, file] of command.matchAll(/--import tsx (\S+\.ts)/g)) {
      expect(existsSync(join(PROJECT_ROOT, file ?? '')), `${name}: ${file}`).toBe(true);
    }
  }
});
