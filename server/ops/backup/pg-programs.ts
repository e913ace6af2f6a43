import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { BackupError } from './format.ts';

/** PostgreSQL's own client programs of one version. */
export interface PgPrograms {
  /** Major version: reads servers up to it. */
  major: number;
  pgDump: string;
  pgRestore: string;
  psql: string;
}

const DEBIAN_ROOT = '/usr/lib/postgresql';
const ask = promisify(execFile);

/**
 * The newest client programs on this machine that are at least of `serverMajor`: pg_dump refuses a newer server.
 * Looks on the path and where Debian keeps them. @returns null when there are none
 */
export async function findPgPrograms(serverMajor = 0): Promise<PgPrograms | null> {
  const debian = existsSync(DEBIAN_ROOT)
    ? readdirSync(DEBIAN_ROOT).map((version) => join(DEBIAN_ROOT, version, 'bin'))
    : [];
  const folders = [...debian, ...(process.env.PATH ?? '').split(delimiter)].filter((folder) =>
    ['pg_dump', 'pg_restore', 'psql'].every((name) => existsSync(join(folder, name))),
  );
  const found: PgPrograms[] = [];
  for (const folder of new Set(folders)) {
    const { stdout } = await ask(join(folder, 'pg_dump'), ['--version']).catch(() => ({ stdout: '' }));
    const major = Number(/\s(\d+)/.exec(stdout)?.[1] ?? 0);
    if (major < serverMajor || major === 0) continue;
    found.push({
      major,
      pgDump: join(folder, 'pg_dump'),
      pgRestore: join(folder, 'pg_restore'),
      psql: join(folder, 'psql'),
    });
  }
  return found.toSorted((a, b) => b.major - a.major)[0] ?? null;
}

/** A database's address as the environment of PostgreSQL's programs: a password on a command line is public. */
export function pgEnvironment(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  const sslMode = url.searchParams.get('sslmode');
  return Object.fromEntries(
    Object.entries({
      PGHOST: url.searchParams.get('host') ?? decodeURIComponent(url.hostname),
      PGPORT: url.port,
      PGUSER: decodeURIComponent(url.username),
      PGPASSWORD: decodeURIComponent(url.password),
      PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
      PGSSLMODE: sslMode ?? '',
      PGAPPNAME: 'epagal-tool',
      PGCONNECT_TIMEOUT: '10',
    }).filter(([, value]) => value !== ''),
  );
}

/** A program that runs: its end, and what it complained of. */
export interface Running {
  child: ChildProcess;
  /** Resolves at its good end. @throws BackupError with its last complaint otherwise */
  ended: Promise<void>;
}

/** Starts a program; `stdio` says which of its streams are wanted. Exit codes in `accept` are good ends. */
export function run(
  file: string,
  args: readonly string[],
  options: {
    env?: Record<string, string>;
    stdin?: boolean;
    stdout?: boolean;
    accept?: readonly number[];
  } = {},
): Running {
  const stdio: StdioOptions = [options.stdin ? 'pipe' : 'ignore', options.stdout ? 'pipe' : 'ignore', 'pipe'];
  const child = spawn(file, args, { env: { ...process.env, LC_ALL: 'C', ...options.env }, stdio });
  let complaints = '';
  child.stderr?.on(
    'data',
    (chunk: Buffer) => (complaints = `${complaints}${chunk.toString()}`.slice(-8_000)),
  );
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new BackupError(`${file}: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code !== null && [0, ...(options.accept ?? [])].includes(code)) resolve();
      else reject(new BackupError(complaintOf(complaints) || `${file} ended with ${code ?? signal}`));
    });
  });
  // Whoever never waits for a failed program must not bring the process down.
  ended.catch(() => undefined);
  return { child, ended };
}

/** The first error of many, in one line: those that follow are its consequences. */
function complaintOf(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((candidate) => /error|fatal|cannot/i.test(candidate)) ?? lines.at(-1) ?? '';
  return line.replace(/^([\w/.-]+: ?)?(<stdin>:\d+: )?(error:|ERROR:|FATAL:)?\s*/, '').trim();
}
