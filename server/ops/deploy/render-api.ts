import { z } from 'zod';
import { CallFailed, type Answer, type Caller } from './call.ts';
import { lookUntil, type Pace, type Waiting } from './patience.ts';

/**
 * The part of Render's API (https://api-docs.render.com) a deployment needs: deploys, their rollback, one-off jobs.
 * Times are ISO 8601; ids are opaque.
 */
const deploy = z.object({
  id: z.string().min(1),
  status: z.string(),
  commit: z.object({ id: z.string() }).nullish(),
  createdAt: z.string().nullish(),
});
export type Deploy = z.infer<typeof deploy>;

const deployList = z.array(z.object({ deploy }));
const job = z.object({ id: z.string().min(1), status: z.string().nullish() });
export type Job = z.infer<typeof job>;

/** Where a deploy or a job stands. Words unknown here are steps on the way: Render adds some now and then. */
export function stageOf(status: string): 'live' | 'failed' | 'on-the-way' {
  if (status === 'live' || status === 'succeeded') return 'live';
  return /(^|_)failed$|(^|_)cancell?ed$|^deactivated$/.test(status) ? 'failed' : 'on-the-way';
}

/** How long a deploy that was asked for may take to show in the list. */
const APPEARANCE: Pace = { firstMs: 500, longestMs: 5_000, limitMs: 20_000 };
const TRIES = 3;

export interface RenderApi {
  /** The newest deploys, newest first. */
  newest(): Promise<Deploy[]>;
  /** Starts a deploy of one commit. */
  deploy(commit: string): Promise<Deploy>;
  find(deployId: string): Promise<Deploy>;
  /** Starts a deploy that puts an earlier one's build back. */
  rollBack(toDeployId: string): Promise<Deploy>;
  /** Stops a deploy that is not live yet. */
  cancel(deployId: string): Promise<void>;
  /** Runs a command once with the environment of the service. */
  startJob(command: string): Promise<Job>;
  findJob(jobId: string): Promise<Job>;
}

export interface RenderAccess {
  /** `https://api.render.com/v1` */
  api: string;
  serviceId: string;
  apiKey: string;
}

/** @throws CallFailed from each method, when Render refuses, stays unreachable, or answers what it does not document */
export function renderApi(
  call: Caller,
  waiting: Waiting,
  { api, serviceId, apiKey }: RenderAccess,
): RenderApi {
  const base = `${api}/services/${encodeURIComponent(serviceId)}`;
  const headers = { authorization: `Bearer ${apiKey}` };
  const get = async <T>(path: string, shape: z.ZodType<T>) =>
    read(await call({ method: 'GET', url: `${base}${path}`, headers, again: 'always' }), shape, path);
  const post = (path: string, body: unknown) =>
    call({ method: 'POST', url: `${base}${path}`, headers, body, again: 'when-refused' });
  const newest = async () => (await get('/deploys?limit=20', deployList)).map((entry) => entry.deploy);

  /**
   * Starts something that must not be started twice. Where it is unclear whether Render took the call, or Render took
   * it and did not say which deploy it made, the deploys that were not there before tell.
   */
  async function start(path: string, body: unknown, isOurs: (one: Deploy) => boolean): Promise<Deploy> {
    const before = new Set((await newest()).map(({ id }) => id));
    const appeared = () =>
      lookUntil(
        waiting,
        APPEARANCE,
        async () => (await newest()).find((one) => !before.has(one.id) && isOurs(one)) ?? null,
      );
    for (let n = 1; ; n++) {
      const answer = await post(path, body).catch((error: unknown) => {
        if (error instanceof CallFailed && error.ambiguous) return error;
        throw error;
      });
      if (!(answer instanceof CallFailed)) {
        const named = deploy.safeParse(answer.json);
        if (answer.status >= 300 || named.success) return read(answer, deploy, path);
      }
      const started = await appeared();
      if (started) return started;
      if (n === TRIES) {
        if (answer instanceof CallFailed) throw answer;
        throw new CallFailed(`Render took ${path}, but no deploy appeared`, { ambiguous: true });
      }
    }
  }

  return {
    newest,
    deploy: (commit) => start('/deploys', { commitId: commit }, (one) => one.commit?.id === commit),
    find: (deployId) => get(`/deploys/${encodeURIComponent(deployId)}`, deploy),
    rollBack: (toDeployId) => start('/rollback', { deployId: toDeployId }, () => true),
    async cancel(deployId) {
      const path = `/deploys/${encodeURIComponent(deployId)}/cancel`;
      const { status } = await call({ method: 'POST', url: `${base}${path}`, headers, again: 'always' });
      if (status >= 300)
        throw new CallFailed(`Render refused ${path}: ${status}`, { status, ambiguous: false });
    },
    startJob: async (command) => read(await post('/jobs', { startCommand: command }), job, '/jobs'),
    findJob: (jobId) => get(`/jobs/${encodeURIComponent(jobId)}`, job),
  };
}

function read<T>(answer: Answer, shape: z.ZodType<T>, path: string): T {
  const { status, json } = answer;
  if (status >= 300) {
    const said = z.object({ message: z.string() }).safeParse(json);
    const why = said.success ? `: ${said.data.message.slice(0, 200)}` : '';
    throw new CallFailed(`Render refused ${path}: ${status}${why}`, { status, ambiguous: false });
  }
  const parsed = shape.safeParse(json);
  if (!parsed.success)
    throw new CallFailed(`Render answered ${path} with something else than it documents`, {
      ambiguous: false,
    });
  return parsed.data;
}
