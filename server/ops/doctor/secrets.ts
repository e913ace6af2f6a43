import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_LOGINS } from '../../access/demo-logins.ts';
import { verifyPassword } from '../../access/password.ts';
import type { ToolDatabase } from '../backup/open.ts';
import { PROJECT_ROOT } from '../project.ts';
import { missing, noDatabase, ok, type Finding, type Patient } from './finding.ts';

const OBVIOUS =
  /^(choose-?one|change-?me|password|postgres|epagal|admin|secret|example|test|1234.*|(.)\2*)$/i;
const OUR_FILES = /^(DATABASE_URL|REDIS_URL|METRICS_TOKEN|MAPBOX_TOKEN|SENTRY_DSN|S3_\w+)_FILE$/;
const LEAST_CHARACTERS = 12;
/** Where the files of secrets usually lie; container platforms guard /run/secrets themselves. */
const ENVIRONMENT_FILES = ['/etc/epagal.env', join(PROJECT_ROOT, '.env')];

/** No demo login, no guessable secret, no file that others on the machine may read. */
export async function secrets(patient: Patient): Promise<Finding> {
  if (!patient.database) return noDatabase(patient);
  const problems = [
    ...(await openDemoLogins(patient.database)),
    ...guessable(patient),
    ...readableFiles(patient),
  ];
  return problems.length === 0
    ? ok('no demo login, no guessable secret, no file that others may read')
    : missing(problems.join('; '), 'see "Rotate secrets" in docs/operations.md');
}

async function openDemoLogins({ sql }: ToolDatabase): Promise<string[]> {
  const names = DEMO_LOGINS.map(({ username }) => username);
  const rows = await sql<{ username: string; hash: string }[]>`
    select username, password_hash as hash from users where active and username = any(${names})`;
  const open: string[] = [];
  for (const { username, hash } of rows) {
    const demo = DEMO_LOGINS.find((login) => login.username === username);
    if (demo && (await verifyPassword(hash, demo.password))) open.push(username);
  }
  return open.length > 0 ? [`the demo's passwords open ${open.join(', ')}`] : [];
}

/** Secrets somebody could guess. Exported for its test. */
export function guessable({ config }: Pick<Patient, 'config'>): string[] {
  const url = config.databaseUrl === null ? null : new URL(config.databaseUrl);
  const isLocal = url !== null && /^(localhost|127\.|\[::1\]|$)/.test(url.hostname);
  const given: [string, string | null][] = [
    ['the password in DATABASE_URL', url && decodeURIComponent(url.password)],
    ['METRICS_TOKEN', config.metricsToken],
    ['S3_SECRET_ACCESS_KEY', config.s3?.secretAccessKey ?? null],
  ];
  return given.flatMap(([name, value]) => {
    if (value === null) return [];
    // A local server may know its own users without one (peer, socket).
    if (value === '') return isLocal ? [] : [`${name} is empty`];
    if (OBVIOUS.test(value) || value === url?.username) return [`${name} is easily guessed`];
    return value.length < LEAST_CHARACTERS ? [`${name} has fewer than ${LEAST_CHARACTERS} characters`] : [];
  });
}

/** Files that others on this machine may read. */
function readableFiles({ config, env }: Patient): string[] {
  const named = Object.entries(env)
    .filter(([key, value]) => OUR_FILES.test(key) && value && !value.startsWith('/run/secrets/'))
    .map(([, value]) => value as string);
  const paths = [...named, ...ENVIRONMENT_FILES, config.dataDir, config.backup.folder];
  return [...new Set(paths)]
    .filter((path) => existsSync(path) && (statSync(path).mode & 0o007) !== 0)
    .map((path) => `${path} may be read by everybody: chmod o= ${path}`);
}
