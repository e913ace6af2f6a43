import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCaller } from './call.ts';
import { noticeText, sendNotice } from './notice.ts';
import { Interrupted, type Waiting } from './patience.ts';
import { exitCode, release, type Outcome } from './release.ts';
import { API_KEY, startStandIn, TOKEN, type StandIn } from './render-stand-in.ts';
import { deploySettings } from './settings.ts';

const FORMER = 'a'.repeat(40);
const NEWER = 'b'.repeat(40);
const OLDEST = 'c'.repeat(40);

let standIn: StandIn;
let said: string[];
/** Time that passes only by waiting: half an hour of polling takes no time. */
let nowMs: number;
let interruptAt: (() => boolean) | null;
let callTimeoutMs: number;
const waiting: Waiting = {
  nowMs: () => nowMs,
  sleep: (ms) => {
    if (interruptAt?.()) return Promise.reject(new Interrupted('interrupted'));
    nowMs += ms;
    return Promise.resolve();
  },
};

beforeEach(async () => {
  standIn = await startStandIn(FORMER);
  [said, nowMs, interruptAt, callTimeoutMs] = [[], 0, null, 10_000];
});
afterEach(() => standIn.close());

const environment = (): Record<string, string> => ({
  RENDER_API_KEY: API_KEY,
  RENDER_SERVICE_ID: 'srv-test',
  RENDER_API_URL: standIn.api,
  DEPLOY_URL: standIn.url,
  SMOKE_USERNAME: 'smoke',
  SMOKE_PASSWORD: 'smoke-password',
  SLACK_WEBHOOK_URL: standIn.slack,
});
const settings = (args = ['--env', 'production', '--commit', NEWER]) => deploySettings(args, environment());
const run = (args?: string[]) => release(settings(args), waiting, (line) => said.push(line), callTimeoutMs);
const times = (asked: string) => standIn.asked.filter((one) => one === asked).length;
const serving = () => standIn.deploys.find(({ status }) => status === 'live')?.commit.id;

describe('a deploy that goes well', () => {
  it('is waited for, looked at and called with a token', async () => {
    const outcome = await run();
    expect(outcome).toEqual({ ending: 'deployed', summary: 'bbbbbbb is live and answers', notes: [] });
    expect(exitCode(settings(), outcome.ending)).toBe(0);
    expect(serving()).toBe(NEWER);
    expect(said).toContain('dep-1: pre_deploy_in_progress');
    expect(times('POST /deploys')).toBe(1);
    expect(times('GET /api/incidencias/')).toBe(2);
    expect(standIn.sessionsLeft).toBe(0);
    expect(standIn.jobs).toEqual([]);
    // It was waited for, not slept for: under half a minute for a course of five steps.
    expect(nowMs).toBeGreaterThan(0);
    expect(nowMs).toBeLessThan(40_000);
  });

  it('may take a token instead of an account', async () => {
    const { SMOKE_USERNAME: _, SMOKE_PASSWORD: __, ...rest } = environment();
    const withToken = deploySettings(['--env', 'staging', '--commit', NEWER], {
      ...rest,
      SMOKE_TOKEN: TOKEN,
    });
    const outcome = await release(withToken, waiting, () => undefined);
    expect(outcome.ending).toBe('deployed');
    expect(times('POST /api/auth/login')).toBe(0);
  });

  it('says so when it serves degraded', async () => {
    const usual = standIn.health;
    standIn.health = (commit) => {
      const { body } = usual(commit);
      return { status: 200, body: { ...(body as object), status: 'degraded', router: 'down' } };
    };
    expect(await run()).toMatchObject({ ending: 'deployed', notes: ['it serves degraded: router'] });
  });

  it('waits while the former release still answers', async () => {
    const usual = standIn.health;
    let looks = 0;
    standIn.health = (commit) => usual(commit === NEWER && ++looks < 4 ? FORMER : commit);
    expect((await run()).ending).toBe('deployed');
    expect(looks).toBe(4);
  });
});

describe('a deploy that never serves', () => {
  it.each([
    ['build_failed', ['created', 'build_in_progress', 'build_failed']],
    ['canceled', ['created', 'build_in_progress', 'canceled']],
    ['pre_deploy_failed', ['created', 'pre_deploy_in_progress', 'pre_deploy_failed']],
    ['update_failed', ['created', 'update_in_progress', 'update_failed']],
  ])('%s: the former one still does, and nothing is rolled back', async (status, course) => {
    standIn.nextCourse = course;
    const outcome = await run();
    expect(outcome).toEqual({
      ending: 'not-deployed',
      summary: `dep-1 ended as ${status}; dep-former (aaaaaaa) still serves`,
      notes: [],
    });
    expect(exitCode(settings(), outcome.ending)).toBe(1);
    expect(times('POST /rollback')).toBe(0);
    expect(serving()).toBe(FORMER);
  });

  it('after its migrations ran: the schema is put back', async () => {
    standIn.nextCourse = ['created', 'update_failed'];
    const usual = standIn.health;
    standIn.health = () => usual(standIn.jobs.length === 0 && standIn.deploys.length > 1 ? NEWER : FORMER);
    expect((await run()).ending).toBe('not-deployed');
    expect(standIn.jobs).toEqual(['node dist/server/migrate.js down --to 0004_former']);
    expect(said).toContain('the schema is back at 0004_former');
  });

  it('is cancelled when it takes too long', async () => {
    standIn.nextCourse = ['created', 'build_in_progress'];
    expect(await run()).toEqual({
      ending: 'not-deployed',
      summary: 'dep-1 was not live after 30 minutes (build_in_progress); dep-former (aaaaaaa) still serves',
      notes: ['dep-1 was cancelled'],
    });
    expect(nowMs).toBe(30 * 60_000);
    expect(times('POST /deploys/dep-1/cancel')).toBe(1);
  });

  it('is cancelled when the program is interrupted', async () => {
    standIn.nextCourse = ['created', 'build_in_progress'];
    interruptAt = () => nowMs > 10_000;
    expect(await run()).toEqual({
      ending: 'not-deployed',
      summary: 'interrupted before dep-1 was live',
      notes: ['dep-1 was cancelled'],
    });
  });

  it('cannot be started with a wrong key', async () => {
    const wrong = deploySettings(['--env', 'production', '--commit', NEWER], {
      ...environment(),
      RENDER_API_KEY: 'another',
    });
    const outcome = await release(wrong, waiting, () => undefined);
    expect(outcome).toMatchObject({
      ending: 'not-deployed',
      summary: 'the deploy could not be started: Render refused /deploys?limit=20: 401: unauthorized',
    });
  });
});

describe('a release that is live and bad', () => {
  const bad = (health: { status: number; body: unknown }) => {
    const usual = standIn.health;
    standIn.health = (commit) => (commit === NEWER ? health : usual(commit));
  };

  it.each([
    ['unhealthy', { status: 503, body: { status: 'unhealthy', version: '1.1.0' } }],
    ['not ours', { status: 200, body: '<html>' }],
  ])('with a health that is %s: rolled back, schema first', async (_name, health) => {
    bad(health);
    const outcome = await run();
    expect(outcome.ending).toBe('rolled-back');
    expect(outcome.summary).toMatch(
      /^\/health was never good in 5 minutes: .*; dep-former \(aaaaaaa\) serves again$/,
    );
    expect(exitCode(settings(), outcome.ending)).toBe(1);
    expect(serving()).toBe(FORMER);
    expect(standIn.jobs).toEqual(['node dist/server/migrate.js down --to 0004_former']);
    expect(standIn.asked.indexOf('POST /jobs')).toBeLessThan(standIn.asked.indexOf('POST /rollback'));
  });

  it('with a schema that is not its own: rolled back', async () => {
    bad({ status: 200, body: { status: 'degraded', version: '1.1.0', migrations: 'down' } });
    const outcome = await run();
    expect(outcome.ending).toBe('rolled-back');
    expect(outcome.summary).toContain('degraded (migrations)');
  });

  it('whose smoke call answers 401: rolled back', async () => {
    standIn.incidents = (commit, token) => (token === TOKEN && commit === FORMER ? 200 : 401);
    const outcome = await run();
    expect(outcome.ending).toBe('rolled-back');
    expect(outcome.summary).toBe(
      'smoke tests: GET /api/incidencias/ with a token: 401 instead of 200; dep-former (aaaaaaa) serves again',
    );
  });

  it('that shows incidents to everybody: rolled back', async () => {
    standIn.incidents = (commit, token) => (commit === NEWER || token === TOKEN ? 200 : 401);
    const outcome = await run();
    expect(outcome.ending).toBe('rolled-back');
    expect(outcome.summary).toContain('without a token: 200 instead of 401');
  });

  it('where nobody can sign in, before and after: in doubt', async () => {
    standIn.password = 'changed';
    const outcome = await run();
    expect(outcome.ending).toBe('in-doubt');
    expect(outcome.summary).toContain(
      'dep-former (aaaaaaa) is back, but: smoke tests: POST /api/auth/login: 401',
    );
    expect(exitCode(settings(), outcome.ending)).toBe(3);
  });

  it('with no release before it: in doubt', async () => {
    standIn.deploys.length = 0;
    standIn.health = () => ({ status: 503, body: {} });
    expect(await run()).toMatchObject({
      ending: 'in-doubt',
      summary: expect.stringContaining('there is no earlier release to go back to') as string,
    });
    expect(times('POST /rollback')).toBe(0);
  });

  it.each([
    [
      'is refused',
      () => standIn.faults.push({ at: /rollback/, fault: { status: 409 } }),
      'Render refused /rollback: 409',
    ],
    ['fails', () => (standIn.rollbackCourse = ['update_failed']), 'dep-2 ended as update_failed'],
    [
      'never ends',
      () => (standIn.rollbackCourse = ['update_in_progress']),
      'dep-2 was not live after 30 minutes',
    ],
  ])('whose way back %s: in doubt', async (_name, arrange, why) => {
    bad({ status: 503, body: {} });
    arrange();
    const outcome = await run();
    expect(outcome.ending).toBe('in-doubt');
    expect(outcome.summary).toContain(`the way back failed too: ${why}`);
    expect(exitCode(settings(), outcome.ending)).toBe(3);
  });

  it('whose schema cannot be put back: rolled back all the same, and said', async () => {
    bad({ status: 503, body: {} });
    standIn.jobCourse = ['failed'];
    expect(await run()).toMatchObject({
      ending: 'rolled-back',
      notes: ['the schema could not be put back to 0004_former: job job-1 failed'],
    });
  });

  it('when interrupted: in doubt', async () => {
    bad({ status: 503, body: {} });
    interruptAt = () => serving() === NEWER;
    expect(await run()).toMatchObject({
      ending: 'in-doubt',
      summary: 'interrupted: dep-1 is live and was not looked at to the end',
    });
  });
});

describe('an API that stumbles', () => {
  it('is asked again after 429, as late as it wants, and after 5xx', async () => {
    standIn.faults.push(
      { at: /^POST \/deploys$/, fault: { status: 429, retryAfterS: 20 } },
      { at: /^GET \/deploys\/dep-1$/, fault: { status: 500 } },
      { at: /^GET \/deploys\/dep-1$/, fault: { status: 502 } },
      { at: /^GET \/deploys\/dep-1$/, fault: 'cut' },
    );
    expect((await run()).ending).toBe('deployed');
    expect(nowMs).toBeGreaterThan(20_000);
    expect(times('POST /deploys')).toBe(2);
    expect(standIn.deploys).toHaveLength(2);
  });

  it('is not waited for longer than half a minute at once', async () => {
    standIn.faults.push({ at: /^POST \/deploys$/, fault: { status: 503, retryAfterS: 86_400 } });
    expect((await run()).ending).toBe('deployed');
    expect(nowMs).toBeLessThan(120_000);
  });

  it('that started the deploy and failed to say so: it is not started twice', async () => {
    standIn.faults.push({ at: /^POST \/deploys$/, fault: { status: 502, afterwards: true } });
    expect((await run()).ending).toBe('deployed');
    expect(times('POST /deploys')).toBe(1);
    expect(standIn.deploys).toHaveLength(2);
  });

  it('that queues the deploy without naming it: it is found', async () => {
    standIn.faults.push({ at: /^POST \/deploys$/, fault: { status: 202, afterwards: true } });
    expect((await run()).ending).toBe('deployed');
    expect(standIn.deploys).toHaveLength(2);
  });

  it('that hangs is left after the timeout', async () => {
    standIn.faults.push({ at: /^GET \/deploys\/dep-1$/, fault: 'hang' });
    callTimeoutMs = 500;
    expect((await run()).ending).toBe('deployed');
  });

  it('that stays out ends in a plain word, never in a wait without end', async () => {
    for (let n = 0; n < 6; n++) standIn.faults.push({ at: /^GET \/deploys$/, fault: { status: 500 } });
    const outcome = await run();
    expect(outcome.ending).toBe('not-deployed');
    expect(outcome.summary).toMatch(
      /could not be started: GET 127\.0\.0\.1:\d+\/v1\/.*: answered 500 \(6 tries\)$/,
    );
  });

  it('that goes out under way: cancelled where possible, in doubt', async () => {
    for (let n = 0; n < 6; n++) standIn.faults.push({ at: /^GET \/deploys\/dep-1$/, fault: { status: 500 } });
    expect(await run()).toMatchObject({ ending: 'in-doubt', notes: ['dep-1 was cancelled'] });
  });
});

it('an error that nobody thought of is an ending too, so that the team is told', async () => {
  const broken = release(settings(), waiting, () => {
    throw new TypeError('no such thing');
  });
  expect(await broken).toMatchObject({
    ending: 'in-doubt',
    summary: 'the program itself failed: TypeError: no such thing',
  });
});

describe('--rollback', () => {
  it('goes to the release before, schema first when it is named', async () => {
    await run();
    standIn.asked.length = 0;
    const asked = ['--env', 'production', '--rollback', '--schema', '0004_former'];
    const outcome = await run(asked);
    expect(outcome.ending).toBe('rolled-back');
    expect(exitCode(settings(asked), outcome.ending)).toBe(0);
    expect(serving()).toBe(FORMER);
    expect(standIn.jobs).toEqual(['node dist/server/migrate.js down --to 0004_former']);
    expect(times('POST /deploys')).toBe(0);
  });

  it('from a release that was put back goes to the one before it, not to the bad one', async () => {
    standIn.deploys.push({
      ...standIn.deploys[0]!,
      id: 'dep-oldest',
      status: 'deactivated',
      commit: { id: OLDEST },
    });
    standIn.incidents = (commit, token) => (commit !== NEWER && token === TOKEN ? 200 : 401);
    expect((await run()).ending).toBe('rolled-back');
    expect(serving()).toBe(FORMER);
    expect((await run(['--env', 'production', '--rollback'])).summary).toContain(
      'dep-oldest (ccccccc) serves again',
    );
    expect(serving()).toBe(OLDEST);
  });

  it('says when there is none', async () => {
    expect(await run(['--env', 'production', '--rollback'])).toMatchObject({ ending: 'not-deployed' });
  });
});

describe('the notice', () => {
  const call = () => createCaller(waiting, 10_000);

  it('tells the team either way, with where to read on', async () => {
    const withLog = deploySettings(['--env', 'staging', '--commit', NEWER], {
      ...environment(),
      GITHUB_SERVER_URL: 'https://github.example',
      GITHUB_REPOSITORY: 'epagal/room',
      GITHUB_RUN_ID: '17',
    });
    for (const ending of ['deployed', 'rolled-back', 'in-doubt', 'not-deployed'] as const)
      expect(await sendNotice(call(), withLog, { ending, summary: 'a <b> & c', notes: ['n'] })).toBeNull();
    expect(standIn.notices).toHaveLength(4);
    expect(standIn.notices[0]).toBe(
      'EPAGAL staging: :white_check_mark: deployed\na &lt;b&gt; &amp; c\nn\nhttps://github.example/epagal/room/actions/runs/17',
    );
    expect(standIn.notices[1]).toContain('rolled back');
  });

  it('holds no secret, whatever a server echoed', () => {
    const echo = `refused ${API_KEY} and smoke-password at ${standIn.slack}`;
    const text = noticeText(settings(), { ending: 'in-doubt', summary: echo, notes: [echo] });
    expect(text).not.toMatch(/rnd_secret|smoke-password|secret-hook/);
    expect(text).toContain('refused [hidden] and [hidden] at [hidden]');
  });

  it('that cannot be sent is a word, not an error, and names no address', async () => {
    for (let n = 0; n < 6; n++) standIn.faults.push({ at: /slack/, fault: { status: 500 } });
    const outcome: Outcome = { ending: 'deployed', summary: 's', notes: [] };
    expect(await sendNotice(call(), settings(), outcome)).toBe('Slack answered 500');
    standIn.faults.push({ at: /slack/, fault: { status: 404 } });
    expect(await sendNotice(call(), settings(), outcome)).toBe('Slack answered 404');
    for (let n = 0; n < 6; n++) standIn.faults.push({ at: /slack/, fault: 'cut' });
    expect(await sendNotice(call(), settings(), outcome)).toBe('Slack could not be reached');
  });
});
