import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DIST, PROJECT_ROOT } from '../ops/project.ts';
import {
  PlannerInputError,
  attachMatrices,
  createPlannerPool,
  needsMatrices,
  parseProblem,
  solve,
  warmUp,
} from '../planning/index.ts';
import type { PlannerProblem, PlannerSolution } from '../planning/index.ts';
import { openMap } from '../roads/open-map.ts';
import { createRoads, httpTransport, workerTransport } from '../roads/osrm-client.ts';
import type { Roads } from '../roads/roads.ts';
import { addGeometry, routerProfile } from './plan-geometry.ts';
import { threadsFor } from './plan-threads.ts';

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
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new PlannerInputError(`malformed JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`);
  }
}

/** The router named by `OSRM_URL`, else the embedded one on the map at hand. */
async function openRoads(): Promise<Roads> {
  const osrmUrl = process.env['OSRM_URL'];
  const transport = osrmUrl ? httpTransport(osrmUrl) : workerTransport(await graphFile());
  return createRoads(transport, { engine: osrmUrl ? 'osrm' : 'embedded', now: () => performance.now() });
}

function withTravelTimes(problem: PlannerProblem, roads: Roads): Promise<PlannerProblem> {
  return attachMatrices(problem, async (profile, coordinates) => {
    const table = await roads.table(coordinates, { profile: routerProfile(profile) });
    if (table.degraded) throw new PlannerInputError('the router does not answer', 3);
    return { durations: table.durationsS.map(wholeNumbers), distances: table.distancesM.map(wholeNumbers) };
  });
}

function wholeNumbers(row: number[]): number[] {
  return row.map(Math.round);
}

async function graphFile(): Promise<string> {
  const shipped = existsSync(DIST.map) ? DIST.map : join(PROJECT_ROOT, 'server/roads/synthetic');
  const silent = { info: () => undefined, warn: () => undefined };
  try {
    return (await openMap(process.env['DATA_DIR'] ?? join(PROJECT_ROOT, '.data'), shipped, silent)).graphFile;
  } catch (cause) {
    throw new PlannerInputError(cause instanceof Error ? cause.message : 'there is no map', 3);
  }
}

async function plan(): Promise<PlannerSolution> {
  const bounds = readArguments();
  const problem = parseProblem(await readInput());
  const isPlaced = needsMatrices(problem);
  const isDrawn = problem.options.g && problem.jobs.some((job) => job.location);
  if (!isPlaced && !isDrawn) return search(problem, bounds);
  const roads = await openRoads();
  try {
    const timed = isPlaced ? await withTravelTimes(problem, roads) : problem;
    const solution = await search(timed, bounds);
    if (isDrawn) await addGeometry(timed, solution, roads, () => performance.now());
    return solution;
  } finally {
    await roads.close();
  }
}

async function search(
  problem: PlannerProblem,
  { threads: asked, ...bounds }: PlanArguments,
): Promise<PlannerSolution> {
  const threads = threadsFor(asked, bounds, availableParallelism());
  if (threads > 1) {
    const pool = createPlannerPool({ threads });
    try {
      await pool.ready;
      return await pool.solve(problem, bounds);
    } finally {
      await pool.close();
    }
  }
  // Until the compiler has seen the search it runs ten times slower: that is start-up, not search.
  warmUp(cpuMs);
  return solve(problem, { ...bounds, now: cpuMs });
}

function cpuMs(): number {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1000;
}

function finish(answer: object, exitCode: number): void {
  process.exitCode = exitCode;
  // A reader that goes away has read enough; a full disk is worth a word, and neither a stack.
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    process.exitCode = 2;
    if (cause.code !== 'EPIPE') process.stderr.write(`the answer cannot be written: ${cause.message}\n`);
  });
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

try {
  finish(await plan(), 0);
} catch (cause) {
  if (cause instanceof PlannerInputError) finish({ code: cause.code, error: cause.message }, 2);
  else finish({ code: 1, error: cause instanceof Error ? cause.message : 'internal error' }, 2);
}
