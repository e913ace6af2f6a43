import { existsSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareChecksums } from '../backup/checksum.ts';
import { OVERDUE_MS } from '../backup/schedule.ts';
import { PROJECT_ROOT, VERSION } from '../project.ts';
import { newest, type OperationRecord, type RecordKind } from '../records.ts';
import { ask } from './live.ts';
import { missing, noDatabase, note, notServing, ok, type Finding, type Patient } from './finding.ts';

const DAY_MS = 86_400_000;
const DRILL_DAYS = 180;
const YEAR_DAYS = 365;

const daysSince = ({ now }: Patient, at: Date) => Math.floor((now.getTime() - at.getTime()) / DAY_MS);
const dayOf = (at: Date) => at.toISOString().slice(0, 10);
const command = (kind: RecordKind, more = '') => `npm run doctor -- --record ${kind} --by ADMIN${more}`;

/** The nightly backup: on, made lately, still there as it was written, and off-site. */
export async function backups(patient: Patient): Promise<Finding> {
  const { config, database, now } = patient;
  if (!database) return noDatabase(patient);
  const good = await newest(database.sql, 'backup', { good: true });
  const last = await newest(database.sql, 'backup');
  const cure = 'npm run backup -- --to FOLDER, and read the log for why the nightly one failed';
  if (!good) {
    return config.backup.at === null
      ? missing('off (BACKUP_AT=off), and none is recorded', 'take BACKUP_AT=off away')
      : missing(`none yet; the first comes at ${config.backup.at}`, 'npm run backup -- --to FOLDER');
  }
  const hours = Math.round((now.getTime() - good.at.getTime()) / 3_600_000);
  const problem = last && !last.ok ? `; the last attempt failed: ${String(last.detail.problem)}` : '';
  if (now.getTime() - good.at.getTime() > OVERDUE_MS)
    return missing(`the last good one is ${hours} h old${problem}`, cure);
  const path = String(good.detail.path ?? '');
  if (path.startsWith('/') && (await stat(path).catch(() => null))) {
    try {
      await compareChecksums(path);
    } catch (error) {
      return missing(`${path}: ${(error as Error).message}`, cure);
    }
  }
  const says = `${path}, ${hours} h old, ${String(good.detail.rows)} rows, checksums right${problem}`;
  if (config.backup.at === null)
    return note(`${says}; the nightly one is off: another program must make it`, 'take BACKUP_AT=off away');
  if (config.s3 === null)
    return note(`${says}; on this machine only`, 'set S3_*, or copy the folder off this machine every day');
  const upload = await newest(database.sql, 'upload', { good: true });
  if (!upload || now.getTime() - upload.at.getTime() > OVERDUE_MS + DAY_MS / 24)
    return missing(
      `${says}; not off-site${upload ? ` since ${dayOf(upload.at)}` : ''}`,
      'read the log of 03:00',
    );
  return ok(`${says}; off-site since ${dayOf(upload.at)}`);
}

/** Errors somewhere else than on this machine. */
export async function centralLogs(patient: Patient): Promise<Finding> {
  const { config, database } = patient;
  if (config.sentryDsn !== null) {
    const { origin } = new URL(config.sentryDsn);
    const answers = await fetch(origin, { method: 'HEAD', signal: AbortSignal.timeout(10_000) }).then(
      () => true,
      () => false,
    );
    return answers
      ? ok(`errors go to ${origin} as ${config.sentryEnvironment}`)
      : missing(`SENTRY_DSN is set, but ${origin} does not answer`, 'the firewall, or the address');
  }
  const sink = database && (await newest(database.sql, 'log-sink', { good: true }));
  return sink
    ? ok(
        `${String(sink.detail.note ?? 'a collector of the log')}, recorded on ${dayOf(sink.at)} by ${sink.recordedBy}`,
      )
    : missing(
        'errors are on this machine only',
        `set SENTRY_DSN; or collect the log (JSON lines on standard output) and say so: ${command('log-sink', ' --note WHERE')}`,
      );
}

/** The plan for a disaster, tried. */
export function disasterPlan(patient: Patient): Promise<Finding> {
  return recorded(patient, 'drill', DRILL_DAYS, {
    none: 'docs/operations.md has the plan ("Disaster drill"), but no drill is recorded',
    cure: `do the drill, then ${command('drill', ' --note "restored in 12 min"')}`,
  });
}

/** Numbers under load, of this machine. */
export function loadTest(patient: Patient): Promise<Finding> {
  return recorded(patient, 'load-test', YEAR_DAYS, {
    none: 'none is recorded',
    cure: `npm run bench:ingest > result.txt, then ${command('load-test', ' --file result.txt')}`,
  });
}

/** People who know how to use it. */
export function training(patient: Patient): Promise<Finding> {
  return recorded(patient, 'training', YEAR_DAYS, {
    none: 'nobody has said that the team was trained',
    cure: `after the training: ${command('training', ' --note "who, what"')}`,
  });
}

async function recorded(
  patient: Patient,
  kind: RecordKind,
  maxDays: number,
  words: { none: string; cure: string },
): Promise<Finding> {
  if (!patient.database) return noDatabase(patient);
  const found = await newest(patient.database.sql, kind);
  if (!found) return missing(words.none, words.cure);
  const says = `${dayOf(found.at)} by ${found.recordedBy}${describe(found)}`;
  if (!found.ok) return missing(`failed on ${says}`, words.cure);
  const days = daysSince(patient, found.at);
  return days > maxDays ? missing(`${says}: ${days} days ago, ${maxDays} are allowed`, words.cure) : ok(says);
}

function describe({ detail }: OperationRecord): string {
  const { note: words, ...numbers } = detail;
  const shown = Object.entries(numbers)
    .filter(([, value]) => ['number', 'string'].includes(typeof value))
    .slice(0, 6)
    .map(([name, value]) => `${name} ${String(value)}`);
  return [words ? `: ${String(words)}` : '', shown.length > 0 ? ` (${shown.join(', ')})` : ''].join('');
}

/** The papers belong to what runs: same version in the change log, the documents and the running server. */
export async function documentation(patient: Patient): Promise<Finding> {
  const changes = join(PROJECT_ROOT, 'CHANGELOG.md');
  const cure = 'put the whole release in place, documents and programs together, and restart';
  if (patient.isServing) {
    const { version } = (await (await ask(patient, '/health/live')).json()) as { version?: string };
    if (version !== VERSION) return missing(`the server runs ${version}, these files are ${VERSION}`, cure);
  } else if (!existsSync(changes)) return notServing(patient);
  if (!existsSync(changes))
    return ok(`version ${VERSION} runs; its documents are in the repository at that version`);
  const lacking = ['README.md', 'docs/operations.md', 'docs/architecture.md', 'docs/rules.md'].filter(
    (path) => !existsSync(join(PROJECT_ROOT, path)),
  );
  if (lacking.length > 0) return missing(`${lacking.join(', ')} not there`, cure);
  const text = readFileSync(changes, 'utf8');
  return text.includes(`## ${VERSION}`) || text.includes('## Unreleased')
    ? ok(`version ${VERSION}, in the change log`)
    : missing(`the change log does not know version ${VERSION}`, cure);
}
