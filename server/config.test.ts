import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

function problemsOf(
  env: Record<string, string>,
  mode: 'production' | 'demo' = 'production',
): readonly string[] {
  try {
    loadConfig(env, { mode });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the environment', () => {
  it('needs nothing in the demo', () => {
    const config = loadConfig({}, { mode: 'demo' });
    expect(config).toMatchObject({ port: 8081, embedded: true, databaseUrl: null, trustProxy: false });
    expect(config.dataDir).toMatch(/\/\.data$/);
  });

  it('production names each missing key on a line of its own', () => {
    const problems = problemsOf({});
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^PUBLIC_URL: /);
    expect(problems[1]).toMatch(/^DATABASE_URL: .*EMBEDDED=1/);
    expect(problems.every((line) => !line.includes('\n'))).toBe(true);
  });

  it('production starts with either database', () => {
    const PUBLIC_URL = 'https://epagal.example/';
    expect(problemsOf({ PUBLIC_URL, EMBEDDED: '1' })).toEqual([]);
    expect(problemsOf({ PUBLIC_URL, DATABASE_URL: 'postgres://u:p@h/d' })).toEqual([]);
    expect(loadConfig({ PUBLIC_URL, EMBEDDED: '1' }, { mode: 'production' }).publicUrl).toBe(
      'https://epagal.example',
    );
  });

  it.each(['1', 'true', '127.0.0.1', '10.0.0.0/8, ::1', 'loopback,172.16.0.1'])(
    'believes proxies %s',
    (given) => {
      expect(problemsOf({ TRUST_PROXY: given }, 'demo')).toEqual([]);
    },
  );

  it.each([
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['DATABASE_URL', 'mysql://h/d'],
    ['EMBEDDED', 'yes please'],
    ['REDIS_URL', 'localhost:6379'],
    ['OSRM_URL', 'osrm'],
    ['MAPBOX_TOKEN', 'sk.secret'],
    ['LOG_LEVEL', 'loud'],
    ['CORS_ORIGINS', 'https://a.example,nonsense'],
    ['METRICS_TOKEN', 'short'],
    ['TRUST_PROXY', 'nonsense'],
    ['TRUST_PROXY', '10.0.0.0/99'],
    ['S3_BUCKET', 'alone'],
  ])('refuses %s=%s by its name', (key, value) => {
    const problems = problemsOf({ [key]: value }, 'demo');
    expect(problems.length).toBeGreaterThan(0);
    expect(
      problems.some((line) => line.startsWith(key) || (key === 'S3_BUCKET' && line.startsWith('S3_'))),
    ).toBe(true);
  });

  it('does not print what a secret key holds', () => {
    expect(problemsOf({ MAPBOX_TOKEN: 'sk.very-secret' }, 'demo').join()).not.toContain('very-secret');
  });

  it('takes an empty value for an unset one', () => {
    expect(problemsOf({ REDIS_URL: '', SENTRY_DSN: '' }, 'demo')).toEqual([]);
  });

  it.each([
    ['1', 1],
    ['true', true],
    ['10.0.0.1, 10.0.0.2', ['10.0.0.1', '10.0.0.2']],
  ])('reads TRUST_PROXY=%s', (value, expected) => {
    expect(loadConfig({ TRUST_PROXY: value }, { mode: 'demo' }).trustProxy).toEqual(expected);
  });

  it('reads origins without their trailing slash', () => {
    const { corsOrigins } = loadConfig(
      { CORS_ORIGINS: 'https://a.example/, https://b.example' },
      { mode: 'demo' },
    );
    expect(corsOrigins).toEqual(['https://a.example', 'https://b.example']);
  });
});
