import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countPlaywright, countVitest, type Counts } from './counts.ts';

export interface Step {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** The runner whose JSON report, written to this file, tells how many tests ran. */
  report?: { runner: 'vitest' | 'playwright'; file: string };
  /** Ends a step that hangs, in seconds. */
  limitS: number;
}

export interface StepResult extends Counts {
  name: string;
  ok: boolean;
  seconds: number;
  /** What it printed, on disk. */
  log: string;
}

/**
 * Runs a command to its end, its output going to a file. A step without a report counts as one test; a runner that
 * ends badly without naming a failed test, or that ran none, counts as one failure.
 */
export async function runStep(step: Step, folder: string): Promise<StepResult> {
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${step.name.replace(/\W+/g, '-')}.log`);
  if (step.report) rmSync(step.report.file, { force: true });
  const startedAt = performance.now();
  const exit = await run(step, log);
  const seconds = (performance.now() - startedAt) / 1000;
  const counts = judge(exit === 0, step.report && readReport(step.report));
  return { name: step.name, seconds, log, ok: exit === 0 && counts.failed === 0, ...counts };
}

/** Runs steps in order, at most `atOnce` at a time; a failure stops nothing. */
export async function runSteps(
  steps: readonly Step[],
  atOnce: number,
  folder: string,
  onEnd: (result: StepResult) => void,
): Promise<StepResult[]> {
  const waiting = [...steps];
  const results: StepResult[] = [];
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const result = await runStep(step, folder);
      results.push(result);
      onEnd(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** What an exit code and a report together mean. Exported for its test. */
export function judge(exitedWell: boolean, report: Counts | null | undefined): Counts {
  if (report === undefined) return { passed: exitedWell ? 1 : 0, failed: exitedWell ? 0 : 1, skipped: 0 };
  const counts = report ?? { passed: 0, failed: 0, skipped: 0 };
  const ranNothing = counts.passed + counts.failed === 0;
  const diedSilently = !exitedWell && counts.failed === 0;
  return ranNothing || diedSilently ? { ...counts, failed: counts.failed + 1 } : counts;
}

function readReport({ runner, file }: NonNullable<Step['report']>): Counts | null {
  if (!existsSync(file)) return null;
  try {
    const report: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return runner === 'vitest' ? countVitest(report) : countPlaywright(report);
  } catch {
    return null;
  }
}

/** Exit code, or null when ended by a signal. The whole process group ends when the limit is reached. */
function run(step: Step, log: string): Promise<number | null> {
  return new Promise((resolve) => {
    const output = createWriteStream(log);
    const child = spawn(step.command, step.args, {
      env: { ...process.env, FORCE_COLOR: '0', ...step.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const limit = setTimeout(() => {
      output.write(`\nended after ${step.limitS} s\n`);
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    }, step.limitS * 1000);
    const end = (code: number | null) => {
      clearTimeout(limit);
      output.end(() => resolve(code));
    };
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.once('error', (error) => {
      output.write(error.message);
      end(1);
    });
    child.once('close', end);
  });
}
