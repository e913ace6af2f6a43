import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, postgresPrograms, startCluster, type Cluster } from '../database/cluster.ts';
import { buildImage, type BuiltImage } from './image-steps.ts';

/** Somebody who owns nothing here, as `USER node` owns nothing of the image. */
const NOBODY = 65_534;

describe('what docker/Dockerfile builds', () => {
  let folder: string;
  let image: BuiltImage;
  let cluster: Cluster | null = null;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'epagal-image-'));
    chmodSync(folder, 0o755);
    image = buildImage(folder, (line) => console.log(line));
    if (postgresPrograms()) cluster = await startCluster();
    for (const name of ['data', 'backups', 'tmp']) {
      mkdirSync(join(folder, name));
      if (asRoot) chownSync(join(folder, name), NOBODY, NOBODY);
    }
    env = {
      PATH: process.env.PATH!,
      HOME: '/nonexistent',
      TMPDIR: join(folder, 'tmp'),
      ...image.env,
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
      DATA_DIR: join(folder, 'data'),
      GIT_COMMIT: 'c'.repeat(40),
      PUBLIC_URL: 'https://epagal.example',
      ...(cluster ? { DATABASE_URL: cluster.url('postgres') } : { EMBEDDED: '1' }),
    };
  }, 900_000);
  afterAll(() => {
    cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 600_000);

  const asRoot = process.getuid?.() === 0;
  const start = ([file, ...args]: string[]): ChildProcess =>
    spawn(file!, args, {
      cwd: image.app,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(asRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    });
  const ended = (child: ChildProcess): Promise<{ code: number | null; output: string }> => {
    let output = '';
    child.stdout!.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr!.on('data', (text: Buffer) => (output += text.toString()));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
  };

  it('left out only the step that installs packages of the system', () => {
    expect(image.leftOut).toHaveLength(1);
    expect(image.leftOut[0]).toContain('postgresql-client-16');
  });

  it('holds no source, no development package, no secret', () => {
    expect(readdirSync(image.app).toSorted()).toEqual(['dist', 'drizzle', 'node_modules', 'package.json']);
    for (const name of ['vitest', 'drizzle-kit', 'vite', 'eslint', '@playwright/test'])
      expect(existsSync(join(image.app, 'node_modules', name)), name).toBe(false);
  });

  it('migrates, starts as nobody on a folder it may not write, is healthy, backs up, and stops when told', async () => {
    const migrated = await ended(start(['node', 'dist/server/migrate.js', 'up']));
    expect(migrated.output).toContain('applied 0000_postgis');
    expect(migrated.code).toBe(0);
    if (asRoot)
      expect((await ended(start(['node', '-e', 'fs.writeFileSync("x", "")']))).output).toContain('EACCES');

    const server = start(image.command);
    const over = ended(server);
    let code: number | null = 1;
    while (code !== 0) {
      expect(server.exitCode, 'the server ended').toBeNull();
      ({ code } = await ended(start(image.healthCheck)));
    }
    const url = `http://127.0.0.1:${env.PORT}`;
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
      database: 'connected',
      migrations: 'ok',
      commit: 'c'.repeat(40),
    });
    expect((await fetch(url)).headers.get('content-type')).toContain('text/html');

    if (cluster) {
      const backup = await ended(
        start(['node', 'dist/server/backup.js', '--to', join(folder, 'backups'), '--keep-days', '30']),
      );
      expect(backup.code, backup.output).toBe(0);
      expect(readdirSync(join(folder, 'backups')).length).toBeGreaterThanOrEqual(2);
    }
    const askedAt = performance.now();
    server.kill('SIGTERM');
    expect((await over).code).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(10_000);
  });

  it('fills an empty staging system with its invented city, and starts with it', async () => {
    env = { ...env, FIXTURES_PASSWORD: 'a password for staging' };
    const filled = await ended(start(['node', 'dist/server/fixtures.js']));
    expect(filled.output).toContain('an invented city of 12 trucks and 400 containers is there');
    const again = await ended(start(['node', 'dist/server/fixtures.js']));
    expect(again.output).toContain('there are people already');
    const server = start(image.command);
    const over = ended(server);
    let code: number | null = 1;
    while (code !== 0) {
      expect(server.exitCode, 'the server ended').toBeNull();
      ({ code } = await ended(start(image.healthCheck)));
    }
    const answer = await fetch(`http://127.0.0.1:${env.PORT}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'operador1', password: env.FIXTURES_PASSWORD }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const incidents = await fetch(`http://127.0.0.1:${env.PORT}/api/incidencias/`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(incidents.status).toBe(200);
    server.kill('SIGTERM');
    expect((await over).code).toBe(0);
  });
});
