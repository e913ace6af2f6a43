/**
 * `npm run deploy -- --env staging|production [--commit SHA]`: deploys through Render's API and makes sure of it.
 * Exit 0: what was asked for serves. 1: the former release does instead. 2: asked wrongly. 3: somebody must look.
 */
import { createCaller } from '../ops/deploy/call.ts';
import { noticeText, sendNotice } from '../ops/deploy/notice.ts';
import { clockWaiting } from '../ops/deploy/patience.ts';
import { exitCode, release } from '../ops/deploy/release.ts';
import { deploySettings, withoutSecrets } from '../ops/deploy/settings.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';

const NOTICE_TIMEOUT_MS = 10_000;

async function main(): Promise<number> {
  const settings = deploySettings(process.argv.slice(2), process.env);
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  process.once('SIGTERM', () => interruption.abort());
  const say = (line: string) => console.log(withoutSecrets(line, settings.secrets));
  const outcome = await release(settings, clockWaiting(interruption.signal), say);
  say(noticeText(settings, outcome));
  // Its own patience: an interrupted run still tells.
  const unheard = await sendNotice(
    createCaller(clockWaiting(new AbortController().signal), NOTICE_TIMEOUT_MS),
    settings,
    outcome,
  );
  if (unheard) console.error(`the team was not told: ${unheard}`);
  return exitCode(settings, outcome.ending);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(failureText(error));
    process.exit(error instanceof Refusal ? 2 : 3);
  },
);
