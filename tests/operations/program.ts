import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { DIST, PROJECT_ROOT } from '../../server/ops/project.ts';

const PAGES_LIMIT_S = 90;

type Environment = Record<string, string | undefined>;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What it printed, without line ends at the end. */
  out: string;
  complaints: string;
}

/** A command of the product as its user runs it, from the sources: `server/cli/NAME.ts ARGS`. */
function start(name: string, args: readonly string[], env: Environment): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', `server/cli/${name}.ts`, ...args], {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of the test's own surroundings.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.removeListener('exit', endWithUs));
  return child;
}

/** A server does not start without them, and a build beside the tests takes them away for a moment. */
async function pagesAreThere(): Promise<void> {
  for (let waitedS = 0; waitedS < PAGES_LIMIT_S && !existsSync(join(DIST.client, 'index.html')); waitedS += 1)
    await pause(1_000);
}

/** Runs a command to its end. */
export async function run(name: string, args: readonly string[], env: Environment): Promise<Ended> {
  if (name === 'start') await pagesAreThere();
  const child = start(name, args, env);
  let out = '';
  let complaints = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  return new Promise((resolve) =>
    child.once('close', (code, signal) =>
      resolve({ code, signal, out: out.trim(), complaints: complaints.trim() }),
    ),
  );
}

export interface Serving {
  url: string;
  pid: number;
  isRunning(): boolean;
  /** `/health` and its status code. */
  health(): Promise<{ code: number; status: string; degraded: string[] }>;
  /** A procedure as a screen calls it. */
  call(
    name: string,
    input: unknown,
    token?: string | null,
    kind?: 'query' | 'mutation',
  ): Promise<{ status: number; data: unknown; reason: string | undefined }>;
  /** The sum of the metrics whose line is like this. */
  metric(like: RegExp): Promise<number>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts the server and waits until it serves. @throws Error with what it said when it ends instead */
export async function serve(env: Environment): Promise<Serving> {
  await pagesAreThere();
  const child = start('start', [], { PUBLIC_URL: 'http://127.0.0.1', PORT: '0', ...env });
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const said: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    if (!child.stdout) throw new Error('no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const [, found] = /"url":"([^"]+)".*"msg":"ready"/.exec(line) ?? [];
      if (found) resolve(found);
    });
    void gone.then((code) => reject(new Error(`the server ended with ${code}: ${said.join('\n')}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async health() {
      const answer = await fetch(`${url}/health`);
      return { code: answer.status, ...((await answer.json()) as { status: string; degraded: string[] }) };
    },
    async call(name, input, token = null, kind = 'mutation') {
      const bearer: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
      const query = kind === 'query' ? `?input=${encodeURIComponent(JSON.stringify(input))}` : '';
      const answer = await fetch(`${url}/trpc/${name}${query}`, {
        headers: { 'content-type': 'application/json', ...bearer },
        ...(kind === 'mutation' && { method: 'POST', body: JSON.stringify(input) }),
      });
      const body = (await answer.json()) as {
        result?: { data: unknown };
        error?: { data?: { reason?: string } };
      };
      return { status: answer.status, data: body.result?.data, reason: body.error?.data?.reason };
    },
    async metric(like) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const lines = text.split('\n').filter((line) => like.test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    signal: (signal) => void child.kill(signal),
    stop() {
      child.kill('SIGTERM');
      return gone;
    },
  };
}
