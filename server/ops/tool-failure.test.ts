import { createServer, connect, type AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DomainError } from '../../shared/errors.ts';
import { ConfigError } from '../config.ts';
import { failureText, Refusal } from './tool-failure.ts';

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => new Error('it worked'),
    (error: unknown) => error,
  );

describe('what a tool says when it gives up', () => {
  it.each([
    [new Refusal('the pages are not built'), 'the pages are not built'],
    [
      new ConfigError(['PORT: must be a port number', 'HOST: missing']),
      'PORT: must be a port number\nHOST: missing',
    ],
    [new DomainError('invalid-input', 'There is no map.'), 'There is no map.'],
    [
      Object.assign(new Error('relation "x" does not exist'), { code: '42P01' }),
      'the database refused: relation "x" does not exist (42P01)',
    ],
  ])('one line for what people can mend (%#)', (error, text) => {
    expect(failureText(error)).toBe(text);
  });

  it('names the database when it cannot be reached', async () => {
    const error = await failureOf(
      new Promise((_, refuse) => connect({ port: 1, host: '127.0.0.1' }).once('error', refuse)),
    );
    expect(failureText(error)).toBe('the database refused: connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED)');
  });

  it('does not blame the database for a port or a file', async () => {
    const first = createServer();
    await new Promise<void>((ready) => first.listen(0, '127.0.0.1', ready));
    const { port } = first.address() as AddressInfo;
    const taken = await failureOf(
      new Promise((_, refuse) => createServer().once('error', refuse).listen(port, '127.0.0.1')),
    );
    first.close();
    expect(failureText(taken)).toBe(`listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
    expect(failureText(await failureOf(readFile('/nowhere')))).toMatch(/^ENOENT.*'\/nowhere'$/);
  });

  it('shows the stack of what only we can mend', () => {
    expect(failureText(new TypeError('x is not a function'))).toContain('tool-failure.test.ts');
  });
});
