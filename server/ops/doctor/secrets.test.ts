import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { guessable } from './secrets.ts';

const found = (env: Record<string, string>) => guessable({ config: loadConfig(env, { mode: 'test' }) });

describe('a secret that somebody could guess', () => {
  it.each([
    ['postgres://epagal:CHOOSE-ONE@db/epagal', ['the password in DATABASE_URL is easily guessed']],
    ['postgres://epagal:epagal@db/epagal', ['the password in DATABASE_URL is easily guessed']],
    ['postgres://epagal:aaaaaaaaaaaaaaaa@db/epagal', ['the password in DATABASE_URL is easily guessed']],
    ['postgres://epagal:k3-Fh2@db/epagal', ['the password in DATABASE_URL has fewer than 12 characters']],
    ['postgres://epagal@db/epagal', ['the password in DATABASE_URL is empty']],
    // The machine's own server may know its users without one.
    ['postgres://epagal@127.0.0.1/epagal', []],
    ['postgres://epagal:9f3c1b7e5d2a4860@db/epagal', []],
  ])('%s', (DATABASE_URL, expected) => {
    expect(found({ DATABASE_URL })).toEqual(expected);
  });

  it('is told by the name of its key, never by its value', () => {
    const METRICS_TOKEN = '1111111111111111';
    expect(found({ METRICS_TOKEN })).toEqual(['METRICS_TOKEN is easily guessed']);
  });
});
