import { describe, expect, it } from 'vitest';
import { DomainError } from '../../shared/errors.ts';
import { createLog, logFor, type LogLevel } from './log.ts';

function captured(level: LogLevel = 'info') {
  const lines: string[] = [];
  const log = createLog({ level, version: '1.2.3', destination: { write: (line) => lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

describe('the log', () => {
  it('writes one JSON object a line with time, level, release and the subject', () => {
    const { log, last } = captured();
    const actor = { kind: 'user', id: 4, role: 'supervisor', username: 'rosa' } as const;
    logFor(log, { actor, incidentId: 7, planVersion: 12, requestId: 'r-1' }).info('stop moved');
    expect(last()).toMatchObject({
      level: 'info',
      service: 'epagal',
      version: '1.2.3',
      actor: 'rosa',
      incidentId: 7,
      planVersion: 12,
      requestId: 'r-1',
      msg: 'stop moved',
    });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it.each([
    ['a key three levels down', { a: { b: { c: { password: 'hunter-two' } } } }],
    ['a token in a list', { devices: [{ deviceToken: 'hunter-two' }] }],
    ['a header', { headers: { Authorization: 'Bearer hunter-two', cookie: 'session=hunter-two' } }],
    ['the password of a database address', { where: 'postgres://epagal:hunter-two@db/epagal' }],
    ['a query string', { url: '/gps?token=hunter-two&x=1' }],
    ['a tracker that names itself by its token', { url: '/gps/osmand?lat=1&id=hunter-two&lon=2' }],
    [
      'a request',
      { req: { method: 'GET', url: '/gps?token=hunter-two', headers: { cookie: 'hunter-two' } } },
    ],
    ['an error', { err: new Error('connect postgres://u:hunter-two@db failed') }],
    ['the detail of a domain error', { err: new DomainError('internal', 'x', { token: 'hunter-two' }) }],
    ['the cause of an error', { err: new Error('x', { cause: new Error('Bearer hunter-two-and-more') }) }],
  ])('hides a secret in %s', (_where, fields) => {
    const { log, lines } = captured();
    log.info(fields, 'with a secret');
    log.child(fields).info('bound');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('hunter-two');
    expect(lines.join('')).toContain('hidden');
  });

  it('hides a secret in the text itself', () => {
    const { log, lines } = captured();
    log.info('dialling redis://:hunter-two@cache:6379');
    expect(lines[0]).not.toContain('hunter-two');
    expect(lines[0]).toContain('cache:6379');
  });

  it('keeps stack, reason and cause of an error', () => {
    const { log, last } = captured();
    log.error({ err: new DomainError('stop-frozen', 'already driven', { stopId: 3 }) }, 'refused');
    expect(last().err).toMatchObject({
      reason: 'stop-frozen',
      message: 'already driven',
      detail: { stopId: 3 },
    });
    expect(String((last().err as { stack: string }).stack)).toContain('log.test.ts');
  });

  it('reports what nobody foresaw, with what it is about, and nothing else', () => {
    const reports: unknown[] = [];
    const log = createLog({
      level: 'info',
      destination: { write: () => undefined },
      report: (error, subject) => reports.push([error.message, subject]),
    });
    logFor(log, { incidentId: 7 }).error({ err: new TypeError('broken'), truckId: 3, note: 'x' }, 'failed');
    log.fatal(new Error('alone'));
    log.error({ err: new DomainError('stop-frozen') }, 'an answer, not a fault');
    log.warn({ err: new Error('expected') }, 'came back by itself');
    log.error('no error in it');
    expect(reports).toEqual([
      ['broken', { incidentId: 7, truckId: 3 }],
      ['alone', {}],
    ]);
  });

  it('obeys the level', () => {
    const { log, lines } = captured('warn');
    log.info('quiet');
    log.warn('loud');
    expect(lines).toHaveLength(1);
  });
});
