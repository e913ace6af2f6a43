import { describe, expect, it } from 'vitest';
import { withSecretFiles } from './secret-files.ts';

const files: Record<string, string> = {
  '/run/secrets/url': 'postgres://db/epagal\n',
  '/run/secrets/empty': '\n',
};
const read = (path: string) => {
  const text = files[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};

describe('secrets in files', () => {
  it('puts the content in place of the name', () => {
    expect(withSecretFiles({ DATABASE_URL_FILE: '/run/secrets/url', PORT: '1' }, read)).toEqual({
      env: { DATABASE_URL: 'postgres://db/epagal', PORT: '1' },
      problems: [],
    });
  });

  it('leaves other keys alone, whatever their name', () => {
    const env = { LOG_FILE: '/var/log/x', DATABASE_URL: 'postgres://db' };
    expect(withSecretFiles(env, read)).toEqual({ env, problems: [] });
  });

  it.each([
    [{ DATABASE_URL_FILE: '/nowhere' }, 'DATABASE_URL_FILE: /nowhere cannot be read'],
    [{ DATABASE_URL_FILE: '/run/secrets/empty' }, 'DATABASE_URL_FILE: /run/secrets/empty is empty'],
    [
      { METRICS_TOKEN_FILE: '/run/secrets/url', METRICS_TOKEN: 'x' },
      'METRICS_TOKEN_FILE: contradicts METRICS_TOKEN; set one of them',
    ],
  ])('says in one line what is wrong with %o', (env, line) => {
    expect(withSecretFiles(env, read).problems).toEqual([line]);
  });
});
