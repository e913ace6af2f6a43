import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { withSecretFiles } from './ops/secret-files.ts';

export type RunMode = 'production' | 'demo' | 'test';

const flag = z
  .enum(['0', '1', 'true', 'false'], 'must be 1 or 0')
  .transform((value) => value === '1' || value === 'true');
const share = z.coerce.number('must be a number from 0 to 1').min(0).max(1, 'must be a number from 0 to 1');
const hourOrOff = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|off)$/, 'must be HH:MM, or off');
const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

function splitOnce(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
}

/** What the server's own reading of forwarding headers accepts: addresses, networks and three names of networks. */
function isProxyList(value: string): boolean {
  if (/^(\d+|true|false)$/.test(value)) return true;
  return value.split(',').every((given) => {
    const [address = '', bits, ...more] = given.trim().split('/');
    if (/^(loopback|linklocal|uniquelocal)$/.test(address)) return bits === undefined;
    const family = isIP(address);
    const isPrefix =
      bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
    return family !== 0 && isPrefix && more.length === 0;
  });
}

/** The environment. Every key the product reads stands here, with what it does, and nowhere else. */
const environment = z.object({
  /** TCP port of the one HTTP server. */
  PORT: z.coerce.number('must be a port number').int().min(0).max(65_535).default(8081),
  /** Address to listen on; `0.0.0.0` for every network card. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** Folder of everything kept on disk: embedded database, photos, road graph, backups. */
  DATA_DIR: z.string().min(1).default('.data'),
  /** PostgreSQL 15 or newer with PostGIS 3. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  /** 1 = the database inside the process's own folder: the one-folder installation. */
  EMBEDDED: flag.optional(),
  /** Redis for several server instances: events, limits, presence. Without it everything stays in the process. */
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// URL' }).optional(),
  /** An OSRM server; without it the embedded router answers. */
  OSRM_URL: webUrl.optional(),
  /** Public Mapbox token (pk.…); without it the product draws its own base map. */
  MAPBOX_TOKEN: z.string().startsWith('pk.', 'must be a public token (pk.…)').optional(),
  /** Where errors are reported; nothing is sent without it. */
  SENTRY_DSN: webUrl.optional(),
  /** Name of this installation in error reports and traces. */
  SENTRY_ENVIRONMENT: z.string().min(1).max(64).optional(),
  /** Share of the errors that are reported, 0 to 1. */
  SENTRY_SAMPLE_RATE: share.optional(),
  /** An OpenTelemetry collector (OTLP over HTTP); nothing is traced without it. */
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional(),
  /** Headers for the collector, as `name=value` separated by commas. */
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(/^[\w-]+=[^,\r\n]+(,[\w-]+=[^,\r\n]+)*$/, 'must be name=value pairs separated by commas')
    .transform((list) => Object.fromEntries(list.split(',').map((pair) => splitOnce(pair))))
    .optional(),
  /** Share of the traces that are kept, 0 to 1. */
  OTEL_TRACES_SAMPLER_ARG: share.optional(),
  /** The commit this release was built of, shown by /health; Render gives it as RENDER_GIT_COMMIT. */
  GIT_COMMIT: z
    .string()
    .regex(/^[0-9a-f]{7,40}$/, 'must be a commit, 7 to 40 hexadecimal digits')
    .optional(),
  RENDER_GIT_COMMIT: z.string().min(1).optional(),
  /** How much is logged when the server starts; changeable while it runs. */
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).optional(),
  /** Origins of other web pages that may call the API, separated by commas. */
  CORS_ORIGINS: z
    .string()
    .transform((list) =>
      list
        .split(',')
        .map((origin) => origin.trim().replace(/\/$/, ''))
        .filter(Boolean),
    )
    .pipe(z.array(z.url({ protocol: /^https?$/, error: 'must be http(s) origins separated by commas' })))
    .optional(),
  /** The address people type: decides the cookie's Secure flag and which origin is ours. */
  PUBLIC_URL: webUrl.optional(),
  /** Reverse proxies in front: how many, or their addresses (comma list). Unset, forwarding headers are ignored. */
  TRUST_PROXY: z
    .string()
    .refine(isProxyList, 'must be a number of proxies, or their addresses separated by commas')
    .transform((value): boolean | number | string[] => {
      if (/^\d+$/.test(value)) return Number(value);
      if (value === 'true') return true;
      if (value === 'false') return false;
      return value.split(',').map((address) => address.trim());
    })
    .optional(),
  /** Bearer token of the metrics scraper; without it only the machine itself may read /metrics. */
  METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Mail server for alerts by letter: smtp:// or smtps://, with user and password where it asks for them. */
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' }).optional(),
  /** Sender of those letters: an address, or a name with one (`EPAGAL <alertas@epagal.example>`). */
  MAIL_FROM: z
    .string()
    .max(200)
    .regex(/^[^\r\n<>]*<?[^@\s<>]+@[^@\s<>]+>?$/, 'must be a mail address')
    .optional(),
  /** 1 = alert webhooks may also go to private addresses, such as a program in the own network. */
  WEBHOOK_PRIVATE_HOSTS: flag.optional(),
  /** Backup storage that speaks S3. */
  S3_ENDPOINT: webUrl.optional(),
  S3_REGION: z.string().min(1).optional(),
  S3_BUCKET: z.string().min(1).optional(),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  /** Folder inside the bucket for the backups, such as `latacunga`. */
  S3_PREFIX: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*\/?$/, 'must be names separated by /')
    .optional(),
  /** Hour of the nightly backup in America/Guayaquil, in production; `off` when another program makes it. */
  BACKUP_AT: hourOrOff.optional(),
  /** Hour at which backups go to the S3 store, when there is one; `off` for never. */
  BACKUP_UPLOAD_AT: hourOrOff.optional(),
  /** Folder of the backups; `backups` in DATA_DIR unless said otherwise. Best on another disk. */
  BACKUP_DIR: z.string().min(1).optional(),
  /** Days a backup is kept, here and in the store. */
  BACKUP_KEEP_DAYS: z.coerce.number('must be a number of days').int().min(1).max(3_650).default(30),
  /** Days of tracks kept; older ones are dropped, a day at a time. */
  TRACKS_KEEP_DAYS: z.coerce.number('must be a number of days').int().min(8).max(36_500).default(400),
  /** Age in days at which tracks are thinned to the error bound of the rules; 0 for never. */
  TRACKS_THIN_AFTER_DAYS: z.coerce
    .number('must be a number of days')
    .int()
    .max(36_500)
    .refine((days) => days === 0 || days >= 8, 'must be 0, or at least 8: fixes may arrive for 7 days')
    .default(30),
  /** Hour from which a day's tracks are summed up and old ones thinned, in America/Guayaquil; `off` for never. */
  TRACKS_UPKEEP_AT: hourOrOff.default('03:30'),
});

export interface Config {
  mode: RunMode;
  port: number;
  host: string;
  /** Absolute path. */
  dataDir: string;
  databaseUrl: string | null;
  /** True when the database lives in dataDir. */
  embedded: boolean;
  redisUrl: string | null;
  osrmUrl: string | null;
  mapboxToken: string | null;
  sentryDsn: string | null;
  sentryEnvironment: string;
  sentrySampleRate: number;
  otel: { endpoint: string | null; headers: Record<string, string>; ratio: number };
  logLevel: string;
  /** Of this release, null when nobody said. */
  commit: string | null;
  corsOrigins: string[];
  publicUrl: string | null;
  trustProxy: boolean | number | string[];
  metricsToken: string | null;
  /** Alerts by letter; null sends none. */
  mail: { smtpUrl: string; from: string } | null;
  webhookPrivateHosts: boolean;
  s3: {
    endpoint: string;
    region: string;
    bucket: string;
    accessKeyId: string;
    secretAccessKey: string;
    /** Empty, or a path that ends in `/`. */
    prefix: string;
  } | null;
  backup: {
    /** HH:MM in America/Guayaquil; null is never. */
    at: string | null;
    uploadAt: string | null;
    /** Absolute path. */
    folder: string;
    keepDays: number;
  };
  tracks: {
    keepDays: number;
    /** Null is never. */
    thinAfterDays: number | null;
    /** HH:MM in America/Guayaquil; null is never. */
    upkeepAt: string | null;
  };
}

/** What is wrong with the environment: one line a key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const hourOf = (given: string | undefined, otherwise: string | null) =>
  given === 'off' ? null : (given ?? otherwise);

const S3_KEYS = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;

/**
 * Parses the environment once. An empty value counts as unset; a secret may lie in a file that `KEY_FILE` names.
 * Production needs PUBLIC_URL and either DATABASE_URL or EMBEDDED=1; the demo and tests embed their database unless
 * told otherwise.
 * @throws ConfigError with one line for each missing or malformed key
 */
export function loadConfig(env: Record<string, string | undefined>, { mode }: { mode: RunMode }): Config {
  const { env: full, problems: unreadable } = withSecretFiles(env);
  const given = Object.fromEntries(
    Object.entries(full).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`);
  problems.push(...unreadable);
  if (mode === 'production') {
    if (!given.PUBLIC_URL)
      problems.push('PUBLIC_URL: missing; the address people will type, such as https://epagal.example');
    if (!given.DATABASE_URL && !/^(1|true)$/.test(given.EMBEDDED ?? '')) {
      problems.push(
        'DATABASE_URL: missing; a postgres:// URL, or EMBEDDED=1 for the one-folder installation',
      );
    }
  }
  if (given.DATABASE_URL && /^(1|true)$/.test(given.EMBEDDED ?? '')) {
    problems.push('EMBEDDED: contradicts DATABASE_URL; set one of them');
  }
  if (Boolean(given.SMTP_URL) !== Boolean(given.MAIL_FROM)) {
    problems.push(
      given.SMTP_URL ? 'MAIL_FROM: missing beside SMTP_URL' : 'SMTP_URL: missing beside MAIL_FROM',
    );
  }
  if (S3_KEYS.some((key) => given[key])) {
    for (const key of S3_KEYS) if (!given[key]) problems.push(`${key}: missing beside the other S3 keys`);
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError([...new Set(problems)]);
  const e = parsed.data;
  return {
    mode,
    port: e.PORT,
    host: e.HOST,
    dataDir: resolve(e.DATA_DIR),
    databaseUrl: e.DATABASE_URL ?? null,
    embedded: !e.DATABASE_URL,
    redisUrl: e.REDIS_URL ?? null,
    osrmUrl: e.OSRM_URL?.replace(/\/$/, '') ?? null,
    mapboxToken: e.MAPBOX_TOKEN ?? null,
    sentryDsn: e.SENTRY_DSN ?? null,
    sentryEnvironment: e.SENTRY_ENVIRONMENT ?? mode,
    sentrySampleRate: e.SENTRY_SAMPLE_RATE ?? 1,
    otel: {
      endpoint: e.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
      headers: e.OTEL_EXPORTER_OTLP_HEADERS ?? {},
      ratio: e.OTEL_TRACES_SAMPLER_ARG ?? 1,
    },
    commit: e.GIT_COMMIT ?? e.RENDER_GIT_COMMIT ?? null,
    logLevel: e.LOG_LEVEL ?? (mode === 'test' ? 'silent' : 'info'),
    corsOrigins: e.CORS_ORIGINS ?? [],
    publicUrl: e.PUBLIC_URL?.replace(/\/$/, '') ?? null,
    trustProxy: e.TRUST_PROXY ?? false,
    metricsToken: e.METRICS_TOKEN ?? null,
    mail: e.SMTP_URL && e.MAIL_FROM ? { smtpUrl: e.SMTP_URL, from: e.MAIL_FROM } : null,
    webhookPrivateHosts: e.WEBHOOK_PRIVATE_HOSTS ?? false,
    s3:
      e.S3_ENDPOINT && e.S3_BUCKET && e.S3_ACCESS_KEY_ID && e.S3_SECRET_ACCESS_KEY
        ? {
            endpoint: e.S3_ENDPOINT,
            region: e.S3_REGION ?? 'auto',
            bucket: e.S3_BUCKET,
            accessKeyId: e.S3_ACCESS_KEY_ID,
            secretAccessKey: e.S3_SECRET_ACCESS_KEY,
            prefix: e.S3_PREFIX ? `${e.S3_PREFIX.replace(/\/$/, '')}/` : '',
          }
        : null,
    backup: {
      at: hourOf(e.BACKUP_AT, mode === 'production' ? '02:00' : null),
      uploadAt: hourOf(e.BACKUP_UPLOAD_AT, mode === 'production' ? '03:00' : null),
      folder: resolve(e.BACKUP_DIR ?? join(e.DATA_DIR, 'backups')),
      keepDays: e.BACKUP_KEEP_DAYS,
    },
    tracks: {
      keepDays: e.TRACKS_KEEP_DAYS,
      thinAfterDays: e.TRACKS_THIN_AFTER_DAYS || null,
      upkeepAt: hourOf(e.TRACKS_UPKEEP_AT, null),
    },
  };
}
