/** `npm run test:db [embedded|postgres] [vitest's arguments]`: the database tests on each database there is. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../server/ops/project.ts';
import { postgresPrograms } from './database/cluster.ts';

type Kind = 'embedded' | 'postgres';
const NAMES: Record<Kind, string> = { embedded: 'the embedded database', postgres: 'PostgreSQL' };
const isKind = (word: string | undefined): word is Kind => word === 'embedded' || word === 'postgres';

function runOn(kind: Kind, vitestArgs: string[]): Promise<boolean> {
  const program = join(PROJECT_ROOT, 'node_modules/.bin/vitest');
  const child = spawn(program, ['run', '--project', 'db', ...vitestArgs], {
    cwd: PROJECT_ROOT,
    env: { ...process.env, TEST_DATABASE: kind },
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code === 0));
  });
}

const [first, ...rest] = process.argv.slice(2);
const asked = isKind(first) ? [first] : (['embedded', 'postgres'] as const);
const vitestArgs = isKind(first) || first === undefined ? rest : [first, ...rest];
const lines: string[] = [];
let ok = true;
for (const kind of asked) {
  if (kind === 'postgres' && !process.env.TEST_DATABASE_URL && !postgresPrograms()) {
    lines.push('left out: database tests on PostgreSQL (PostgreSQL with PostGIS is not installed here)');
    if (isKind(first)) ok = false; // asked for by name
    continue;
  }
  const passed = await runOn(kind, vitestArgs);
  ok = ok && passed;
  lines.push(`${passed ? 'passed' : 'FAILED'}: database tests on ${NAMES[kind]}`);
}
console.log(`\n${lines.join('\n')}`);
process.exitCode = ok ? 0 : 1;
