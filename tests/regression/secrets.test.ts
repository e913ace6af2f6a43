import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The repository of the system before this one held its database's password and its signing key. */
const root = fileURLToPath(new URL('../..', import.meta.url));

const PATTERNS: readonly [name: string, pattern: RegExp][] = [
  ['private key', /-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----/],
  // A password in a URL to a host that could exist; examples name hosts that cannot.
  [
    'database password',
    /\bpostgres(?:ql)?:\/\/[^\s:/@'"`$<>{}]+:[^\s@'"`$<>{}]{3,}@(?:[\w-]+\.)+(?!example\b)[a-z]{2,}\b/,
  ],
  ['AWS key', /\bAKIA(?![0-9A-Z]*EXAMPLE)[0-9A-Z]{16}\b/],
  ['Mapbox secret token', /\bsk\.eyJ[\w-]{20,}/],
  ['Mapbox public token', /\bpk\.eyJ[\w-]{20,}\.[\w-]{10,}/],
  ['signed token', /\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}/],
  ['GitHub token', /\bgh[pousr]_[A-Za-z0-9]{30,}/],
  ['device or session token', /\b(?:dev|ses|api)_[\w-]{43}\b/],
];

function findIn(text: string): string[] {
  return PATTERNS.filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
}

describe('secrets in the repository', () => {
  it('would be found', () => {
    const key = ['-----BEGIN', 'PRIVATE KEY-----'].join(' ');
    const url = ['postgres://owner', 'npg_8fJ2kLmQ@ep-cool.neon.tech/main'].join(':');
    expect([...findIn(key), ...findIn(url), ...findIn(`dev_${'a'.repeat(43)}`)]).toEqual([
      'private key',
      'database password',
      'device or session token',
    ]);
  });

  it('are in no file, nor is an environment file', () => {
    const list = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1e8 });
    const files = list.split('\0').filter(Boolean);
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => /(^|\/)\.env(\.|$)/.test(file) && !file.endsWith('.example'))).toEqual([]);
    const found = files
      .filter((file) =>
        /\.(ts|vue|js|cjs|mjs|json|ya?ml|md|sql|sh|conf|toml|html|css)$|Dockerfile$/.test(file),
      )
      .filter((file) => file !== 'package-lock.json')
      .flatMap((file) => {
        try {
          return findIn(readFileSync(`${root}/${file}`, 'utf8')).map((name) => `${file}: ${name}`);
        } catch {
          // In the list, and deleted in the working tree.
          return [];
        }
      });
    expect(found).toEqual([]);
  });
});
