import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import { environmentOf, healthCommand, ignoredBy, instructions, stages } from './dockerfile.ts';

const all = instructions(join(PROJECT_ROOT, 'docker/Dockerfile'));
const [build = [], runtime = []] = stages(all);
const last = (name: string) => runtime.findLast((one) => one.name === name)?.rest ?? '';
const of = (name: string) => all.filter((one) => one.name === name).map(({ rest }) => rest);
const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8');

describe('docker/Dockerfile', () => {
  it('builds in one stage and runs in another, on the same small image of one version', () => {
    expect(stages(all)).toHaveLength(2);
    const bases = of('FROM').map((rest) => rest.split(' ')[0]);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:\d+[\d.]*-bookworm-slim$/);
    expect(build[0]?.rest).toMatch(/ AS build$/);
  });

  it('runs as nobody special, from the exec form, behind an init', () => {
    expect(last('USER')).toBe('node');
    expect(JSON.parse(last('ENTRYPOINT'))).toEqual(['tini', '--']);
    expect(JSON.parse(last('CMD'))).toEqual(['node', '--enable-source-maps', 'dist/server/start.js']);
    // What comes after USER makes no file: it would need rights that the user has not.
    const after = runtime.slice(runtime.findIndex(({ name }) => name === 'USER') + 1);
    expect(after.map(({ name }) => name)).toEqual(['VOLUME', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD']);
  });

  it('asks the server itself whether it is healthy, without another program', () => {
    const [program, flag, script] = healthCommand(last('HEALTHCHECK'));
    expect([program, flag]).toEqual(['node', '-e']);
    expect(() => new Function(script ?? '')).not.toThrow();
    expect(script).toContain('/health');
    expect(of('RUN').join()).not.toMatch(/\b(curl|wget)\b/);
  });

  it('takes dependencies from the lock file, and leaves those of development behind', () => {
    expect(of('RUN')).toContain('npm ci');
    expect(of('RUN').some((command) => command.includes('npm prune --omit=dev'))).toBe(true);
    expect(of('RUN').join()).not.toMatch(/npm (install|i|update)\b/);
  });

  it('installs packages whole, without extras, and leaves no lists behind', () => {
    for (const command of of('RUN').filter((rest) => rest.includes('apt-get'))) {
      expect(command).toMatch(/^apt-get update && /);
      for (const [install] of command.matchAll(/apt-get install[^&]*/g))
        expect(install).toMatch(/--yes --no-install-recommends/);
      expect(command).toContain('rm -rf /var/lib/apt/lists/*');
      expect(command).not.toMatch(/\b(sudo|apt |upgrade|;)/);
    }
  });

  it('keeps to what reads one way: no ADD, no shell switched, absolute folders, no secret in ARG or ENV', () => {
    expect(all.filter(({ name }) => ['ADD', 'SHELL', 'MAINTAINER', 'ONBUILD'].includes(name))).toEqual([]);
    for (const folder of of('WORKDIR')) expect(folder).toMatch(/^\//);
    for (const text of [...of('ARG'), ...of('ENV')])
      expect(text).not.toMatch(/TOKEN|SECRET|PASSWORD|_KEY|URL/);
    expect(environmentOf(runtime)).toMatchObject({ NODE_ENV: 'production', DATA_DIR: '/data' });
  });

  it('brings the client of the database that compose and Render run: pg_dump refuses a newer server', () => {
    const client = /postgresql-client-(\d+)/.exec(of('RUN').join())?.[1];
    const [inCompose] = [...read('docker/compose.yml').matchAll(/postgis\/postgis:(\d+)/g)].map(([, n]) => n);
    const onRender = [...read('render.yaml').matchAll(/postgresMajorVersion: '(\d+)'/g)].map(([, n]) => n);
    expect([inCompose, ...onRender]).toEqual([client, client, client]);
  });

  it('copies in only what is there, and no secret', () => {
    const ignored = ignoredBy(read('.dockerignore'));
    for (const rest of of('COPY').filter((text) => !text.startsWith('--from'))) {
      for (const source of rest.split(' ').slice(0, -1)) {
        expect(existsSync(join(PROJECT_ROOT, source)), source).toBe(true);
        expect(ignored(source), source).toBe(false);
      }
    }
    for (const path of ['docker/secrets/db_password', '.env', '.env.local', '.git/config', '.data/demo'])
      expect(ignored(path), path).toBe(true);
    for (const path of ['node_modules/x/y.js', 'dist/server/start.js', 'a/b.log', 'x.log', 'tests/a.ts'])
      expect(ignored(path), path).toBe(true);
    for (const path of ['server/main.ts', 'client/index.html', 'server/log.ts', 'drizzle/0001_tables.sql'])
      expect(ignored(path), path).toBe(false);
  });
});
