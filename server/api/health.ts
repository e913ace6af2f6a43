import type { FastifyInstance } from 'fastify';
import type { ProbeResult, Services } from './services.ts';

const BUDGET_MS = 2_000;

type PartState = 'ok' | 'down' | 'disabled';
type PartHealth = PartState | 'degraded';

export interface HealthAnswer {
  status: 'healthy' | 'degraded' | 'unhealthy';
  service: 'epagal';
  version: string;
  /** What it was built of, null when nobody said. */
  commit: string | null;
  timestamp: string;
  database: 'connected' | 'disconnected';
  router: PartHealth;
  redis: PartState;
  migrations: PartState;
  /** Names of the parts that are out or make do; empty when all is well. */
  degraded: string[];
  /** What each part said of itself. */
  details: Record<string, unknown>;
  [part: string]: unknown;
}

/**
 * Asks every part, each within its budget: the answer never hangs. No database is no service; the rest degrades.
 * @returns each part's state, and what goes out over HTTP
 */
export async function checkHealth(
  services: Services,
  budgetMs = BUDGET_MS,
): Promise<{ answer: HealthAnswer; states: Record<string, PartHealth>; details: Record<string, unknown> }> {
  const { database } = services.store;
  const { probes } = services;
  const parts: Record<string, (() => Promise<ProbeResult>) | undefined> = {
    router: probes.router,
    redis: probes.redis,
    migrations: probes.migrations,
    ...probes,
    database: async () => ({
      ok: true,
      kind: database.kind,
      // Without fsync a killed process loses nothing, a power cut may.
      survivesPowerCut: database.kind === 'postgres',
      latencyMs: Math.round((await database.ping()) * 10) / 10,
    }),
  };
  const asked = await Promise.all(
    Object.entries(parts).map(async ([name, probe]) => [name, await ask(probe, budgetMs)] as const),
  );
  const answers = Object.fromEntries(asked);
  const states = Object.fromEntries(asked.map(([name, answer]) => [name, stateOf(answer)]));
  const isDown = states.database !== 'ok';
  const isDegraded = Object.values(states).some((state) => state === 'down' || state === 'degraded');
  const details = Object.fromEntries(Object.entries(answers).filter(([, answer]) => answer !== null));
  const answer: HealthAnswer = {
    ...states,
    status: isDown ? 'unhealthy' : isDegraded ? 'degraded' : 'healthy',
    service: 'epagal',
    version: services.release,
    commit: services.config.commit,
    timestamp: new Date(services.store.clock()).toISOString(),
    database: isDown ? 'disconnected' : 'connected',
    router: states.router as HealthAnswer['router'],
    redis: states.redis as PartState,
    migrations: states.migrations as PartState,
    degraded: Object.keys(states).filter((part) => states[part] === 'down' || states[part] === 'degraded'),
    details,
  };
  return { answer, states, details };
}

async function ask(
  probe: (() => Promise<ProbeResult>) | undefined,
  budgetMs: number,
): Promise<ProbeResult | null> {
  if (!probe) return null;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, reason: 'timeout' }), budgetMs);
  });
  try {
    // The cause goes to the log of the part itself; a public page tells only that it is out.
    return await Promise.race([probe().catch((): ProbeResult => ({ ok: false, reason: 'error' })), late]);
  } catch {
    return { ok: false, reason: 'error' };
  } finally {
    clearTimeout(timer);
  }
}

function stateOf(answer: ProbeResult | null): PartHealth {
  if (answer === null) return 'disabled';
  if (!answer.ok) return 'down';
  return answer.degraded === true ? 'degraded' : 'ok';
}

/**
 * `/health` tells everything; `/health/live` only that the process answers (a supervisor restarts what does not);
 * `/health/ready` whether to send it work: its database answers, the schema fits, and it is not stopping.
 */
export function serveHealth(app: FastifyInstance, services: Services): void {
  app.get('/health/live', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'alive', version: services.release }),
  );
  app.get('/health/ready', async (_request, reply) => {
    const reason = await unreadyReason(services);
    return reply
      .code(reason === null ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(reason === null ? { status: 'ready' } : { status: 'not-ready', reason });
  });
  app.get('/health', async (_request, reply) => {
    const { answer } = await checkHealth(services);
    return reply
      .code(answer.status === 'unhealthy' ? 503 : 200)
      .header('cache-control', 'no-store')
      .send(answer);
  });
}

async function unreadyReason({ store, probes, isStopping }: Services): Promise<string | null> {
  if (isStopping?.()) return 'stopping';
  const database = await ask(async () => ({ ok: true, latencyMs: await store.database.ping() }), BUDGET_MS);
  if (stateOf(database) !== 'ok') return 'database';
  return stateOf(await ask(probes.migrations, BUDGET_MS)) === 'down' ? 'migrations' : null;
}
