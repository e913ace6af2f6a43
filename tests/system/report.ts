import { readFileSync } from 'node:fs';
import { sum } from './counts.ts';
import type { StepResult } from './steps.ts';

const TAIL_LINES = 80;

/** One row a step, with what it counted and how long it took. */
export function table(results: readonly StepResult[], wallS: number): string {
  const width = Math.max(...results.map((result) => result.name.length), 'together'.length);
  const row = (name: string, a: string, b: string, c: string, d: string) =>
    `${name.padEnd(width)} ${a.padStart(8)} ${b.padStart(8)} ${c.padStart(8)} ${d.padStart(8)}`;
  const total = sum(results);
  return [
    row('step', 'passed', 'failed', 'skipped', 'seconds'),
    ...results.map((r) => row(r.name, `${r.passed}`, `${r.failed}`, `${r.skipped}`, r.seconds.toFixed(1))),
    row('together', `${total.passed}`, `${total.failed}`, `${total.skipped}`, wallS.toFixed(1)),
  ].join('\n');
}

/** For each failed step the end of what it printed. */
export function failures(results: readonly StepResult[]): string[] {
  return results
    .filter((result) => !result.ok)
    .map((result) => {
      const lines = readFileSync(result.log, 'utf8').trimEnd().split('\n');
      return [`--- ${result.name}: the end of ${result.log}`, ...lines.slice(-TAIL_LINES)].join('\n');
    });
}

/** The line a reader or a machine looks for: `N passed, N failed`. */
export function closingLine(results: readonly StepResult[], missing: number): string {
  const { passed, failed, skipped } = sum(results);
  return `${passed} passed, ${failed + missing} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
