import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const FOLDER = join(PROJECT_ROOT, '.github/workflows');
const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() });
const workflow = z.looseObject({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), z.looseObject({ 'timeout-minutes': z.number(), steps: z.array(step) })),
});
const all = readdirSync(FOLDER).map((name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  return { name, text, content: workflow.parse(parse(text)) };
});

describe.each(all)('.github/workflows/$name', ({ text, content }) => {
  const steps = Object.values(content.jobs).flatMap((job) => job.steps);

  it('may read the code and nothing else', () => {
    expect(content.permissions).toEqual({ contents: 'read' });
    expect(text).not.toMatch(/\$\{\{\s*secrets\./);
  });

  it('names every action by its full commit', () => {
    const used = steps.flatMap((one) => one.uses ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
  });

  it('never runs text that a stranger may write', () => {
    for (const { run } of steps) expect(run ?? '').not.toMatch(/\$\{\{/);
  });
});

it('every push runs .ci/run, which runs everything', () => {
  const ci = all.find(({ name }) => name === 'ci.yml');
  const commands = Object.values(ci?.content.jobs ?? {}).flatMap((job) => job.steps.map((one) => one.run));
  expect(commands).toContain('bash .ci/run');
  const script = readFileSync(join(PROJECT_ROOT, '.ci/run'), 'utf8');
  expect(script).toMatch(/^set -euo pipefail$/m);
  expect(script).toMatch(/^npm ci$/m);
  expect(script).toMatch(/^npm test$/m);
});
