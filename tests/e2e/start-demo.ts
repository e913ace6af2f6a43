import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import { startReportInbox } from './report-inbox.ts';

const READY = /\bready (https?:\/\/\S+)/;
const READY_LIMIT_MS = 360_000; // a first start builds the client
const STOP_LIMIT_MS = 15_000;
const LOG = join(PROJECT_ROOT, 'test-results/demo.log');

/** Starts the demo and sets E2E_URL; what it returns stops it. E2E_URL set beforehand names a server already running. */
export default async function startDemo(): Promise<() => Promise<void>> {
  if (process.env.E2E_URL) return () => Promise.resolve();
  const reports = await startReportInbox();
  process.env.E2E_REPORTS_URL = reports.url;
  const dataDir = mkdtempSync(join(tmpdir(), 'epagal-e2e-'));
  mkdirSync(join(PROJECT_ROOT, 'test-results'), { recursive: true });
  const log = createWriteStream(LOG);
  const demo = spawn(process.execPath, ['--import', 'tsx', 'server/cli/demo.ts'], {
    cwd: PROJECT_ROOT,
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: dataDir,
      DEMO_SEED: '1',
      NO_COLOR: '1',
      SENTRY_DSN: `${reports.url.replace('://', '://publickey@')}/42`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  demo.stderr.pipe(log, { end: false });
  const stop = async () => {
    await end(demo);
    await reports.close();
    log.end();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    process.env.E2E_URL = await readyUrl(demo, (line) => log.write(`${line}\n`));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function readyUrl(
  demo: ChildProcess & { stdout: NodeJS.ReadableStream },
  keep: (line: string) => void,
): Promise<string> {
  return new Promise((ready, refuse) => {
    const limit = setTimeout(
      () => refuse(new Error(`the demo was not ready after ${READY_LIMIT_MS / 1000} s: see ${LOG}`)),
      READY_LIMIT_MS,
    );
    createInterface({ input: demo.stdout }).on('line', (line) => {
      keep(line);
      const url = READY.exec(line)?.[1];
      if (!url) return;
      clearTimeout(limit);
      ready(url.replace(/\/$/, ''));
    });
    demo.once('exit', (code) => {
      clearTimeout(limit);
      refuse(new Error(`the demo ended with ${code} before it was ready: see ${LOG}`));
    });
  });
}

async function end(demo: ChildProcess): Promise<void> {
  if (demo.exitCode !== null || demo.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => demo.once('exit', () => resolve()));
  demo.kill('SIGTERM');
  const last = setTimeout(() => demo.kill('SIGKILL'), STOP_LIMIT_MS);
  await gone;
  clearTimeout(last);
}
