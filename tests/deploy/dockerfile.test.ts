import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

/** Instructions of a Dockerfile, continuation lines joined, comments away. */
function instructions(path: string): { name: string; rest: string }[] {
  const text = readFileSync(path, 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
      return { name, rest };
    });
}

const all = instructions(join(PROJECT_ROOT, 'docker/Dockerfile'));
const lastFrom = all.map(({ name }) => name).lastIndexOf('FROM');
const runtime = all.slice(lastFrom);
const last = (name: string) => runtime.findLast((one) => one.name === name)?.rest;

describe('docker/Dockerfile', () => {
  it('builds and runs on the same small image', () => {
    const bases = all.filter(({ name }) => name === 'FROM').map(({ rest }) => rest.split(' ')[0]);
    expect(bases).toEqual(['node:20-bookworm-slim', 'node:20-bookworm-slim']);
  });

  it('runs as nobody special, from the exec form, behind an init', () => {
    expect(last('USER')).toBe('node');
    expect(JSON.parse(last('ENTRYPOINT') ?? '')).toEqual(['tini', '--']);
    expect(JSON.parse(last('CMD') ?? '')).toEqual(['node', '--enable-source-maps', 'dist/server/start.js']);
  });

  it('asks the server itself whether it is healthy, without another program', () => {
    const command = /CMD (\[.*\])$/.exec(last('HEALTHCHECK') ?? '')?.[1] ?? '';
    const [program, flag, script] = JSON.parse(command) as string[];
    expect([program, flag]).toEqual(['node', '-e']);
    expect(() => new Function(script ?? '')).not.toThrow();
    expect(script).toContain('/health');
  });

  it('takes dependencies from the lock file, and leaves those of development behind', () => {
    const commands = all.filter(({ name }) => name === 'RUN').map(({ rest }) => rest);
    expect(commands).toContain('npm ci');
    expect(commands.some((command) => command.includes('npm prune --omit=dev'))).toBe(true);
  });

  it('copies in only what is there, and no secret', () => {
    for (const { rest } of all.filter(
      ({ name, rest: text }) => name === 'COPY' && !text.startsWith('--from'),
    )) {
      for (const source of rest.split(' ').slice(0, -1))
        expect(existsSync(join(PROJECT_ROOT, source)), source).toBe(true);
    }
    const ignored = readFileSync(join(PROJECT_ROOT, '.dockerignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['docker/secrets', '.git', '.data', 'node_modules']));
  });
});
