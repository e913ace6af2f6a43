/** `npm run test:long`: what takes over two minutes: crashes, soaks, large fuzzing. Made for the night. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../server/ops/project.ts';
import { closingLine, failures, table } from './system/report.ts';
import { runSteps, type Step } from './system/steps.ts';

const FOLDER = join(PROJECT_ROOT, 'test-results/long');
const file = join(FOLDER, 'long.json');
const LONG: Step = {
  name: 'long tests',
  command: join(PROJECT_ROOT, 'node_modules/.bin/vitest'),
  args: [
    'run',
    '--project',
    'long',
    '--no-file-parallelism',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ],
  report: { runner: 'vitest', file },
  limitS: 4 * 3_600,
};

mkdirSync(FOLDER, { recursive: true });
process.chdir(PROJECT_ROOT);
const startedAt = performance.now();
const results = await runSteps([LONG], 1, FOLDER, () => undefined);
for (const block of failures(results)) console.log(block);
console.log(`\n${table(results, (performance.now() - startedAt) / 1000)}`);
console.log(`\n${closingLine(results, 0)}`);
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
