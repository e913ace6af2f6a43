import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { countPlaywright, countVitest } from './counts.ts';
import { closingLine, failures, table } from './report.ts';
import { judge, runSteps, type Step } from './steps.ts';

const folder = mkdtempSync(join(tmpdir(), 'steps-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sh = (name: string, script: string, more: Partial<Step> = {}): Step => ({
  name,
  command: 'sh',
  args: ['-c', script],
  limitS: 20,
  ...more,
});
const none = { passed: 0, failed: 0, skipped: 0 };

describe('judging a step', () => {
  it.each([
    ['a plain step that ended well', true, undefined, { passed: 1, failed: 0, skipped: 0 }],
    ['a plain step that did not', false, undefined, { passed: 0, failed: 1, skipped: 0 }],
    ['a runner whose tests passed', true, { ...none, passed: 9 }, { ...none, passed: 9 }],
    [
      'a runner with a failed test',
      false,
      { passed: 8, failed: 1, skipped: 0 },
      { passed: 8, failed: 1, skipped: 0 },
    ],
    [
      'a runner that died after its tests passed',
      false,
      { ...none, passed: 9 },
      { ...none, passed: 9, failed: 1 },
    ],
    ['a runner that ran nothing', true, none, { ...none, failed: 1 }],
    ['a runner that wrote no report', true, null, { ...none, failed: 1 }],
  ])('%s', (_name, exitedWell, report, expected) => {
    expect(judge(exitedWell, report)).toEqual(expected);
  });
});

describe('counting', () => {
  it('reads vitest, and a file that broke before its first test as one failure', () => {
    const counts = countVitest({
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 0,
      testResults: [
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
        { status: 'failed', assertionResults: [{ status: 'failed' }] },
        { status: 'failed', assertionResults: [] },
      ],
    });
    expect(counts).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it('reads Playwright, and a flaky test as a failed one', () => {
    const report = { stats: { expected: 4, unexpected: 1, flaky: 1, skipped: 3 }, errors: [{}] };
    expect(countPlaywright(report)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });
});

describe('running steps', () => {
  it('goes on after a failure, keeps what was printed, and reads reports', async () => {
    const file = join(folder, 'report.json');
    const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1 };
    const steps = [
      sh('breaks', 'echo the reason; exit 3'),
      sh('works', 'echo fine'),
      sh('counts', `echo '${JSON.stringify(report)}' > ${file}`, { report: { runner: 'vitest', file } }),
      sh('not there', '', { command: '/no/such/program' }),
    ];
    const ended: string[] = [];
    const results = await runSteps(steps, 1, folder, (result) => ended.push(result.name));

    expect(ended).toEqual(['breaks', 'works', 'counts', 'not there']);
    expect(results.map((result) => result.ok)).toEqual([false, true, true, false]);
    expect(readFileSync(results[0]?.log ?? '', 'utf8')).toContain('the reason');
    expect(failures(results)[0]).toContain('the reason');
    expect(closingLine(results, 0)).toBe('4 passed, 2 failed, 1 skipped');
    expect(closingLine(results.slice(1, 2), 1)).toBe('1 passed, 1 failed');
    expect(table(results, 12).split('\n').at(-1)).toMatch(/^together +4 +2 +1 +12\.0$/);
  });

  it('does not take the report of an earlier run for its own', async () => {
    const file = join(folder, 'stale.json');
    writeFileSync(file, JSON.stringify({ numPassedTests: 3, numFailedTests: 0, numPendingTests: 0 }));
    const [result] = await runSteps(
      [sh('stale', 'true', { report: { runner: 'vitest', file } })],
      1,
      folder,
      () => undefined,
    );
    expect(result).toMatchObject({ ok: false, passed: 0, failed: 1 });
  });

  it('ends a step that hangs, with what it started', async () => {
    const [result] = await runSteps(
      [sh('hangs', 'sleep 60 & wait', { limitS: 0.2 })],
      1,
      folder,
      () => undefined,
    );
    expect(result).toMatchObject({ ok: false, failed: 1 });
    expect(result?.seconds).toBeLessThan(45);
    expect(readFileSync(result?.log ?? '', 'utf8')).toContain('ended after 0.2 s');
  });

  it('runs two at a time', async () => {
    const meet = (name: string, mine: string, other: string) =>
      sh(name, `: > ${folder}/${mine}; until [ -e ${folder}/${other} ]; do sleep 0.05; done`);
    const results = await runSteps(
      [meet('a', 'a.here', 'b.here'), meet('b', 'b.here', 'a.here')],
      2,
      folder,
      () => undefined,
    );
    expect(results.map((result) => result.ok)).toEqual([true, true]);
  });
});
