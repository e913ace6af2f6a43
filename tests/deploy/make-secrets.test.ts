import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
cpSync(join(PROJECT_ROOT, 'docker/make-secrets.sh'), join(folder, 'make-secrets.sh'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = () => execFileSync(join(folder, 'make-secrets.sh'), { encoding: 'utf8' });
const read = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8');

describe('docker/make-secrets.sh', () => {
  it('makes what the compose file reads, closed to others on the host', () => {
    run();
    expect(readdirSync(join(folder, 'secrets')).sort()).toEqual([
      'alerts_webhook',
      'database_url',
      'db_password',
      'grafana_password',
      'metrics_token',
    ]);
    expect(read('db_password')).toMatch(/^[0-9a-f]{48}$/);
    expect(read('database_url')).toBe(`postgres://epagal:${read('db_password')}@db:5432/epagal`);
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    // Read by the compose file, empty but for what it is for.
    expect(readFileSync(join(folder, 'settings.env'), 'utf8')).toMatch(/^#.*\n$/);
  });

  it('changes nothing the second time, and prints no secret', () => {
    const before = read('db_password');
    writeFileSync(join(folder, 'settings.env'), 'LOG_LEVEL=debug\n');
    const printed = run();
    expect(read('db_password')).toBe(before);
    expect(printed).not.toContain(before);
    expect(readFileSync(join(folder, 'settings.env'), 'utf8')).toBe('LOG_LEVEL=debug\n');
  });
});
