import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkHealth } from './health.ts';
import { bearerOf } from './identify.ts';
import type { HttpMetrics, Services } from './services.ts';

const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Prometheus text for the scraper with its token, or for the machine itself when nothing was forwarded. */
export function serveMetrics(app: FastifyInstance, services: Services): void {
  const { metrics, config } = services;
  app.get('/metrics', async (request, reply) => {
    if (!mayRead(request, config.metricsToken)) {
      return reply.code(401).send({ error: { message: 'Not for you.', reason: 'not-signed-in' } });
    }
    if (!metrics)
      return reply.code(503).send({ error: { message: 'No metrics here.', reason: 'unavailable' } });
    await measureParts(services, metrics);
    return reply.header('content-type', metrics.contentType).send(await metrics.text());
  });
}

const PART_VALUE = { ok: 1, degraded: 0.5, down: 0, disabled: null } as const;

/** What /health would say now, as numbers; the parts' own measures go along. */
async function measureParts(services: Services, metrics: HttpMetrics): Promise<void> {
  const { states, details } = await checkHealth(services);
  for (const [part, state] of Object.entries(states)) {
    const value = PART_VALUE[state];
    if (value !== null) metrics.partUp.set({ part }, value);
  }
  const { latencyMs } = (details.database ?? {}) as { latencyMs?: unknown };
  if (typeof latencyMs === 'number') metrics.dbPingSeconds.set(latencyMs / 1_000);
  if (states.database === 'ok') await services.measure?.().catch(() => undefined);
}

function mayRead(request: FastifyRequest, token: string | null): boolean {
  if (token !== null) {
    const given = bearerOf(request);
    return given !== null && timingSafeEqual(digest(given), digest(token));
  }
  const address = request.raw.socket.remoteAddress ?? '';
  const isLocal = address === '::1' || /^(::ffff:)?127\./.test(address);
  return isLocal && !FORWARDING.some((header) => request.headers[header] !== undefined);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Counts every answer by its route's pattern, so that a caller cannot grow the registry. */
export function countRequests(app: FastifyInstance, services: Services): void {
  const { metrics, log } = services;
  app.addHook('onResponse', async (request, reply) => {
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    const route = request.routeOptions.url ?? 'none';
    metrics?.httpSeconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000);
    log.debug(
      {
        requestId: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        ms: reply.elapsedTime,
      },
      'answered',
    );
  });
}
