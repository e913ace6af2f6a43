import { CallFailed, type Caller } from './call.ts';
import type { Outcome } from './release.ts';
import type { DeploySettings } from './settings.ts';
import { withoutSecrets } from './settings.ts';

const HEADS: Readonly<Record<Outcome['ending'], string>> = {
  deployed: ':white_check_mark: deployed',
  'not-deployed': ':x: not deployed, the former release serves',
  'rolled-back': ':rewind: rolled back, the former release serves',
  'in-doubt': ':rotating_light: in doubt, look at it now',
};

/** What is told to the team. Holds no secret. */
export function noticeText(settings: DeploySettings, outcome: Outcome): string {
  const lines = [
    `EPAGAL ${settings.environment}: ${HEADS[outcome.ending]}`,
    outcome.summary,
    ...outcome.notes,
    settings.logUrl ?? '',
  ];
  return withoutSecrets(lines.filter(Boolean).join('\n'), settings.secrets);
}

/**
 * Tells Slack through an incoming webhook. Never throws: a team that could not be told changes nothing about what serves.
 * @returns what went wrong, null when it was told or nobody wants to be
 */
export async function sendNotice(
  call: Caller,
  settings: DeploySettings,
  outcome: Outcome,
): Promise<string | null> {
  if (!settings.slackWebhook) return null;
  try {
    const { status } = await call({
      method: 'POST',
      url: settings.slackWebhook,
      body: { text: escaped(noticeText(settings, outcome)) },
      again: 'always',
    });
    return status < 300 ? null : `Slack answered ${status}`;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    // The address is the secret: of the failure only its kind is told.
    return error.status === null ? 'Slack could not be reached' : `Slack answered ${error.status}`;
  }
}

/** Slack reads these three as markup. */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
