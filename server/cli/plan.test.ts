import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PROJECT_ROOT } from '../ops/project.ts';

const problem = JSON.stringify({
  vehicles: [{ id: 1, start_index: 0, end_index: 0, description: 'ñ' }],
  jobs: [{ id: 1, location_index: 1 }],
  matrix: [
    [0, 10],
    [10, 0],
  ],
});

/** Runs the planner's command on `input`; answers its exit code, what it wrote, and what it said beside. */
function plan(input: Buffer | string): Promise<{ exitCode: number | null; answer: unknown; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'server/cli/plan.ts', '--iterations', '5'], {
      cwd: PROJECT_ROOT,
    });
    let written = '';
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('close', (exitCode) => resolve({ exitCode, answer: JSON.parse(written), said }));
    child.stdin.end(input);
  });
}

describe('npm run plan', () => {
  it('ends without a stack where nobody reads its answer', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'server/cli/plan.ts'], { cwd: PROJECT_ROOT });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stdout.destroy();
    child.stdin.end('{}');
    const exitCode = await new Promise((resolve) => child.on('close', resolve));
    expect([exitCode, said]).toEqual([2, '']);
  });

  it('reads a file that begins with a byte order mark', async () => {
    const { exitCode, answer } = await plan(`\uFEFF${problem}`);
    expect(answer).toMatchObject({ code: 0, summary: { cost: 20 } });
    expect(exitCode).toBe(0);
  });

  it('refuses what is not UTF-8, in VROOM’s form and with exit code 2', async () => {
    const { exitCode, answer, said } = await plan(Buffer.from(problem, 'latin1'));
    expect(answer).toEqual({ code: 2, error: expect.stringMatching(/^malformed JSON: .*utf-8/i) as unknown });
    expect([exitCode, said]).toEqual([2, '']);
  });
});
