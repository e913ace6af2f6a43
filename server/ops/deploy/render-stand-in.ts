import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A deploy, a service and a Slack of our own, as the tests of a deployment meet them: over HTTP, on loopback. */

interface StandInDeploy {
  id: string;
  status: string;
  commit: { id: string };
  createdAt: string;
}

/** How one request is answered instead of as usual; `hang` never answers. */
type Fault = { status: number; retryAfterS?: number; afterwards?: boolean } | 'hang' | 'cut';

export interface StandIn {
  /** What `RENDER_API_URL`, `DEPLOY_URL` and `SLACK_WEBHOOK_URL` would be. */
  api: string;
  url: string;
  slack: string;
  deploys: StandInDeploy[];
  /** Statuses the next new deploy goes through, one a look; the last one stays. */
  nextCourse: string[];
  rollbackCourse: string[];
  jobCourse: string[];
  /** Faults for requests whose `METHOD path` matches, used up in order. */
  faults: { at: RegExp; fault: Fault }[];
  /** What /health answers, given the commit that serves. */
  health(commit: string): { status: number; body: unknown };
  incidents(commit: string, token: string | null): number;
  password: string;
  /** What was asked, in order: `METHOD path`. */
  asked: string[];
  jobs: string[];
  notices: string[];
  sessionsLeft: number;
  close(): Promise<void>;
}

export const TOKEN = 'session-token-of-the-smoke-user';
export const API_KEY = 'rnd_secret-api-key';
const SERVICE = 'srv-test';

/** One service whose release `commit` is live. */
export async function startStandIn(formerCommit: string): Promise<StandIn> {
  const courses = new Map<string, string[]>();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const standIn: StandIn = {
    api: `${origin}/v1`,
    url: origin,
    slack: `${origin}/slack/T000/secret-hook`,
    deploys: [deployOf('dep-former', 'live', formerCommit)],
    nextCourse: ['created', 'build_in_progress', 'pre_deploy_in_progress', 'update_in_progress', 'live'],
    rollbackCourse: ['update_in_progress', 'live'],
    jobCourse: ['', 'succeeded'],
    faults: [],
    health: (commit) => ({
      status: 200,
      body: {
        status: 'healthy',
        version: '1.0.0',
        commit,
        database: 'connected',
        router: 'ok',
        migrations: 'ok',
        details: { migrations: { current: commit === formerCommit ? '0004_former' : '0005_newer' } },
      },
    }),
    incidents: (_commit, token) => (token === TOKEN ? 200 : 401),
    password: 'smoke-password',
    asked: [],
    jobs: [],
    notices: [],
    sessionsLeft: 0,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };

  const serving = () => standIn.deploys.find(({ status }) => status === 'live')?.commit.id ?? '';

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const path = url.replace(/\?.*/, '');
    const asked = `${method} ${path.replace(`/v1/services/${SERVICE}`, '')}`;
    standIn.asked.push(asked);
    const body = await bodyOf(request);
    const send = (status: number, json?: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(json === undefined ? '' : JSON.stringify(json));
    };
    const place = standIn.faults.findIndex(({ at }) => at.test(asked));
    const fault = place < 0 ? undefined : standIn.faults.splice(place, 1)[0]?.fault;
    if (fault === 'hang') return;
    if (fault === 'cut') return void response.destroy();
    if (fault) {
      if (fault.afterwards) route(request, asked, body, () => undefined);
      return send(
        fault.status,
        undefined,
        fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) },
      );
    }
    route(request, asked, body, send);
  }

  function route(
    request: IncomingMessage,
    asked: string,
    body: Record<string, unknown>,
    send: (status: number, json?: unknown) => void,
  ): void {
    const authorization = request.headers.authorization ?? '';
    if (request.url?.startsWith('/v1/')) {
      if (authorization !== `Bearer ${API_KEY}`) return send(401, { message: 'unauthorized' });
      if (!request.url.startsWith(`/v1/services/${SERVICE}`))
        return send(404, { message: 'no such service' });
    }
    const started = (commit: string, course: string[]) => {
      const one = deployOf(`dep-${standIn.deploys.length}`, course[0] ?? 'created', commit);
      courses.set(one.id, course.slice(1));
      standIn.deploys.unshift(one);
      return one;
    };
    if (asked === 'GET /deploys') {
      return send(
        200,
        standIn.deploys.map((deploy) => ({ deploy, cursor: deploy.id })),
      );
    }
    if (asked === 'POST /deploys') return send(201, started(String(body.commitId), standIn.nextCourse));
    if (asked === 'POST /rollback') {
      const to = standIn.deploys.find(({ id }) => id === body.deployId);
      return to ? send(201, started(to.commit.id, standIn.rollbackCourse)) : send(404);
    }
    if (asked === 'POST /jobs') {
      standIn.jobs.push(String(body.startCommand));
      courses.set('job-1', [...standIn.jobCourse]);
      return send(201, { id: 'job-1', serviceId: SERVICE });
    }
    if (asked === 'GET /jobs/job-1') {
      const status = next(courses.get('job-1'));
      return send(200, { id: 'job-1', ...(status ? { status } : {}) });
    }
    const deployId = /^(GET|POST) \/deploys\/([\w-]+)(\/cancel)?$/.exec(asked);
    if (deployId) {
      const one = standIn.deploys.find(({ id }) => id === deployId[2]);
      if (!one) return send(404, { message: 'not found' });
      if (deployId[3]) {
        one.status = 'canceled';
        courses.delete(one.id);
      } else {
        one.status = next(courses.get(one.id)) ?? one.status;
        if (one.status === 'live')
          for (const other of standIn.deploys)
            if (other !== one && other.status === 'live') other.status = 'deactivated';
      }
      return send(200, one);
    }
    if (asked === 'GET /health') {
      const { status, body: said } = standIn.health(serving());
      return send(status, said);
    }
    if (asked === 'GET /') return send(200, {});
    if (asked === 'POST /api/auth/login') {
      if (body.password !== standIn.password) return send(401, { detail: 'no' });
      standIn.sessionsLeft += 1;
      return send(200, { access_token: TOKEN, token_type: 'bearer' });
    }
    if (asked === 'POST /api/auth/logout') {
      standIn.sessionsLeft -= 1;
      return send(200, {});
    }
    if (asked === 'GET /api/incidencias/') {
      const token = /^Bearer (.+)$/.exec(authorization)?.[1] ?? null;
      return send(standIn.incidents(serving(), token), []);
    }
    if (asked.startsWith('POST /slack/')) {
      standIn.notices.push(String(body.text));
      return send(200);
    }
    send(404, { message: 'not found' });
  }

  return standIn;
}

/** The next word of a course; its last one stays. */
function next(course: string[] | undefined): string | undefined {
  return course && course.length > 1 ? course.shift() : course?.[0];
}

function deployOf(id: string, status: string, commit: string): StandInDeploy {
  return { id, status, commit: { id: commit }, createdAt: '2026-01-05T10:00:00Z' };
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
