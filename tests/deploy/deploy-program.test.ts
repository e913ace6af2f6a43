import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { API_KEY, startStandIn, type StandIn } from '../../server/ops/deploy/render-stand-in.ts';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

/** The program as the workflow starts it, in a process of its own, against a Render of our own. */
const FORMER = 'a'.repeat(40);
const NEWER = 'b'.repeat(40);
let standIn: StandIn;
beforeEach(async () => {
  standIn = await startStandIn(FORMER);
  [standIn.nextCourse, standIn.rollbackCourse, standIn.jobCourse] = [['live'], ['live'], ['succeeded']];
});
afterEach(() => standIn.close());

function deploy(args: string[], env: Record<string, string> = {}): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'server/cli/deploy.ts', ...args], {
    cwd: PROJECT_ROOT,
    env: {
      PATH: process.env.PATH,
      RENDER_API_KEY: API_KEY,
      RENDER_SERVICE_ID: 'srv-test',
      RENDER_API_URL: standIn.api,
      DEPLOY_URL: standIn.url,
      SMOKE_USERNAME: 'smoke',
      SMOKE_PASSWORD: 'smoke-password',
      SLACK_WEBHOOK_URL: standIn.slack,
      GITHUB_SHA: NEWER,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

const SECRETS = /rnd_secret|smoke-password|secret-hook|session-token/;

it('deploys the workflow’s commit, tells the team, ends with 0', async () => {
  const { code, output } = await deploy(['--env', 'production']);
  expect(output).toContain('bbbbbbb is live and answers');
  expect(code).toBe(0);
  expect(standIn.notices).toEqual([
    'EPAGAL production: :white_check_mark: deployed\nbbbbbbb is live and answers',
  ]);
  expect(output + standIn.notices.join()).not.toMatch(SECRETS);
});

it('rolls a bad release back, tells the team, ends with 1', async () => {
  standIn.incidents = (commit, token) => (token !== null && commit === FORMER ? 200 : 401);
  const { code, output } = await deploy(['--env', 'production', '--commit', NEWER]);
  expect(output).toContain('dep-former (aaaaaaa) serves again');
  expect(code).toBe(1);
  expect(standIn.notices[0]).toContain('rolled back');
  expect(output + standIn.notices.join()).not.toMatch(SECRETS);
});

it('ends with 3 when somebody must look, whether or not the team could be told', async () => {
  standIn.incidents = () => 401;
  standIn.faults.push({ at: /slack/, fault: { status: 404 } });
  const { code, output } = await deploy(['--env', 'staging']);
  expect(code).toBe(3);
  expect(output).toContain('the team was not told: Slack answered 404');
});

it('ends with 2 when asked wrongly, and touches nothing', async () => {
  const { code, output } = await deploy(['--env', 'production'], { SMOKE_PASSWORD: '', GITHUB_SHA: 'main' });
  expect(code).toBe(2);
  expect(output.trim().split('\n')).toHaveLength(2);
  expect(standIn.asked).toEqual([]);
});
