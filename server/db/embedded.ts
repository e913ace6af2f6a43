import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { userInfo } from 'node:os';
import type { Logger } from '../ops/log.ts';
import type { FromEmbedded, ToEmbedded } from './embedded-process.ts';

export interface EmbeddedOptions {
  /** Folder of the database; made when missing. The caller's DATA_DIR. */
  dataDir: string;
  log: Logger;
  /** Called when the database died again and again and is given up. */
  onGivenUp?: () => void;
}

export interface Embedded {
  /** For postgres.js: `postgres({ path, user, database })`. */
  connection: { path: string; user: string; database: string };
  /** Version of the engine, such as 18.3. */
  version: string;
  /** Process id of the database, for health reports and tests. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** The database could not be opened; the message is one line for people. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}

const SOCKET_NAME = '.s.PGSQL.5432'; // psql's own name for it: `psql -h FOLDER -U postgres` finds it
const MAX_SOCKET_PATH_BYTES = 107; // sockaddr_un, less its final zero
const STOP_TIMEOUT_MS = 20_000;
/** A statement cannot be stopped in there: after so long without a sign of life the process is ended. */
const SILENCE_CHECK_MS = 5_000;
const SILENT_CHECKS_BEFORE_END = 36;
const RESTARTS_BEFORE_GIVING_UP = 5;
const RESTART_WINDOW_MS = 60_000;

/** Beside the data; in the system's short temporary folder when that path is too long for a socket. */
export function socketPathFor(dataDir: string): string {
  const beside = join(dataDir, SOCKET_NAME);
  if (Buffer.byteLength(beside) <= MAX_SOCKET_PATH_BYTES) return beside;
  const short = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return join(tmpdir(), `epagal-${userInfo().uid}-${short}`, SOCKET_NAME);
}

/** From source through tsx, from a bundle as the file beside this one. */
function startProcess(dataDir: string, socketPath: string): ChildProcess {
  const fromSource = import.meta.url.endsWith('.ts');
  const entry = fileURLToPath(
    new URL(fromSource ? './embedded-process.ts' : './embedded-process.js', import.meta.url),
  );
  const loader = fromSource ? pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href : null;
  return fork(entry, [dataDir, socketPath], {
    execArgv: loader ? ['--import', loader] : [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/**
 * Starts the embedded database in a process of its own and waits until it takes clients. Should it die, it is started
 * again and recovers from its log; clients reconnect.
 * @throws EmbeddedError when the folder is in use or cannot be opened
 */
export async function startEmbedded({ dataDir, log, onGivenUp }: EmbeddedOptions): Promise<Embedded> {
  const folder = resolve(dataDir);
  const socketPath = socketPathFor(folder);
  let child: ChildProcess;
  let stopping = false;
  let deaths: number[] = [];

  async function launch(): Promise<string> {
    child = startProcess(folder, socketPath);
    const version = await untilReady(child, log);
    const stopWatching = watchSigns(child, log);
    child.once('exit', (code, signal) => {
      stopWatching();
      if (stopping) return;
      log.error({ code, signal }, 'the embedded database ended unexpectedly and is started again');
      revive();
    });
    // The server lives as long as its own work, not as long as its database.
    child.unref();
    child.channel?.unref();
    return version;
  }

  function revive(): void {
    const now = performance.now();
    deaths = [...deaths.filter((at) => now - at < RESTART_WINDOW_MS), now];
    if (deaths.length > RESTARTS_BEFORE_GIVING_UP) {
      log.fatal({ deaths: deaths.length }, 'the embedded database cannot be kept running');
      onGivenUp?.();
      return;
    }
    launch().catch((error: unknown) => {
      log.error({ error }, 'the embedded database did not start again');
      if (!stopping) revive();
    });
  }

  const version = await launch();
  return {
    connection: { path: socketPath, user: 'postgres', database: 'postgres' },
    version,
    pid: () => child.pid,
    async stop() {
      if (stopping) return;
      stopping = true;
      await end(child);
    },
  };
}

function untilReady(child: ChildProcess, log: Logger): Promise<string> {
  return new Promise((ready, refuse) => {
    let complaint = '';
    child.stderr?.on('data', (text: Buffer) => {
      complaint = (complaint + text.toString()).slice(-4_000);
    });
    child.on('message', (message: FromEmbedded) => {
      if (message.type === 'ready') ready(message.version);
      else if (message.type === 'refused') refuse(new EmbeddedError(message.message));
      else if (message.type === 'log') log[message.level](message.fields, message.message);
    });
    child.once('error', (error) =>
      refuse(new EmbeddedError(`the database process did not start: ${error.message}`)),
    );
    child.once('exit', (code) => {
      refuse(
        new EmbeddedError(
          `the database process ended with ${code}: ${complaint.trim().split('\n').at(-1) ?? ''}`,
        ),
      );
    });
  });
}

/** Counts checks rather than time, so that a machine that slept does not end its database on waking. */
function watchSigns(child: ChildProcess, log: Logger): () => void {
  let silent = 0;
  child.on('message', () => {
    silent = 0;
  });
  const timer = setInterval(() => {
    silent += 1;
    if (silent < SILENT_CHECKS_BEFORE_END) return;
    log.error({ pid: child.pid }, 'the embedded database is stuck in a statement and is ended');
    child.kill('SIGKILL');
  }, SILENCE_CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const last = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  if (child.connected) child.send({ type: 'stop' } satisfies ToEmbedded);
  else child.kill('SIGKILL');
  await gone;
  clearTimeout(last);
}
