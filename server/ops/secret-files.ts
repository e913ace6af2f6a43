import { readFileSync } from 'node:fs';

/** Keys whose value may lie in a file, as container platforms hand secrets over: `KEY_FILE` names it. */
const KEYS = [
  'DATABASE_URL',
  'REDIS_URL',
  'METRICS_TOKEN',
  'MAPBOX_TOKEN',
  'SENTRY_DSN',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
] as const;

/** A secret's file could not be read, or its key is set twice; the message is one line for people. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
}

/**
 * The environment with each `KEY_FILE` replaced by what its file holds, less the line end.
 * @throws SecretFileError when a file cannot be read, is empty, or its key is set as well
 */
export function withSecretFiles(
  env: Record<string, string | undefined>,
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Record<string, string | undefined> {
  const result = { ...env };
  for (const key of KEYS) {
    const path = env[`${key}_FILE`];
    if (!path) continue;
    if (env[key]) throw new SecretFileError(`${key}_FILE: contradicts ${key}; set one of them`);
    try {
      result[key] = read(path).trim();
    } catch {
      throw new SecretFileError(`${key}_FILE: ${path} cannot be read`);
    }
    if (!result[key]) throw new SecretFileError(`${key}_FILE: ${path} is empty`);
    delete result[`${key}_FILE`];
  }
  return result;
}
