import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const FOLDER = join(PROJECT_ROOT, '.github/workflows');
const SECRET = /\{\{ secrets\.\w+/g;
const step = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const workflow = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  concurrency: z.object({ group: z.string(), 'cancel-in-progress': z.boolean() }).optional(),
  jobs: z.record(z.string(), z.looseObject({ 'timeout-minutes': z.number(), steps: z.array(step) })),
});
const { scripts } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const all = readdirSync(FOLDER).map((name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  return { name, text, content: workflow.parse(parse(text)) };
});

describe.each(all)('.github/workflows/$name', ({ content }) => {
  const steps = Object.values(content.jobs).flatMap((job) => job.steps);

  it('may read the code and nothing else', () => {
    expect(content.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(content.jobs)) expect(job.permissions).toBeUndefined();
    expect(content.on).not.toHaveProperty('pull_request_target');
  });

  it('hands a secret only to the one step that needs it, in a job of a protected environment', () => {
    for (const job of Object.values(content.jobs)) {
      const whole = JSON.stringify(job).match(SECRET) ?? [];
      const inSteps = job.steps.flatMap((one) => JSON.stringify(one.env ?? {}).match(SECRET) ?? []);
      expect(whole).toEqual(inSteps);
      if (whole.length > 0) {
        expect(job.environment).toBeDefined();
        expect(job.steps.filter((one) => JSON.stringify(one).match(SECRET)).length).toBe(1);
      }
    }
  });

  it('keeps no key of the repository after the checkout', () => {
    const checkouts = steps.filter((one) => one.uses?.startsWith('actions/checkout@'));
    expect(checkouts.length).toBe(Object.keys(content.jobs).length);
    for (const one of checkouts) expect(one.with).toMatchObject({ 'persist-credentials': false });
  });

  it('runs once at a time for one thing', () => {
    expect(content.concurrency?.group).toBeTruthy();
  });

  it('runs other people’s images by digest', () => {
    for (const { run = '' } of steps)
      for (const [, image = ''] of run.matchAll(
        /docker run .*?([\w./-]+:[\w.-]+(?:@sha256:[0-9a-f]{64})?)\s+(?:image|config) /gs,
      ))
        expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  it('calls only commands that are there', () => {
    for (const { run = '' } of steps) {
      for (const [, name = ''] of run.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name]);
      for (const [, path = ''] of run.matchAll(/node --import tsx (\S+)/g))
        expect(existsSync(join(PROJECT_ROOT, path)), path).toBe(true);
    }
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

describe('.github/workflows/cd.yml', () => {
  const cd = all.find(({ name }) => name === 'cd.yml')!;
  const job = cd.content.jobs.deploy!;

  it('follows a good run of ci on a push of ours to develop or main, or a hand', () => {
    expect(cd.content.on).toMatchObject({
      workflow_run: { workflows: ['ci'], types: ['completed'], branches: ['main', 'develop'] },
      workflow_dispatch: {},
    });
    const condition = String(job.if);
    for (const part of [
      "workflow_run.conclusion == 'success'",
      "workflow_run.event == 'push'",
      'workflow_run.head_repository.full_name == github.repository',
      'contains(fromJSON(\'["main", "develop"]\')',
    ])
      expect(condition).toContain(part);
    expect(all.map(({ content }) => content.name)).toContain('ci');
  });

  it('sends main to production and everything else to staging, one at a time, never cut off', () => {
    const chosen = "== 'main' && 'production' || 'staging' }}";
    expect(job.environment).toMatchObject({ name: expect.stringContaining(chosen) as string });
    expect(job.steps.at(-1)?.env?.DEPLOY_ENVIRONMENT).toContain(chosen);
    expect(cd.content.concurrency).toMatchObject({ 'cancel-in-progress': false });
  });

  it('only calls the program, which can wait longer than it ever does', () => {
    expect(job.steps.at(-1)?.run).toContain(
      'npm run deploy -- --env "$DEPLOY_ENVIRONMENT" --commit "$DEPLOY_COMMIT"',
    );
    expect(job['timeout-minutes']).toBeGreaterThanOrEqual(90);
    expect(cd.text).not.toMatch(/\bsleep\b|\bcurl\b/);
  });
});

it('every night the long tests run and a backup is restored', () => {
  const nightly = all.find(({ name }) => name === 'nightly.yml')!;
  expect(nightly.content.on).toHaveProperty('schedule');
  const commands = Object.values(nightly.content.jobs).flatMap((job) =>
    job.steps.map((one) => one.run ?? ''),
  );
  expect(commands).toContain('npm run test:long');
  expect(commands.some((command) => command.startsWith('npm run restore:check -- "s3://'))).toBe(true);
});

it('dependencies and image are audited each day and at each change', () => {
  const audit = all.find(({ name }) => name === 'audit.yml')!;
  expect(Object.keys(audit.content.on).toSorted()).toEqual([
    'pull_request',
    'push',
    'schedule',
    'workflow_dispatch',
  ]);
  const commands = Object.values(audit.content.jobs).flatMap((job) => job.steps.map((one) => one.run ?? ''));
  expect(commands).toContain('npm audit --omit=dev --audit-level=high');
  expect(commands.some((command) => /aquasec\/trivy:.* image /s.test(command))).toBe(true);
});
