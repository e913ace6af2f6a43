import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog, logFor } from './log.ts';
import { createVerbosity } from './verbosity.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('how much the log says', () => {
  it('changes for lines of loggers made before, and returns by itself', () => {
    const verbosity = createVerbosity('info');
    const lines: string[] = [];
    const log = createLog({
      level: 'info',
      verbosity: verbosity.level,
      destination: { write: (line) => lines.push(line) },
    });
    const child = logFor(log, { truckId: 3 });
    child.debug('unheard');
    verbosity.set('debug', 60_000);
    child.debug('heard');
    vi.advanceTimersByTime(60_000);
    child.debug('unheard again');
    child.info('always');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['heard', 'always']);
    expect(verbosity.untilMs()).toBeNull();
  });

  it('reports errors also when silent', () => {
    const reports: string[] = [];
    const verbosity = createVerbosity('silent');
    const lines: string[] = [];
    const log = createLog({
      level: 'silent',
      verbosity: verbosity.level,
      report: (error) => reports.push(error.message),
      destination: { write: (line) => lines.push(line) },
    });
    log.error({ err: new Error('lost') }, 'failed');
    expect([reports, lines]).toEqual([['lost'], []]);
  });

  it('is toggled to debug and back', () => {
    const verbosity = createVerbosity('warn');
    expect([verbosity.toggle(), verbosity.toggle()]).toEqual(['debug', 'warn']);
    expect(verbosity.untilMs()).toBeNull();
  });
});
