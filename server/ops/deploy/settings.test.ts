import { describe, expect, it } from 'vitest';
import { deploySettings, withoutSecrets } from './settings.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const GIVEN = {
  RENDER_API_KEY: 'rnd_key',
  RENDER_SERVICE_ID: 'srv-1',
  DEPLOY_URL: 'https://epagal.example/',
  SMOKE_TOKEN: 'token',
};
const refusal = (args: string[], env: Record<string, string>): string => {
  try {
    deploySettings(args, env);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('settings of a deploy', () => {
  it('take the commit from the workflow, and Render’s own address', () => {
    expect(deploySettings(['--env', 'staging'], { ...GIVEN, GITHUB_SHA: COMMIT })).toMatchObject({
      environment: 'staging',
      task: { kind: 'deploy', commit: COMMIT },
      url: 'https://epagal.example',
      render: { api: 'https://api.render.com/v1' },
      slackWebhook: null,
      logUrl: null,
    });
  });

  it('name each missing or malformed key at once, never its value', () => {
    const said = refusal(['--env', 'production', '--commit', 'main'], {
      RENDER_SERVICE_ID: '../other',
      DEPLOY_URL: 'ftp://user:secret@x',
    });
    expect(said.split('\n').sort()).toEqual([
      '--commit: the full commit to deploy, 40 hexadecimal digits',
      'DEPLOY_URL: malformed',
      'RENDER_API_KEY: missing',
      'RENDER_SERVICE_ID: malformed',
      'SMOKE_USERNAME and SMOKE_PASSWORD: missing (or SMOKE_TOKEN instead)',
    ]);
  });

  it.each([[[]], [['--env', 'test']], [['--env', 'staging', '--force']], [['staging']]])(
    'show how it is used: %j',
    (args) => expect(refusal(args, GIVEN)).toMatch(/^usage: npm run deploy/),
  );

  it.each([
    [['--rollback', '--commit', COMMIT], /takes no --commit/],
    [['--rollback', '--schema', '0001_x; rm -rf /'], /--schema: with --rollback/],
    [['--commit', COMMIT, '--schema', '0001_x'], /--schema: with --rollback/],
  ])('refuse %j', (args, why) => expect(refusal(['--env', 'staging', ...args], GIVEN)).toMatch(why));

  it('hide secrets wherever they stand', () => {
    expect(withoutSecrets('a key-1 b key-1key-2', ['key-1', 'key-2'])).toBe('a [hidden] b [hidden][hidden]');
    expect(withoutSecrets('a kind key', ['k'])).toBe('a kind key');
  });
});
