import { CallFailed, createCaller, type Caller } from './call.ts';
import { Interrupted, lookUntil, type Pace, type Waiting } from './patience.ts';
import { renderApi, stageOf, type Deploy, type RenderApi } from './render-api.ts';
import { MIGRATION, type DeploySettings } from './settings.ts';
import { readHealth, smoke, type Health } from './smoke.ts';

/** How a deployment ended, by what serves now. */
export type Ending =
  /** The new release, and it answers. */
  | 'deployed'
  /** The release of before, which was never replaced. */
  | 'not-deployed'
  /** The release of before, put back. */
  | 'rolled-back'
  /** Unknown: somebody must look. */
  | 'in-doubt';

export interface Outcome {
  ending: Ending;
  /** One line: what happened and why. */
  summary: string;
  /** What else people should know, a line each. */
  notes: string[];
}

/** 0 when what was asked for serves, 1 when the former release does instead, 3 when somebody must look. */
export function exitCode({ task }: DeploySettings, ending: Ending): 0 | 1 | 3 {
  if (ending === 'in-doubt') return 3;
  return ending === (task.kind === 'deploy' ? 'deployed' : 'rolled-back') ? 0 : 1;
}

const MINUTE_MS = 60_000;
/** Building the image and starting it. */
const UNTIL_LIVE: Pace = { firstMs: 3_000, longestMs: 15_000, limitMs: 30 * MINUTE_MS };
const UNTIL_HEALTHY: Pace = { firstMs: 2_000, longestMs: 10_000, limitMs: 5 * MINUTE_MS };
const UNTIL_JOB_DONE: Pace = { firstMs: 2_000, longestMs: 10_000, limitMs: 10 * MINUTE_MS };
const CALL_TIMEOUT_MS = 15_000;

interface Run {
  settings: DeploySettings;
  render: RenderApi;
  call: Caller;
  waiting: Waiting;
  say(line: string): void;
  notes: string[];
}

/**
 * Deploys one commit and makes sure of it: waits until it is live, healthy and answers an authorised call; otherwise the
 * release of before is put back, its schema first. Or, asked to, puts the release of before back. Every wait is bounded.
 * @param say told what goes on; a line may hold a secret that a server echoed
 * @param callTimeoutMs of a single HTTP call
 */
export async function release(
  settings: DeploySettings,
  waiting: Waiting,
  say: (line: string) => void,
  callTimeoutMs = CALL_TIMEOUT_MS,
): Promise<Outcome> {
  const call = createCaller(waiting, callTimeoutMs);
  const render = renderApi(call, waiting, settings.render);
  const run: Run = { settings, render, call, waiting, say, notes: [] };
  const { task } = settings;
  const work = task.kind === 'deploy' ? deployCommit(run, task.commit) : rollBackByHand(run, task.schema);
  // Whatever happened, the team is told: also of what nobody thought of.
  const [ending, summary] = await work.catch((error: unknown): Result => [
    'in-doubt',
    `the program itself failed: ${String(error)}`,
  ]);
  return { ending, summary, notes: run.notes };
}

type Result = readonly [Ending, string];

async function deployCommit(run: Run, commit: string): Promise<Result> {
  const { render, say } = run;
  let former: Deploy | null;
  let formerHealth: Health | null;
  let started: Deploy;
  try {
    former = liveOf(await render.newest());
    formerHealth = await readHealth(run.call, run.settings.url);
    say(
      former ? `serving now: ${nameOf(former)}, ${wordsOf(formerHealth)}` : 'nothing has been live here yet',
    );
    started = await render.deploy(commit);
  } catch (error) {
    return ['not-deployed', `the deploy could not be started: ${reasonOf(error)}`];
  }
  say(`started ${started.id} of ${short(commit)}`);

  let isLive = false;
  try {
    const failure = await untilLive(run, started);
    if (failure) {
      await giveUp(run, started, failure.stillGoing);
      await restoreSchema(run, formerHealth);
      const serving = former ? `${nameOf(former)} still serves` : 'nothing serves';
      return [former ? 'not-deployed' : 'in-doubt', `${failure.why}; ${serving}`];
    }
    isLive = true;
    const wrong = await whatIsWrong(run, commit);
    if (wrong === null) return ['deployed', `${short(commit)} is live and answers`];
    say(`wrong: ${wrong}`);
    if (!former) return ['in-doubt', `${wrong}; there is no earlier release to go back to`];
    return await putBack(run, former, formerHealth?.schema ?? null, wrong);
  } catch (error) {
    if (!(error instanceof Interrupted)) {
      const why = reasonOf(error);
      if (!isLive) await giveUp(run, started, true);
      return ['in-doubt', `${started.id}: ${why}`];
    }
    if (isLive) return ['in-doubt', `interrupted: ${started.id} is live and was not looked at to the end`];
    await giveUp(run, started, true);
    return ['not-deployed', `interrupted before ${started.id} was live`];
  }
}

async function rollBackByHand(run: Run, schema: string | null): Promise<Result> {
  try {
    const deploys = await run.render.newest();
    const now = liveOf(deploys);
    // What serves may have been put back itself: before it is what came before its own first deploy.
    const first = deploys.findLastIndex((one) => now !== null && one.commit?.id === now.commit?.id);
    const target = deploys.slice(first + 1).find((one) => one.status === 'deactivated');
    if (!target)
      return ['not-deployed', 'there is no earlier release among the last 20 deploys to go back to'];
    return await putBack(run, target, schema, `asked to leave ${now ? nameOf(now) : 'what is there'}`);
  } catch (error) {
    return ['in-doubt', reasonOf(error)];
  }
}

/** Null when the deploy is live. */
async function untilLive(run: Run, started: Deploy): Promise<{ why: string; stillGoing: boolean } | null> {
  let said = started.status;
  const settled = await lookUntil(run.waiting, UNTIL_LIVE, async () => {
    const { status } = await run.render.find(started.id);
    if (status !== said) run.say(`${started.id}: ${status}`);
    said = status;
    return stageOf(status) === 'on-the-way' ? null : status;
  });
  if (settled === null) {
    const minutes = UNTIL_LIVE.limitMs / MINUTE_MS;
    return { why: `${started.id} was not live after ${minutes} minutes (${said})`, stillGoing: true };
  }
  return stageOf(settled) === 'live' ? null : { why: `${started.id} ended as ${settled}`, stillGoing: false };
}

/** What speaks against a release that is live, null when nothing does. */
async function whatIsWrong(run: Run, commit: string | null): Promise<string | null> {
  const { call, settings, say, notes } = run;
  let last: Health | null = null;
  const healthy = await lookUntil(run.waiting, UNTIL_HEALTHY, async () => {
    last = await readHealth(call, settings.url);
    if (!last || last.status === 'unhealthy' || last.out.includes('migrations')) return null;
    // The one before may answer a little longer.
    return commit !== null && last.commit !== null && last.commit !== commit ? null : last;
  });
  if (!healthy)
    return `/health was never good in ${UNTIL_HEALTHY.limitMs / MINUTE_MS} minutes: ${wordsOf(last)}`;
  say(wordsOf(healthy));
  if (healthy.status === 'degraded') notes.push(`it serves degraded: ${healthy.out.join(', ')}`);
  const problems = await smoke(call, settings.url, settings.smoke);
  if (problems.length === 0) say('the smoke tests passed');
  return problems.length === 0 ? null : `smoke tests: ${problems.join('; ')}`;
}

async function putBack(run: Run, former: Deploy, schema: string | null, why: string): Promise<Result> {
  run.say(`putting ${nameOf(former)} back`);
  try {
    await stepSchemaBack(run, schema);
    const back = await run.render.rollBack(former.id);
    const failure = await untilLive(run, back);
    if (failure) return ['in-doubt', `${why}; the way back failed too: ${failure.why}`];
    const wrong = await whatIsWrong(run, former.commit?.id ?? null);
    if (wrong) return ['in-doubt', `${why}; ${nameOf(former)} is back, but: ${wrong}`];
    return ['rolled-back', `${why}; ${nameOf(former)} serves again`];
  } catch (error) {
    return ['in-doubt', `${why}; the way back failed too: ${reasonOf(error)}`];
  }
}

/** After a deploy that never came to serve: its migrations may have run before it failed. */
async function restoreSchema(run: Run, formerHealth: Health | null): Promise<void> {
  const now = await readHealth(run.call, run.settings.url);
  if (now?.schema !== formerHealth?.schema) await stepSchemaBack(run, formerHealth?.schema ?? null);
}

/**
 * A release refuses a schema newer than itself, so what the new one brought goes first. The way back lies in the
 * database beside each migration: whichever build the job runs on, it can go it.
 */
async function stepSchemaBack(run: Run, schema: string | null): Promise<void> {
  const { render, notes, say } = run;
  if (schema === null || !MIGRATION.test(schema)) {
    notes.push('the schema was left as it is: which migration the former release wants is not known');
    return;
  }
  try {
    const job = await render.startJob(`node dist/server/migrate.js down --to ${schema}`);
    const status = await lookUntil(run.waiting, UNTIL_JOB_DONE, async () => {
      const { status } = await render.findJob(job.id);
      return status && stageOf(status) !== 'on-the-way' ? status : null;
    });
    if (status === 'succeeded') say(`the schema is back at ${schema}`);
    else
      notes.push(`the schema could not be put back to ${schema}: job ${job.id} ${status ?? 'never ended'}`);
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    notes.push(`the schema could not be put back to ${schema}: ${error.message}`);
  }
}

/** So that a deploy nobody watches any more does not go live by itself. */
async function giveUp(run: Run, started: Deploy, stillGoing: boolean): Promise<void> {
  if (!stillGoing) return;
  try {
    await run.render.cancel(started.id);
    run.notes.push(`${started.id} was cancelled`);
  } catch (error) {
    run.notes.push(`${started.id} could not be cancelled and may still go live: ${reasonOf(error)}`);
  }
}

const liveOf = (deploys: Deploy[]) => deploys.find(({ status }) => status === 'live') ?? null;
const short = (commit: string) => commit.slice(0, 7);
const nameOf = (deploy: Deploy) => (deploy.commit ? `${deploy.id} (${short(deploy.commit.id)})` : deploy.id);

function wordsOf(health: Health | null): string {
  if (!health) return 'no answer from /health';
  const out = health.out.length > 0 ? ` (${health.out.join(', ')})` : '';
  return `${health.status}${out}, version ${health.version}, schema ${health.schema ?? 'unknown'}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof CallFailed || error instanceof Interrupted) return error.message;
  throw error;
}
