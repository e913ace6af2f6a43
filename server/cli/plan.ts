import { parseArgs } from 'node:util';
import { PlannerInputError, attachMatrices, needsMatrices, parseProblem, solve } from '../planning/index.ts';
import type { PlannerProblem, PlannerSolution } from '../planning/index.ts';

/**
 * `npm run plan -- [--seconds S] [--threads T] [--seed N] [--iterations N] < problem.json > solution.json`:
 * VROOM's JSON with our additions, in and out. Any bad input ends with exit code 2 and VROOM's `{code, error}`.
 */
interface PlanArguments {
  seconds: number | undefined;
  iterations: number | undefined;
  threads: number;
  seed: number;
}

function readArguments(): PlanArguments {
  const options = {
    seconds: { type: 'string' },
    threads: { type: 'string' },
    seed: { type: 'string' },
    iterations: { type: 'string' },
  } as const;
  let values: Partial<Record<keyof typeof options, string>>;
  try {
    values = parseArgs({ options }).values;
  } catch (cause) {
    throw new PlannerInputError(cause instanceof Error ? cause.message : 'bad arguments');
  }
  const seconds =
    values.seconds === undefined ? undefined : number('--seconds', values.seconds, 0.001, 86_400);
  const iterations =
    values.iterations === undefined ? undefined : integer('--iterations', values.iterations, 1e12);
  return {
    seconds: seconds ?? (iterations === undefined ? 1 : undefined),
    iterations,
    threads: Math.max(1, integer('--threads', values.threads ?? '1', 64)),
    seed: integer('--seed', values.seed ?? '1', 2 ** 32 - 1),
  };
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most)) {
    throw new PlannerInputError(`${name}: "${text}" is not a number from ${least} to ${most}`);
  }
  return value;
}

function integer(name: string, text: string, most: number): number {
  const value = number(name, text, 0, most);
  if (!Number.isInteger(value)) throw new PlannerInputError(`${name}: "${text}" is not an integer`);
  return value;
}

async function readInput(): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new PlannerInputError(`malformed JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`);
  }
}

async function withTravelTimes(problem: PlannerProblem): Promise<PlannerProblem> {
  if (!needsMatrices(problem)) return problem;
  return attachMatrices(problem, () => {
    throw new PlannerInputError('no matrices are given and no street data is at hand for the coordinates', 3);
  });
}

async function plan(): Promise<PlannerSolution> {
  const { threads: _threads, ...bounds } = readArguments();
  const problem = await withTravelTimes(parseProblem(await readInput()));
  const cpuMs = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;
  return solve(problem, { ...bounds, now: cpuMs });
}

function finish(answer: object, exitCode: number): void {
  process.exitCode = exitCode;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

try {
  finish(await plan(), 0);
} catch (cause) {
  if (cause instanceof PlannerInputError) finish({ code: cause.code, error: cause.message }, 2);
  else finish({ code: 1, error: cause instanceof Error ? cause.message : 'internal error' }, 2);
}
