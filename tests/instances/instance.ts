import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureBuilt } from '../../server/cli/build.ts';
import { DIST, PROJECT_ROOT } from '../../server/ops/project.ts';
import { openEventStream, type EventStream } from './event-stream.ts';

export interface CallAnswer {
  status: number;
  data: unknown;
  /** Why it was refused. */
  reason: string | null;
}

/** A whole server in a process of its own, started as `npm start` does. */
export interface Instance {
  url: string;
  wsUrl: string;
  /** Lines of its log, level warn and above. */
  complaints: string[];
  isRunning(): boolean;
  call(name: string, input: unknown, token: string | null, kind?: 'query' | 'mutation'): Promise<CallAnswer>;
  stream(path: string, token: string, headers?: Record<string, string>): Promise<EventStream>;
  health(): Promise<{ code: number; status: string; redis: string; database: string } | null>;
  /** Resident memory, MB, from its own metrics. */
  metric(name: string): Promise<number>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for its end. Resolves with its exit code. */
  stop(): Promise<number | null>;
}

interface Surroundings {
  databaseUrl: string;
  redisUrl?: string;
}

export async function startInstance({ databaseUrl, redisUrl }: Surroundings): Promise<Instance> {
  // A server refuses to start without its pages.
  if (!existsSync(join(DIST.client, 'index.html'))) await ensureBuilt(['client', 'map']);
  const folder = mkdtempSync(join(tmpdir(), 'epagal-instance-'));
  const child = spawn(process.execPath, ['--import', 'tsx', 'server/cli/start.ts'], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PUBLIC_URL: 'http://127.0.0.1',
      PORT: '0',
      DATA_DIR: folder,
      DATABASE_URL: databaseUrl,
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
      BACKUP_AT: 'off',
      BACKUP_UPLOAD_AT: 'off',
    },
  });
  const complaints: string[] = [];
  const gone = goneOf(child, folder);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const said = parsed(line);
      if (said.msg === 'ready' && typeof said.url === 'string') resolve(said.url);
      else if (!['info', 'debug', 30, 20].includes(said.level as never)) complaints.push(line);
    });
    void gone.then((code) => reject(new Error(`the server ended with ${code}: ${complaints.join('\n')}`)));
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return gone;
  };
  return {
    url,
    wsUrl: `${url.replace('http', 'ws')}/gps`,
    complaints,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    call: (name, input, token, kind = 'mutation') => callProcedure(url, name, input, token, kind),
    stream: (path, token, headers) => openEventStream(url, path, token, headers),
    async health() {
      const answer = await fetch(`${url}/health`).catch(() => null);
      if (answer === null) return null;
      return {
        code: answer.status,
        ...((await answer.json()) as { status: string; redis: string; database: string }),
      };
    },
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.+)$`, 'm').exec(text)?.[1] ?? NaN);
    },
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}

function goneOf(child: ChildProcess, folder: string): Promise<number | null> {
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      process.removeListener('exit', endWithUs);
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}

async function callProcedure(
  url: string,
  name: string,
  input: unknown,
  token: string | null,
  kind: 'query' | 'mutation',
): Promise<CallAnswer> {
  const bearer: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const query =
    kind === 'query' && input !== undefined ? `?input=${encodeURIComponent(JSON.stringify(input))}` : '';
  const answer = await fetch(`${url}/trpc/${name}${query}`, {
    method: kind === 'query' ? 'GET' : 'POST',
    headers: kind === 'query' ? bearer : { ...bearer, 'content-type': 'application/json' },
    ...(kind === 'query' ? {} : { body: JSON.stringify(input ?? {}) }),
  });
  const body = (await answer.json()) as {
    result?: { data: unknown };
    error?: { data?: { reason?: string } };
  };
  return {
    status: answer.status,
    data: body.result?.data,
    reason: body.error ? (body.error.data?.reason ?? 'unknown') : null,
  };
}
