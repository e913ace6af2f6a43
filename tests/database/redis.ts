import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './cluster.ts';

const PROGRAM = '/usr/bin/redis-server';

export interface TestRedis {
  url: string;
  /** Ends it; `kill` at once, as a crash would. */
  stop(how?: 'kill'): Promise<void>;
  /** Its connections stand and nothing answers any more, until it is thawed. */
  freeze(): void;
  thaw(): void;
}

/** For `describe.skipIf(!hasRedis())`. */
export function hasRedis(): boolean {
  return existsSync(PROGRAM);
}

/**
 * A throw-away Redis on a random loopback port that keeps nothing on disk.
 * @throws Error when it is not installed or ends before it takes clients
 */
export async function startTestRedis(givenPort?: number): Promise<TestRedis> {
  const port = givenPort ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'epagal-redis-'));
  const server = spawn(
    PROGRAM,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const endWithUs = () => server.kill('SIGKILL');
  process.once('exit', endWithUs);
  await new Promise<void>((ready, refuse) => {
    let said = '';
    server.once('error', refuse);
    server.once('exit', () =>
      refuse(new Error(`Redis did not start: ${said.trim().split('\n').at(-1) ?? ''}`)),
    );
    server.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.includes('Ready to accept connections')) ready();
    });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async stop(how) {
      server.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
      await gone;
      process.removeListener('exit', endWithUs);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
