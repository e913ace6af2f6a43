import { readFileSync } from 'node:fs';

/** Keys whose value may lie in a file, as container platforms hand secrets over: `KEY_FILE` names it. */
const KEYS = [
  'DATABASE_URL',
  'REDIS_URL',
  'METRICS_TOKEN',
  'MAPBOX_TOKEN',
  'SENTRY_DSN',
  'SMTP_URL',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
] as const;

/**
 * The environment with each `KEY_FILE` replaced by what its file holds, less the line end. A file that cannot be
 * read or is empty, and a key set twice, are problems of one line each.
 */
export function withSecretFiles(
  env: Record<string, string | undefined>,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): { env: Record<string, string | undefined>; problems: string[] } {
  const result = { ...env };
  const problems: string[] = [];
  for (const key of KEYS) {
    const path = env[`${key}_FILE`];
    if (!path) continue;
    delete result[`${key}_FILE`];
    if (env[key]) {
      problems.push(`${key}_FILE: contradicts ${key}; set one of them`);
      continue;
    }
    try {
      result[key] = read(path).trim();
      if (!result[key]) problems.push(`${key}_FILE: ${path} is empty`);
    } catch {
      problems.push(`${key}_FILE: ${path} cannot be read`);
    }
  }
  return { env: result, problems };
}
