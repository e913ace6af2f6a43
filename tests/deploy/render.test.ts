import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../server/config.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const blueprint = z.object({
  services: z.array(
    z.looseObject({
      name: z.string(),
      branch: z.string(),
      autoDeployTrigger: z.string(),
      healthCheckPath: z.string(),
      preDeployCommand: z.string(),
      maxShutdownDelaySeconds: z.number(),
      disk: z.object({ mountPath: z.string() }),
      envVars: z.array(
        z.looseObject({
          key: z.string(),
          value: z.string().optional(),
          fromDatabase: z.object({ name: z.string() }).optional(),
        }),
      ),
    }),
  ),
  databases: z.array(z.looseObject({ name: z.string(), ipAllowList: z.array(z.string()) })),
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
};

describe('render.yaml', () => {
  it('deploys staging from develop and production from main, after their checks', () => {
    expect(services.map((one) => [one.name, one.branch, one.autoDeployTrigger])).toEqual([
      ['epagal-staging', 'develop', 'checksPass'],
      ['epagal-production', 'main', 'checksPass'],
    ]);
  });

  it.each(services.map((one) => [one.name, one] as const))(
    '%s starts with the environment it is given',
    (_name, one) => {
      const env = Object.fromEntries(
        one.envVars.map(({ key, value }) => [key, value ?? FILLED_IN[key] ?? 'filled-in']),
      );
      const config = loadConfig({ ...env, DATA_DIR: one.disk.mountPath }, { mode: 'production' });
      expect(config).toMatchObject({ port: 8081, dataDir: '/data', trustProxy: 1, embedded: false });
      expect(one).toMatchObject({
        healthCheckPath: '/health',
        preDeployCommand: 'node dist/server/migrate.js up',
      });
      expect(one.maxShutdownDelaySeconds).toBeGreaterThan(10);
    },
  );

  it('gives each its own database, closed to the outside', () => {
    const used = services.map(
      (one) => one.envVars.find(({ key }) => key === 'DATABASE_URL')?.fromDatabase?.name,
    );
    expect(used).toEqual(databases.map((one) => one.name));
    expect(new Set(used).size).toBe(2);
    expect(databases.every((one) => one.ipAllowList.length === 0)).toBe(true);
  });

  it('holds no secret', () => {
    for (const one of services) {
      for (const { key, value } of one.envVars) {
        if (/TOKEN|SECRET|KEY|DSN|DATABASE/.test(key)) expect(value, key).toBeUndefined();
      }
    }
  });
});
