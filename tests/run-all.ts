/**
 * `npm test`: every check there is, on two cores, with one table and one closing line. `npm run verify` runs those
 * that need nothing but Node: format, lint, walls, types, pure tests.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../server/ops/project.ts';
import type { MachineReport } from './system/machine.ts';
import { closingLine, failures, table } from './system/report.ts';
import { runSteps, type Step, type StepResult } from './system/steps.ts';

const FOLDER = join(PROJECT_ROOT, 'test-results/run');
const MACHINE_REPORT = join(FOLDER, 'machine.json');
const inCi = process.env.CI === 'true';

/** A tool of node_modules, run by this Node. */
const tool = (name: string, args: string[]) => ({
  command: join(PROJECT_ROOT, 'node_modules/.bin', name),
  args,
});
const script = (path: string, ...args: string[]) => ({
  command: process.execPath,
  args: ['--import', 'tsx', path, ...args],
});
const vitestJson = (name: string) => {
  const file = join(FOLDER, `${name}.json`);
  return {
    args: ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    report: { runner: 'vitest', file } as const,
  };
};

const pure = vitestJson('pure');
const embedded = vitestJson('db-embedded');
const real = vitestJson('db-real');
const browserReport = join(FOLDER, 'browser.json');

/** Nothing here minds sharing the two cores. The longest come first. */
/** What was found right before and has not changed need not be looked at again. */
const remembered = (part: string) => ['--incremental', '--tsBuildInfoFile', `.cache/${part}.tsbuildinfo`];

const CHECKS: readonly Step[] = [
  { name: 'machine', ...script('tests/system/prepare.ts', MACHINE_REPORT), limitS: 900 },
  {
    name: 'pure tests',
    ...tool('vitest', ['run', '--project', 'pure', ...pure.args]),
    report: pure.report,
    limitS: 600,
  },
  { name: 'build', ...script('server/cli/build.ts'), limitS: 600 },
  {
    name: 'lint',
    ...tool('eslint', ['--cache', '--cache-strategy', 'content', '--cache-location', '.cache/eslint', '.']),
    limitS: 600,
  },
  { name: 'types', ...tool('tsc', ['--noEmit', ...remembered('server')]), limitS: 600 },
  {
    name: 'types of the client',
    ...tool('vue-tsc', ['--noEmit', '-p', 'client/tsconfig.json', ...remembered('client')]),
    limitS: 600,
  },
  {
    name: 'walls',
    ...tool('depcruise', ['--config', '.dependency-cruiser.cjs', 'server', 'client', 'shared']),
    limitS: 600,
  },
  { name: 'format', ...tool('prettier', ['--check', '--cache', '--log-level', 'warn', '.']), limitS: 600 },
];
/** Limits end what hangs: five times what it takes on two idle cores. Those that run alone stay below 90 minutes together. */
const DB_EMBEDDED: Step = {
  name: 'database tests, embedded',
  ...script('tests/run-db.ts', 'embedded', ...embedded.args),
  report: embedded.report,
  limitS: 2_100,
};
const DB_REAL: Step = {
  name: 'database tests, PostgreSQL and Redis',
  ...script('tests/run-db.ts', 'postgres', ...real.args),
  report: real.report,
  limitS: 1_500,
};
const BROWSER: Step = {
  name: 'browser tests',
  ...tool('playwright', ['test', '--reporter=list,json']),
  env: { PLAYWRIGHT_JSON_OUTPUT_FILE: browserReport },
  report: { runner: 'playwright', file: browserReport },
  limitS: 1_200,
};

function readMachineReport(): MachineReport {
  try {
    return JSON.parse(readFileSync(MACHINE_REPORT, 'utf8')) as MachineReport;
  } catch {
    return { installed: [], leftOut: ['the machine could not be looked at'] };
  }
}

const isVerify = process.argv[2] === 'verify';
const NEEDS_MORE = new Set(['machine', 'build']);

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
process.chdir(PROJECT_ROOT);
const startedAt = performance.now();
const say = (result: StepResult) =>
  console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${result.name} (${result.seconds.toFixed(0)} s)`);

const checks = isVerify ? CHECKS.filter(({ name }) => !NEEDS_MORE.has(name)) : CHECKS;
const results = await runSteps(checks, 2, FOLDER, say);
const { leftOut } = isVerify ? { leftOut: [] } : readMachineReport();
const has = (name: string) => !leftOut.some((line) => line.startsWith(name));
const onDatabases = has('PostgreSQL') && has('Redis') ? [DB_REAL, DB_EMBEDDED] : [DB_EMBEDDED];
// Each run has two workers of its own.
if (!isVerify) results.push(...(await runSteps(onDatabases, 1, FOLDER, say)));
// Alone: a browser that draws in software and a live city want both cores.
if (!isVerify && has('Chromium')) results.push(...(await runSteps([BROWSER], 1, FOLDER, say)));

for (const block of failures(results)) console.log(`\n${block}`);
console.log(`\n${table(results, (performance.now() - startedAt) / 1000)}`);
for (const line of leftOut) console.log(`${inCi ? 'FAILED' : 'note'}: ${line}`);
const missing = inCi ? leftOut.length : 0;
console.log(`\n${closingLine(results, missing)}`);
process.exitCode = results.every((result) => result.ok) && missing === 0 ? 0 : 1;
