import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../server/config.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

/** As https://render.com/schema/render.yaml.json has it, of what we use: another key is a mistake. */
const region = z.enum(['oregon', 'ohio', 'virginia', 'frankfurt', 'singapore']);
const setting = z.union([
  z.strictObject({ key: z.string(), value: z.string() }),
  z.strictObject({ key: z.string(), sync: z.literal(false) }),
  z.strictObject({ key: z.string(), generateValue: z.literal(true) }),
  z.strictObject({
    key: z.string(),
    fromDatabase: z.strictObject({ name: z.string(), property: z.literal('connectionString') }),
  }),
]);
const blueprint = z.strictObject({
  previews: z.strictObject({ generation: z.enum(['off', 'manual', 'automatic']) }),
  services: z.array(
    z.strictObject({
      type: z.literal('web'),
      name: z.string().regex(/^[a-z0-9-]{1,60}$/),
      runtime: z.literal('docker'),
      plan: z.enum(['starter', 'standard', 'pro', 'pro plus', 'pro max', 'pro ultra']),
      region,
      branch: z.string(),
      autoDeployTrigger: z.enum(['off', 'commit', 'checksPass']),
      dockerfilePath: z.string(),
      dockerContext: z.string(),
      preDeployCommand: z.string(),
      healthCheckPath: z.string().startsWith('/'),
      maxShutdownDelaySeconds: z.number().int().min(1).max(300),
      disk: z.strictObject({ name: z.string(), mountPath: z.string(), sizeGB: z.number().int().min(1) }),
      envVars: z.array(setting),
    }),
  ),
  databases: z.array(
    z.strictObject({
      name: z.string(),
      plan: z.string().regex(/^(basic-(256mb|1gb|4gb)|pro-\d+gb|accelerated-\d+gb)$/),
      region,
      postgresMajorVersion: z.enum(['14', '15', '16', '17', '18']),
      ipAllowList: z.array(z.string()),
    }),
  ),
});
const { services, databases } = blueprint.parse(
  parse(readFileSync(join(PROJECT_ROOT, 'render.yaml'), 'utf8')),
);
/** Stands in for what the dashboard fills in. */
const FILLED_IN: Record<string, string> = {
  DATABASE_URL: 'postgres://u:p@db/epagal',
  PUBLIC_URL: 'https://epagal.example',
  MAPBOX_TOKEN: 'pk.public',
  METRICS_TOKEN: '0123456789abcdef',
  SENTRY_DSN: 'https://key@reports.example/1',
  S3_ENDPOINT: 'https://s3.example',
  SMTP_URL: 'smtps://u:p@mail.example',
  MAIL_FROM: 'avisos@epagal.example',
};

describe('render.yaml', () => {
  it('builds staging from develop and production from main, and leaves the when to the deploy program', () => {
    expect(services.map((one) => [one.name, one.branch, one.autoDeployTrigger])).toEqual([
      ['epagal-staging', 'develop', 'off'],
      ['epagal-production', 'main', 'off'],
    ]);
  });

  it.each(services.map((one) => [one.name, one] as const))(
    '%s starts with the environment it is given',
    (_name, one) => {
      const env = Object.fromEntries(
        one.envVars.map((set) => [set.key, 'value' in set ? set.value : (FILLED_IN[set.key] ?? 'filled-in')]),
      );
      const config = loadConfig({ ...env, DATA_DIR: one.disk.mountPath }, { mode: 'production' });
      expect(config).toMatchObject({ port: 8081, dataDir: '/data', trustProxy: 1, embedded: false });
      expect(one.healthCheckPath).toBe('/health');
      expect(one.preDeployCommand).toContain('node dist/server/migrate.js up');
      expect(existsSync(join(PROJECT_ROOT, one.dockerfilePath))).toBe(true);
      expect(one.maxShutdownDelaySeconds).toBeGreaterThan(10);
    },
  );

  it('gives each its own database, closed to the outside', () => {
    const used = services.map(
      (one) => one.envVars.flatMap((set) => ('fromDatabase' in set ? [set.fromDatabase.name] : []))[0],
    );
    expect(used).toEqual(databases.map((one) => one.name));
    expect(new Set(used).size).toBe(2);
    expect(databases.every((one) => one.ipAllowList.length === 0)).toBe(true);
  });

  it('fills staging with an invented city, and never production', () => {
    const [staging, production] = services;
    expect(staging?.preDeployCommand).toContain('&& node dist/server/fixtures.js');
    expect(staging?.envVars).toContainEqual({ key: 'FIXTURES_PASSWORD', sync: false });
    expect(JSON.stringify(production)).not.toMatch(/fixtures/i);
    expect(production?.envVars).toContainEqual({ key: 'S3_BUCKET', sync: false });
  });

  it('holds no secret', () => {
    for (const one of services) {
      for (const set of one.envVars) {
        if (/TOKEN|SECRET|KEY|DSN|DATABASE|PASSWORD|SMTP/.test(set.key))
          expect(set).not.toHaveProperty('value');
      }
    }
  });
});
