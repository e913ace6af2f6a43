import { readFileSync, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const condition = z.enum(['service_healthy', 'service_started', 'service_completed_successfully']);
const service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition })).default({}),
  environment: z.record(z.string(), z.string()).default({}),
  healthcheck: z
    .union([z.object({ disable: z.literal(true) }), z.looseObject({ test: z.array(z.string()) })])
    .optional(),
  networks: z.array(z.string()).default([]),
  network_mode: z.string().optional(),
  ports: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  restart: z.string(),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  logging: z.object({ driver: z.string(), options: z.record(z.string(), z.string()) }),
  deploy: z.object({ resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }) }),
});
const compose = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.object({})),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

const file = join(PROJECT_ROOT, 'docker/compose.yml');
const production = compose.parse(parse(readFileSync(file, 'utf8'), { merge: true }));
const services = Object.entries(production.services);
const oneShot = (name: string) => production.services[name]?.restart === 'no';

describe('docker/compose.yml', () => {
  it.each(services)('%s is limited, and its log turns over', (_name, one) => {
    expect(one.deploy.resources.limits.memory).toMatch(/^\d+[mg]$/);
    expect(Number(one.deploy.resources.limits.cpus)).toBeLessThanOrEqual(2);
    expect(one.logging).toMatchObject({
      driver: 'json-file',
      options: { 'max-size': '10m', 'max-file': '5' },
    });
  });

  it.each(services.filter(([name]) => !oneShot(name)))(
    '%s is watched and comes back by itself',
    (name, one) => {
      expect(one.restart).toBe('unless-stopped');
      // The server's health check is part of its image.
      if (name !== 'server') expect(one.healthcheck).toHaveProperty('test');
    },
  );

  it.each(services)('%s starts after what it needs is healthy or done', (_name, one) => {
    for (const [needed, { condition: when }] of Object.entries(one.depends_on)) {
      expect(production.services).toHaveProperty([needed]);
      expect(when).toBe(oneShot(needed) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  it('brings the schema up before the server, and the server before the proxy', () => {
    expect(Object.keys(production.services.server?.depends_on ?? {})).toEqual([
      'db',
      'redis',
      'osrm',
      'migrate',
    ]);
    expect(Object.keys(production.services.migrate?.depends_on ?? {})).toEqual(['db']);
    expect(Object.keys(production.services.proxy?.depends_on ?? {})).toEqual(['server']);
  });

  it('opens nothing to the outside but the proxy', () => {
    const open = services.filter(([, one]) => one.ports.length > 0).map(([name]) => name);
    expect(open).toEqual(['proxy']);
    expect(production.networks.inside?.internal).toBe(true);
    for (const name of ['db', 'redis', 'osrm', 'migrate', 'backup']) {
      expect(production.services[name]?.networks).toEqual(['inside']);
    }
  });

  it('hands secrets over as files, never in the environment', () => {
    for (const [name, one] of services) {
      for (const [key, value] of Object.entries(one.environment)) {
        if (/PASSWORD|DATABASE_URL|METRICS_TOKEN|SECRET/.test(key)) {
          expect(`${name}: ${key}`).toMatch(/_FILE$/);
          expect(one.secrets).toContain(value.replace('/run/secrets/', ''));
        }
        expect(value).not.toMatch(/:\/\/[^/\s]*:[^/\s]*@/);
      }
      for (const secret of one.secrets) expect(production.secrets).toHaveProperty(secret);
    }
  });

  it('keeps data in named volumes, and mounts only files that are there', () => {
    for (const [, one] of services) {
      for (const volume of one.volumes) {
        const source = volume.replace(/\$\{\w+:-([^}]*)\}/, '$1').split(':', 1)[0] ?? '';
        if (source.startsWith('.')) {
          expect(volume).toMatch(/:ro$/);
          expect(existsSync(resolve(dirname(file), source)), source).toBe(true);
        } else {
          expect(production.volumes).toHaveProperty(source);
        }
      }
    }
  });

  it('runs the server on a read-only root, without privileges', () => {
    for (const name of ['server', 'migrate', 'backup', 'osrm', 'redis', 'proxy']) {
      expect(production.services[name]?.read_only, name).toBe(true);
    }
    expect(production.services.server).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  it('pins every image to a version', () => {
    for (const [name, one] of services) {
      if (one.image !== 'epagal-control-room') expect(one.image, name).toMatch(/:v?\d[\w.-]*$/);
    }
  });
});
