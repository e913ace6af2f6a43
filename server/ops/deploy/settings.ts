import { parseArgs } from 'node:util';
import { z } from 'zod';
import { Refusal } from '../tool-failure.ts';
import type { SmokeAccess } from './smoke.ts';

export const DEPLOY_USAGE = `usage: npm run deploy -- --env staging|production [--commit SHA]
       npm run deploy -- --env staging|production --rollback [--schema MIGRATION]
The environment gives RENDER_API_KEY, RENDER_SERVICE_ID, DEPLOY_URL (the service's public address), and
SMOKE_USERNAME with SMOKE_PASSWORD (an operator's account) or SMOKE_TOKEN; SLACK_WEBHOOK_URL for a notice.`;

export type DeployEnvironment = 'staging' | 'production';

export interface DeploySettings {
  environment: DeployEnvironment;
  /** `roll-back`: to the release before the one that serves; `schema` is the newest migration that one knows. */
  task: { kind: 'deploy'; commit: string } | { kind: 'roll-back'; schema: string | null };
  render: { api: string; serviceId: string; apiKey: string };
  /** Public address without a slash at its end. */
  url: string;
  smoke: SmokeAccess;
  slackWebhook: string | null;
  /** Where the log of this run can be read. */
  logUrl: string | null;
  /** Must appear in no line. */
  secrets: string[];
}

const http = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/$/, ''));
const environment = z.object({
  RENDER_API_KEY: z.string().min(1),
  RENDER_SERVICE_ID: z.string().regex(/^[\w-]+$/),
  RENDER_API_URL: http.default('https://api.render.com/v1'),
  DEPLOY_URL: http,
  SMOKE_TOKEN: z.string().min(1).optional(),
  SMOKE_USERNAME: z.string().min(1).optional(),
  SMOKE_PASSWORD: z.string().min(1).optional(),
  SLACK_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  GITHUB_SHA: z.string().optional(),
  GITHUB_SERVER_URL: z.string().optional(),
  GITHUB_REPOSITORY: z.string().optional(),
  GITHUB_RUN_ID: z.string().optional(),
});
/** As drizzle-kit names them: nothing that a shell would read as more than a word. */
export const MIGRATION = /^\d{4}_\w+$/;
const fullCommit = /^[0-9a-f]{40}$/;

/**
 * What the command line and the environment ask for.
 * @throws Refusal with one line for each thing missing or malformed; never with a value that may be secret
 */
export function deploySettings(args: string[], env: Record<string, string | undefined>): DeploySettings {
  const values = optionsOf(args);
  if (values.env !== 'staging' && values.env !== 'production') throw new Refusal(DEPLOY_USAGE);
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(({ path: [key] }) => {
        const name = String(key);
        return `${name}: ${given[name] === undefined ? 'missing' : 'malformed'}`;
      });
  const hasToken = given.SMOKE_TOKEN !== undefined;
  const hasAccount = given.SMOKE_USERNAME !== undefined && given.SMOKE_PASSWORD !== undefined;
  if (!hasToken && !hasAccount)
    problems.push('SMOKE_USERNAME and SMOKE_PASSWORD: missing (or SMOKE_TOKEN instead)');
  const commit = values.commit ?? given.GITHUB_SHA;
  if (!values.rollback && !fullCommit.test(commit ?? ''))
    problems.push('--commit: the full commit to deploy, 40 hexadecimal digits');
  if (values.rollback && values.commit !== undefined)
    problems.push('--rollback goes to the release before; it takes no --commit');
  if (values.schema !== undefined && !(values.rollback && MIGRATION.test(values.schema)))
    problems.push('--schema: with --rollback, the name of a migration such as 0001_tables');
  if (!parsed.success || problems.length > 0) throw new Refusal(problems.join('\n'));
  const e = parsed.data;
  return {
    environment: values.env,
    task: values.rollback
      ? { kind: 'roll-back', schema: values.schema ?? null }
      : { kind: 'deploy', commit: commit! },
    render: { api: e.RENDER_API_URL, serviceId: e.RENDER_SERVICE_ID, apiKey: e.RENDER_API_KEY },
    url: e.DEPLOY_URL,
    smoke: e.SMOKE_TOKEN
      ? { token: e.SMOKE_TOKEN }
      : { username: e.SMOKE_USERNAME!, password: e.SMOKE_PASSWORD! },
    slackWebhook: e.SLACK_WEBHOOK_URL ?? null,
    logUrl:
      e.GITHUB_SERVER_URL && e.GITHUB_REPOSITORY && e.GITHUB_RUN_ID
        ? `${e.GITHUB_SERVER_URL}/${e.GITHUB_REPOSITORY}/actions/runs/${e.GITHUB_RUN_ID}`
        : null,
    secrets: [e.RENDER_API_KEY, e.SMOKE_TOKEN, e.SMOKE_PASSWORD, e.SLACK_WEBHOOK_URL].flatMap(
      (secret) => secret ?? [],
    ),
  };
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        env: { type: 'string' },
        commit: { type: 'string' },
        rollback: { type: 'boolean', default: false },
        schema: { type: 'string' },
      },
    }).values;
  } catch {
    throw new Refusal(DEPLOY_USAGE);
  }
}

/** Shorter ones hide nothing and would eat the text: letters of it are everywhere. */
const SHORTEST_SECRET = 5;

/** A text without any of the secrets. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
}
