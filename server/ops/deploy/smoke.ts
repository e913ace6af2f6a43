import { z } from 'zod';
import { CallFailed, type Caller } from './call.ts';

/** How the smoke tests prove who they are: a session's token, or an operator's account that they sign in with. */
export type SmokeAccess = { token: string } | { username: string; password: string };

const health = z.looseObject({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  version: z.string(),
  commit: z.string().nullish(),
  migrations: z.string().optional(),
  details: z
    .looseObject({ migrations: z.looseObject({ current: z.string().nullish() }).optional() })
    .optional(),
});

export interface Health {
  status: 'healthy' | 'degraded' | 'unhealthy';
  version: string;
  /** The commit it was built of, where the host tells the program. */
  commit: string | null;
  /** The newest migration of its database, null when it does not say. */
  schema: string | null;
  /** Parts that are out, by name. */
  out: string[];
}

/** What `/health` says, null when nobody answers or the answer is not ours. Never throws. */
export async function readHealth(call: Caller, url: string): Promise<Health | null> {
  const answer = await call({ method: 'GET', url: `${url}/health`, again: 'never' }).catch(
    (error: unknown) => {
      if (error instanceof CallFailed) return null;
      throw error;
    },
  );
  const parsed = health.safeParse(answer?.json);
  if (!answer || !parsed.success) return null;
  const { status, version, commit, details, ...parts } = parsed.data;
  return {
    status: answer.status === 200 ? status : 'unhealthy',
    version,
    commit: commit ?? null,
    schema: details?.migrations?.current ?? null,
    out: Object.entries(parts).flatMap(([name, state]) =>
      state === 'down' || state === 'degraded' || state === 'disconnected' ? [name] : [],
    ),
  };
}

const signedIn = z.object({ access_token: z.string().min(1) });

/**
 * The calls a release must answer before anybody relies on it: a page, the list of incidents to somebody signed in, and
 * its refusal to everybody else.
 * @returns what is wrong, one line each; empty when all is well. Holds no token.
 */
export async function smoke(call: Caller, url: string, access: SmokeAccess): Promise<string[]> {
  const problems: string[] = [];
  const status = async (name: string, ask: () => Promise<{ status: number }>): Promise<number | null> => {
    try {
      return (await ask()).status;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      problems.push(`${name}: ${error.message}`);
      return null;
    }
  };
  const get = (path: string, token?: string) =>
    call({
      method: 'GET',
      url: `${url}${path}`,
      again: 'always',
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
  const expectStatus = async (name: string, wanted: number, ask: () => Promise<{ status: number }>) => {
    const got = await status(name, ask);
    if (got !== null && got !== wanted) problems.push(`${name}: ${got} instead of ${wanted}`);
  };

  await expectStatus('GET /', 200, () => get('/'));
  await expectStatus('GET /api/incidencias/ without a token', 401, () => get('/api/incidencias/'));
  const token = 'token' in access ? access.token : await signIn(call, url, access, problems);
  if (token === null) return problems;
  await expectStatus('GET /api/incidencias/ with a token', 200, () => get('/api/incidencias/', token));
  if (!('token' in access)) {
    // Not a session left behind by each deploy.
    await status('sign-out', () =>
      call({
        method: 'POST',
        url: `${url}/api/auth/logout`,
        headers: { authorization: `Bearer ${token}` },
        body: {},
        again: 'always',
      }),
    );
  }
  return problems;
}

async function signIn(
  call: Caller,
  url: string,
  account: { username: string; password: string },
  problems: string[],
): Promise<string | null> {
  try {
    const answer = await call({
      method: 'POST',
      url: `${url}/api/auth/login`,
      body: account,
      again: 'always',
    });
    const session = signedIn.safeParse(answer.json);
    if (answer.status === 200 && session.success) return session.data.access_token;
    problems.push(`POST /api/auth/login: ${answer.status} instead of 200 with a token`);
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    problems.push(`POST /api/auth/login: ${error.message}`);
  }
  return null;
}
