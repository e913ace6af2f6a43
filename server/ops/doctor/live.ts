import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../project.ts';
import { newest } from '../records.ts';
import { missing, note, notServing, ok, type Finding, type Patient } from './finding.ts';

const ANSWER_MS = 10_000;
const AUDIT_MS = 60_000;
const DAY_MS = 86_400_000;
/** An audit older than this says little about what is known today. */
const SCAN_DAYS = 90;
/** Failed logins an account and address may make; the next is refused. */
const FAILED_LOGINS = 10;
const STRANGER = 'https://stranger.invalid';

/** Asks the server on this machine. */
export function ask(patient: Patient, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${patient.localUrl}${path}`, {
    redirect: 'manual',
    ...init,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
}

/** Fails to log in to an account that does not exist until it is refused: nobody is locked out by it. */
export async function rateLimits(patient: Patient): Promise<Finding> {
  if (!patient.isServing) return notServing(patient);
  const body = JSON.stringify({ username: `doctor-${randomBytes(6).toString('hex')}`, password: 'wrong' });
  const statuses: number[] = [];
  for (let attempt = 0; attempt <= FAILED_LOGINS; attempt += 1) {
    const answer = await ask(patient, '/trpc/auth.login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await answer.arrayBuffer();
    statuses.push(answer.status);
    if (answer.status === 429) break;
  }
  return statuses.at(-1) === 429
    ? ok(`the login after ${statuses.length - 1} failed ones is refused with 429`)
    : missing(
        `${statuses.length} failed logins were all let through (${statuses.at(-1)})`,
        'report this: a limit is built in',
      );
}

/** What the server answers to pages of other origins. */
export async function crossOrigin(patient: Patient): Promise<Finding> {
  const { config } = patient;
  const cure =
    'CORS_ORIGINS: https origins of pages that may call the API, separated by commas; empty for none';
  const insecure = config.corsOrigins.filter(
    (origin) => origin.startsWith('http:') && !/^http:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(origin),
  );
  if (insecure.length > 0) return missing(`lets pages in that are not https: ${insecure.join(', ')}`, cure);
  if (!patient.isServing) return notServing(patient);
  const allowed = async (origin: string) =>
    (await ask(patient, '/health/live', { headers: { origin } })).headers.get('access-control-allow-origin');
  if (await allowed(STRANGER)) return missing('any page of the Internet may call the API', cure);
  for (const origin of config.corsOrigins) {
    if ((await allowed(origin)) !== origin)
      return missing(
        `${origin} is in CORS_ORIGINS and is refused`,
        'restart the server with this environment',
      );
  }
  return ok(
    config.corsOrigins.length > 0
      ? `open to ${config.corsOrigins.join(', ')} and nobody else`
      : 'closed to pages of other origins',
  );
}

/** The three health paths. */
export async function healthChecks(patient: Patient): Promise<Finding> {
  if (!patient.isServing) return notServing(patient);
  for (const path of ['/health/live', '/health/ready']) {
    const { status } = await ask(patient, path);
    if (status !== 200)
      return missing(`${path} answers ${status}`, 'see "When something is wrong" in docs/operations.md');
  }
  const answer = await ask(patient, '/health');
  const health = (await answer.json()) as { status?: string; degraded?: string[] };
  if (answer.status !== 200) return missing(`/health says ${health.status}`, 'mend the database');
  return health.status === 'healthy'
    ? ok('/health, /health/live and /health/ready answer; all parts are well')
    : note(`they answer; degraded: ${health.degraded?.join(', ')}`, 'see "When something is wrong"');
}

/** Numbers to scrape, and a way out of the room for alerts. */
export async function monitoring(patient: Patient): Promise<Finding> {
  if (!patient.isServing) return notServing(patient);
  const { config, database } = patient;
  const headers: Record<string, string> = config.metricsToken
    ? { authorization: `Bearer ${config.metricsToken}` }
    : {};
  const answer = await ask(patient, '/metrics', { headers });
  if (!answer.ok)
    return missing(
      `/metrics answers ${answer.status}`,
      'METRICS_TOKEN must be the one the server was started with',
    );
  const numbers = (await answer.text()).split('\n').filter((line) => line.startsWith('epagal_')).length;
  const [channels] = database
    ? await database.sql<{ count: number }[]>`
        select count(*)::int as count from alert_channels where active and removed_at is null`
    : [];
  if (!channels?.count)
    return missing(
      `/metrics gives ${numbers} numbers, but no alert leaves the room: no channel is set up`,
      'as admin, add a channel (mail, webhook, Telegram or push) under Alerts',
    );
  return ok(`/metrics gives ${numbers} numbers; alerts go out by ${channels.count} channel(s)`);
}

/** Looks at the running server as a stranger would, then for known holes in what it is made of. */
export async function securityScan(patient: Patient): Promise<Finding> {
  if (!patient.isServing) return notServing(patient);
  const seen = await strangersFindings(patient);
  if (seen.length > 0) return missing(seen.join('; '), 'report this: none of it depends on configuration');
  const audit = await auditPackages();
  if (audit.answer === 'vulnerable')
    return missing(`packages with known holes: ${audit.names}`, 'npm audit fix, or the next release');
  if (audit.answer === 'clean') return ok('a stranger finds nothing; npm audit finds no grave hole');
  const recorded = patient.database
    ? await newest(patient.database.sql, 'security-scan', { good: true })
    : null;
  const days = recorded ? Math.floor((patient.now.getTime() - recorded.at.getTime()) / DAY_MS) : Infinity;
  return days <= SCAN_DAYS
    ? ok(`a stranger finds nothing; scan recorded ${days} days ago by ${recorded?.recordedBy}`)
    : missing(
        'a stranger finds nothing, but npm audit could not be asked from here and no scan of the last 90 days is recorded',
        'run npm audit where there is Internet, then: npm run doctor -- --record security-scan --by ADMIN',
      );
}

/** What must not be: one line each. Exported for its test. */
export async function strangersFindings(patient: Patient): Promise<string[]> {
  const findings: string[] = [];
  const { headers } = await ask(patient, '/');
  const policy = headers.get('content-security-policy') ?? '';
  if (!/default-src 'self'/.test(policy) || /script-src[^;]*'unsafe/.test(policy))
    findings.push('the pages have no strict content policy');
  if (headers.get('x-content-type-options') !== 'nosniff') findings.push('no x-content-type-options');
  if (!/frame-ancestors 'none'/.test(policy)) findings.push('the pages may be framed');
  if (patient.config.publicUrl?.startsWith('https:') && !headers.has('strict-transport-security'))
    findings.push('no strict-transport-security');
  if (headers.has('x-powered-by')) findings.push('x-powered-by tells what it is made of');
  for (const path of ['/.env', '/package.json', '/%2e%2e/package.json', '/server/start.js']) {
    const { status } = await ask(patient, path);
    if (status !== 404) findings.push(`${path} answers ${status}`);
  }
  for (const path of ['/trpc/incidents.list', '/trpc/plans.current', '/osrm/nearest/v1/driving/-78.6,-0.9']) {
    const { status } = await ask(patient, path);
    if (status !== 401) findings.push(`${path} answers ${status} to nobody`);
  }
  const forwarded = await ask(patient, '/metrics', { headers: { 'x-forwarded-for': '192.0.2.1' } });
  if (forwarded.status !== 401) findings.push('/metrics is open to the outside');
  const broken = await ask(patient, '/trpc/auth.login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  });
  if (/node_modules|\.ts:|at .*\(|select .* from/i.test(await broken.text()))
    findings.push('an error tells where it arose');
  return findings;
}

type Audit = { answer: 'clean' | 'unknown' } | { answer: 'vulnerable'; names: string };

/** `npm audit` of what runs in production; unknown without the Internet or the lock file. */
async function auditPackages(): Promise<Audit> {
  if (!existsSync(join(PROJECT_ROOT, 'package-lock.json'))) return { answer: 'unknown' };
  const child = spawn('npm', ['audit', '--omit=dev', '--json'], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: AUDIT_MS,
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    const report = JSON.parse(text) as {
      vulnerabilities?: Record<string, { severity: string }>;
      auditReportVersion?: number;
    };
    if (!report.auditReportVersion || !report.vulnerabilities) return { answer: 'unknown' };
    const grave = Object.entries(report.vulnerabilities).filter(([, { severity }]) =>
      ['high', 'critical'].includes(severity),
    );
    if (grave.length === 0) return { answer: 'clean' };
    return { answer: 'vulnerable', names: grave.map(([name]) => name).join(', ') };
  } catch {
    return { answer: 'unknown' };
  }
}
