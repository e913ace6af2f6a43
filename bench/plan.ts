/**
 * `npm run bench:plan [-- --set NAME] [--seconds S] [--only REGEXP] [--seed N] [--all]`: how good plans are, how fast, how
 * much two threads help, how few vehicles do, and how little a change disrupts. NAME is X, solomon, multi-trip, prize,
 * scale, generated, fleet, threads or day. Public instances come from `REFERENCE_DATA/bench/vrp`; without that variable
 * generated ones take their place, and the gap is against a search ten times as long. A run without flags takes about
 * ten minutes of one core; its searches of five seconds see every third instance unless `--all`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  DEFAULT_STABILITY_S,
  checkSolution,
  createPlannerPool,
  parseProblem,
  sampleDay,
  sequencesOf,
  solve,
  warmUp,
} from '../server/planning/index.ts';
import type { PlannerPool, PlannerProblem, PlannerSolution } from '../server/planning/index.ts';
import { generatedInstances, readInstances } from './vrp-instances.ts';
import type { Instance } from './vrp-instances.ts';

/** Seconds a search, by set; where there are two, the second is a longer look at some of the instances. */
const SECONDS: Record<Instance['set'], number[]> = {
  X: [1, 5],
  solomon: [1, 5],
  'multi-trip': [10],
  prize: [30],
  scale: [30],
  generated: [1],
};
const LONG_LOOK_EVERY = 3;

const { values } = parseArgs({
  options: {
    set: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);

function cpuMs(): number {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1000;
}

interface SetResult {
  gaps: number[];
  iterations: number;
  searchS: number;
}

function runSet(set: string, instances: Instance[], seconds: number, all: SetResult): void {
  if (instances.length === 0) return;
  const result: SetResult = { gaps: [], iterations: 0, searchS: 0 };
  let n = 0;
  for (const instance of instances) {
    const problem = parseProblem(instance.problem);
    const solution = solve(problem, { seconds, seed, now: cpuMs });
    const faults = checkSolution(problem, solution);
    if (faults.length > 0) throw new Error(`${instance.name}: ${faults[0]}`);
    // Where nobody has published a cost, a longer search of ours has to do (at scale: three times as long).
    const longer = set === 'scale' ? 3 : 10;
    const reference =
      instance.bestKnown ??
      Math.min(
        solution.summary.objective,
        solve(problem, { seconds: longer * seconds, seed: seed + 1, now: cpuMs }).summary.objective,
      ) / instance.unit;
    const gap = 100 * (solution.summary.objective / instance.unit / reference - 1);
    const { iterations = 0, solving } = solution.summary.computing_times;
    result.gaps.push(gap);
    result.iterations += iterations;
    result.searchS += solving / 1000;
    console.log(
      `${`${++n}/${instances.length}`.padEnd(6)} ${set.padEnd(10)} ${instance.name.padEnd(12)} ` +
        `${gap.toFixed(2).padStart(6)} %  ${solution.summary.routes} routes, ` +
        `${solution.summary.unassigned} left, ${Math.round(iterations / (solving / 1000))} it/s`,
    );
  }
  console.log(
    `${set} at ${seconds} CPU s: mean ${mean(result.gaps).toFixed(3)} %, worst ${Math.max(...result.gaps).toFixed(2)} %, ` +
      `${Math.round(result.iterations / result.searchS)} it/s`,
  );
  all.gaps.push(...result.gaps);
  all.iterations += result.iterations;
  all.searchS += result.searchS;
}

/** Every vehicle dear: how many vehicles the plans of the windowed instances need. */
function runFleet(instances: Instance[], seconds: number): void {
  const needed = instances.map((instance) => {
    const vehicles = (instance.problem['vehicles'] as Record<string, unknown>[]).map((vehicle) => ({
      ...vehicle,
      costs: { fixed: 1e8 },
    }));
    const problem = parseProblem({ ...instance.problem, vehicles });
    return `${instance.name} ${solve(problem, { seconds, seed, now: cpuMs }).summary.routes}`;
  });
  if (needed.length > 0) console.log(`fewest vehicles, ${seconds} CPU s each: ${needed.join(', ')}`);
}

/** One thread beside two, on the same wall time: the mean gap of each. Only a machine with idle cores shows a difference. */
async function runThreads(instances: Instance[], seconds: number): Promise<void> {
  if (instances.length === 0) return;
  for (const threads of [1, 2]) {
    const pool = createPlannerPool({ threads });
    await pool.ready;
    const gaps: number[] = [];
    let iterations = 0;
    for (const instance of instances) {
      const { summary } = await pool.solve(parseProblem(instance.problem), { seconds, seed });
      gaps.push(100 * (summary.objective / instance.unit / (instance.bestKnown as number) - 1));
      iterations += summary.computing_times.iterations ?? 0;
    }
    await pool.close();
    console.log(
      `${threads} thread${threads > 1 ? 's' : ''} at ${seconds} s of wall time: mean ${mean(gaps).toFixed(3)} %, ` +
        `${Math.round(iterations / (seconds * instances.length))} it/s together`,
    );
  }
}

function mean(numbers: number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

function p95(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))] ?? 0);
}

/** The same problem, planned as in `solution`. */
function withPlan(problem: PlannerProblem, solution: PlannerSolution, stability: number): PlannerProblem {
  const sequences = sequencesOf(solution);
  return {
    ...problem,
    vehicles: problem.vehicles.map((vehicle) => ({ ...vehicle, steps: sequences.get(vehicle.id) ?? [] })),
    options: { ...problem.options, stability },
  };
}

function withoutVehicle(problem: PlannerProblem, id: number): PlannerProblem {
  return { ...problem, vehicles: problem.vehicles.filter((vehicle) => vehicle.id !== id) };
}

function withoutJobs(problem: PlannerProblem, share: number): PlannerProblem {
  const kept = problem.jobs.length - Math.ceil(problem.jobs.length * share);
  const known = new Set(problem.jobs.slice(0, kept).map((job) => job.id));
  return {
    ...problem,
    jobs: problem.jobs.filter((job) => known.has(job.id)),
    vehicles: problem.vehicles.map((vehicle) => ({ ...vehicle, steps: [] })),
  };
}

/** Work of the crews: travel and lateness, without the price of moving stops. */
function plainCost(solution: PlannerSolution): number {
  const { cost, lateness_cost, overtime_cost } = solution.summary;
  return cost + lateness_cost + overtime_cost;
}

interface DayResult {
  replanP95Ms: number;
  breakdownP95Ms: number;
  movedPct: number;
  extraCostPct: number;
}

/**
 * The live day: urgent stops arrive in a plan of 12 trucks and 150 stops; a truck of 20 with 400 stops breaks down.
 * `movedPct` is how many stops the stability price lets move, of those that planning anew would move.
 */
async function runDay(pool: PlannerPool): Promise<DayResult> {
  const replanMs: number[] = [];
  const breakdownMs: number[] = [];
  let moved = 0;
  let movedFreely = 0;
  const extra: number[] = [];
  for (let round = 0; round < 10; round++) {
    const day = sampleDay(12, 150, 100 + round);
    const morning = await pool.solve(withoutJobs(day, 0.05), { seconds: 1, seed });
    const started = performance.now();
    const replanned = await pool.solve(withPlan(day, morning, DEFAULT_STABILITY_S), { seconds: 0.4, seed });
    replanMs.push(performance.now() - started);
    const free = await pool.solve(withPlan(day, morning, 0), { seconds: 0.4, seed, startFrom: 'cold' });
    moved += replanned.summary.moved;
    movedFreely += free.summary.moved;
    extra.push(100 * (plainCost(replanned) / plainCost(free) - 1));
  }
  for (let round = 0; round < 6; round++) {
    const day = sampleDay(20, 400, 200 + round);
    const morning = await pool.solve(withoutJobs(day, 0), { seconds: 1, seed });
    const broken = withoutVehicle(withPlan(day, morning, DEFAULT_STABILITY_S), 1 + round);
    const started = performance.now();
    await pool.solve(broken, { seconds: 1, seed });
    breakdownMs.push(performance.now() - started);
  }
  return {
    replanP95Ms: p95(replanMs),
    breakdownP95Ms: p95(breakdownMs),
    movedPct: Number(((100 * moved) / Math.max(1, movedFreely)).toFixed(1)),
    extraCostPct: Number(mean(extra).toFixed(2)),
  };
}

const folder = process.env['REFERENCE_DATA'];
if (folder && !existsSync(join(folder, 'bench/vrp'))) {
  // Without instances every gap would be told as nought.
  console.error(`REFERENCE_DATA: there is no ${join(folder, 'bench/vrp')}`);
  process.exit(2);
}
const all: SetResult = { gaps: [], iterations: 0, searchS: 0 };
warmUp(cpuMs);
/** Fleet and threads look at the instances of other sets. */
const setToRead = values.set === 'fleet' || values.set === 'threads' ? undefined : values.set;
const instances = folder ? readInstances(join(folder, 'bench/vrp'), setToRead) : generatedInstances();
if (!folder) console.log('REFERENCE_DATA is not set: generated instances, gaps against ten times the search');
const wanted = values.only
  ? instances.filter((one) => new RegExp(values.only as string).test(one.name))
  : instances;
const every = (some: Instance[], step: number): Instance[] =>
  values.all ? some : some.filter((_, i) => i % step === 0);
const isAsked = (set: string): boolean => values.set === undefined || values.set === set;
for (const [set, looks] of Object.entries(SECONDS)) {
  if (!isAsked(set)) continue;
  const own = wanted.filter((one) => one.set === set);
  if (values.seconds !== undefined) runSet(set, own, Number(values.seconds), all);
  else looks.forEach((seconds, i) => runSet(set, i === 0 ? own : every(own, LONG_LOOK_EVERY), seconds, all));
}
const longS = Number(values.seconds ?? 5);
const windowed = wanted.filter((one) => one.set === 'solomon');
const plain = wanted.filter((one) => one.set === 'X');
if (isAsked('fleet')) runFleet(every(windowed, LONG_LOOK_EVERY), longS);
if (isAsked('threads')) await runThreads(every([...plain, ...windowed], 8), longS);
let day: DayResult | undefined;
if (values.set === undefined || values.set === 'day') {
  const pool = createPlannerPool({ threads: 2 });
  await pool.ready;
  day = await runDay(pool);
  await pool.close();
}
console.log(
  JSON.stringify({
    meanGapPct: Number(mean(all.gaps).toFixed(3)),
    worstGapPct: Number(Math.max(0, ...all.gaps).toFixed(3)),
    iterationsPerS: Math.round(all.iterations / Math.max(1e-9, all.searchS)),
    replanP95Ms: day?.replanP95Ms ?? null,
    breakdownP95Ms: day?.breakdownP95Ms ?? null,
    movedPct: day?.movedPct ?? null,
    extraCostPct: day?.extraCostPct ?? null,
  }),
);
